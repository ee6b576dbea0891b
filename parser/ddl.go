package parser

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// drops judges DROP of everything that shares DropStmt. A publication or
// subscription is replication as well.
func (w *walker) drops(n *pg_query.DropStmt) {
	w.kind("DROP " + objectKind(n.RemoveType))
	for _, o := range n.Objects {
		rel, name := targetOf(n.RemoveType, nameOf(o))
		w.act(Act{Effect: Drop, Relation: rel, Object: name, Traits: cascades(n.Behavior)})
		if n.RemoveType == pg_query.ObjectType_OBJECT_PUBLICATION {
			w.object(name, Replication)
		}
	}
}

func (w *walker) truncates(n *pg_query.TruncateStmt) {
	w.kind("TRUNCATE TABLE")
	traits := cascades(n.Behavior)
	if n.RestartSeqs {
		traits |= TraitsOf(Restart)
	}
	for _, r := range n.Relations {
		w.act(Act{Effect: Truncate, Relation: relationOf(r.GetRangeVar()), Traits: traits})
	}
}

func cascades(b pg_query.DropBehavior) TraitSet {
	if b == pg_query.DropBehavior_DROP_CASCADE {
		return TraitsOf(Cascade)
	}
	return 0
}

// grants judges GRANT and REVOKE on objects.
func (w *walker) grants(n *pg_query.GrantStmt) {
	if n.IsGrant {
		w.kind("GRANT")
	} else {
		w.kind("REVOKE")
	}
	a := Act{Effect: Privileges, Traits: cascades(n.Behavior)}
	if len(n.Objects) == 0 { // ALTER DEFAULT PRIVILEGES
		w.act(a)
	}
	for _, o := range n.Objects {
		if a.Relation = relationOf(o.GetRangeVar()); a.Relation == (Relation{}) {
			a.Object = strings.Join(nameOf(o), ".")
		}
		w.act(a)
	}
}

// vacuums judges VACUUM and ANALYZE; without a table they take the whole database.
func (w *walker) vacuums(n *pg_query.VacuumStmt) {
	if n.IsVacuumcmd {
		w.kind("VACUUM")
	} else {
		w.kind("ANALYZE")
	}
	if len(n.Rels) == 0 {
		w.act(Act{Effect: Maintenance})
	}
	for _, r := range n.Rels {
		w.on(r.GetVacuumRelation().GetRelation(), Maintenance)
	}
}
