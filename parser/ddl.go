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
		w.act(Act{Effect: Drop, Relation: rel, Object: name})
		if n.RemoveType == pg_query.ObjectType_OBJECT_PUBLICATION {
			w.object(name, Replication)
		}
	}
}

// altersTable judges ALTER of a table, view, index, sequence or composite type.
func (w *walker) altersTable(n *pg_query.AlterTableStmt) {
	w.kind("ALTER " + objectKind(n.Objtype))
	w.on(n.Relation, Alter)
	for _, c := range n.Cmds {
		if cmd := c.GetAlterTableCmd(); cmd != nil {
			w.altersOne(n.Relation, cmd)
		}
	}
	w.nodes(n.Cmds)
}

func (w *walker) altersOne(rel *pg_query.RangeVar, cmd *pg_query.AlterTableCmd) {
	switch cmd.Subtype {
	case pg_query.AlterTableType_AT_DropColumn, pg_query.AlterTableType_AT_DropConstraint:
		w.act(Act{Effect: Drop, Relation: relationOf(rel), Object: cmd.Name})
	case pg_query.AlterTableType_AT_DetachPartition, pg_query.AlterTableType_AT_DetachPartitionFinalize:
		w.on(rel, Drop)
	case pg_query.AlterTableType_AT_ChangeOwner:
		w.act(Act{Effect: Privileges, Relation: relationOf(rel), Object: cmd.Newowner.GetRolename()})
	}
}

// grants judges GRANT and REVOKE on objects.
func (w *walker) grants(n *pg_query.GrantStmt) {
	if n.IsGrant {
		w.kind("GRANT")
	} else {
		w.kind("REVOKE")
	}
	if len(n.Objects) == 0 { // ALTER DEFAULT PRIVILEGES
		w.act(Act{Effect: Privileges})
	}
	for _, o := range n.Objects {
		if r := o.GetRangeVar(); r != nil {
			w.on(r, Privileges)
			continue
		}
		w.object(strings.Join(nameOf(o), "."), Privileges)
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
