package guard

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pgcordon/pgcordon/parser"
)

// A DELETE takes the rows of other tables along where their foreign keys say ON DELETE CASCADE, SET
// NULL or SET DEFAULT. They are copied like its own: the rows that refer to rows of a copy,
// as long as there are any, which also ends where tables refer to themselves.
//
// Nobody can add to them meanwhile: who refers to a row locks it FOR KEY SHARE, which waits for
// the FOR UPDATE of the copy (RI_FKey_check in src/backend/utils/adt/ri_triggers.c).

// referrer is a foreign key by which rows go along.
type referrer struct {
	Constraint string `json:"constraint"`
	Changes    bool   `json:"changes"` // the rows stay, with other values: SET NULL or SET DEFAULT
	Direct     bool   `json:"direct"`  // it refers to the table itself, and not to a partition of it
	On         string `json:"on"`      // the condition between p, the copy, and c, a row that refers
	Table      table  `json:"table"`
}

// follow is the step that copies what goes along with the rows that are copied.
func (r *receipt) follow() step {
	at, asked := 0, false // the copy of which it is asked what refers to its rows, and whether that is under way
	var found []referrer
	answered := until(func() bool { return !asked && len(r.Copies) == len(r.copies) })
	return func(g *Guard, s *script, ops *Ops) bool {
		for answered(g, s, ops) {
			s.flushed = false
			if s.state != running {
				return true
			}
			if len(found) > 0 && r.uncopied == "" {
				r.along(g, r.into(at-1), &found[0], ops)
				found = found[1:]
				continue
			}
			if r.uncopied != "" || at == len(r.Copies) {
				return true
			}
			if at++; r.copies[at-1].Effect != parser.Delete || r.Copies[at-1].Rows == 0 {
				continue
			}
			asked = true
			g.inquire(referrersQuery(r.Copies[at-1].Relation), ops, func(rows [][]string, _ *Ops) {
				asked, found = false, r.referrers(g, rows)
			})
		}
		return false
	}
}

// referrers are the answer to referrersQuery.
func (r *receipt) referrers(g *Guard, rows [][]string) (all []referrer) {
	if len(rows) != 1 || rows[0][0] != "" && json.Unmarshal([]byte(g.text(rows[0][0])), &all) != nil {
		r.leaves("the server does not tell which tables refer to those whose rows go")
	}
	return all
}

// along copies the rows that refer to those of a copy by one foreign key.
func (r *receipt) along(g *Guard, parent string, f *referrer, ops *Ops) {
	c := parser.Copy{Effect: parser.Delete}
	if f.Changes {
		c.Effect = parser.Update
	}
	if !r.mayFollow(f, &c) {
		return
	}
	c.Select = fmt.Sprintf("SELECT c.* FROM %s c WHERE EXISTS (SELECT 1 FROM %s p WHERE %s)%s LIMIT %d FOR UPDATE OF c",
		f.Table.only(), parent, f.On, r.unless(&f.Table), r.wanted.CopyRows+1)
	r.copies, r.tables = append(r.copies, c), append(r.tables, f.Table)
	r.copy(g, len(r.copies)-1, ops)
}

// mayFollow tells whether the rows of a foreign key can be copied.
func (r *receipt) mayFollow(f *referrer, c *parser.Copy) bool {
	before := slices.IndexFunc(r.Copies, func(c Copied) bool { return c.Relation == f.Table.Name && c.Rows > 0 })
	switch {
	case len(r.copies) == maxCopies:
		r.leaves("rows go along by foreign keys in more than %d steps", maxCopies)
	case !f.Direct:
		r.leaves("%s of %s refers to a partition", f.Constraint, f.Table.Name)
	case before >= 0 && (len(f.Table.Key) == 0 || r.copies[before].Effect != c.Effect):
		r.leaves("rows of %s go along in more than one way", f.Table.Name)
	default:
		return r.mayCopy(c, &f.Table)
	}
	return false
}

// unless is a condition that leaves out the rows of a table that are copied already.
func (r *receipt) unless(t *table) string {
	var same, out strings.Builder
	for i, k := range t.Key {
		if i > 0 {
			same.WriteString(" AND ")
		}
		fmt.Fprintf(&same, "q.%s::pg_catalog.text OPERATOR(pg_catalog.=) c.%[1]s::pg_catalog.text", k)
	}
	for i, c := range r.Copies {
		if c.Relation == t.Name && c.Rows > 0 {
			fmt.Fprintf(&out, " AND NOT EXISTS (SELECT 1 FROM %s q WHERE %s)", r.into(i), same.String())
		}
	}
	return out.String()
}

// only is the table as a foreign key's action means it: without tables that inherit from it (RI_FKey_cascade_del).
func (t *table) only() string {
	if t.Kind == "p" {
		return t.Name
	}
	return "ONLY " + t.Name
}

// referrersQuery asks by which foreign keys rows go along with those of a table. One that is there for
// a partition of a table, too, is told of once.
func referrersQuery(relation string) string {
	return fmt.Sprintf(referrersSQL, parser.QuoteLiteral(relation))
}

const referrersSQL = `SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
'constraint', pg_catalog.quote_ident(k.conname), 'changes', k.confdeltype OPERATOR(pg_catalog.<>) 'c', 'direct', k.confrelid OPERATOR(pg_catalog.=) t.oid,
'on', (SELECT pg_catalog.string_agg(pg_catalog.format('p.%%I OPERATOR(%%I.%%s) c.%%I', pa.attname, o.nspname, o.oprname, ca.attname), ' AND ')
	FROM ROWS FROM (pg_catalog.unnest(k.confkey), pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.conpfeqop)) AS u (pk, fk, op)
	JOIN pg_catalog.pg_attribute pa ON pa.attrelid OPERATOR(pg_catalog.=) k.confrelid AND pa.attnum OPERATOR(pg_catalog.=) u.pk
	JOIN pg_catalog.pg_attribute ca ON ca.attrelid OPERATOR(pg_catalog.=) k.conrelid AND ca.attnum OPERATOR(pg_catalog.=) u.fk
	JOIN (SELECT p.oid, p.oprname, pn.nspname FROM pg_catalog.pg_operator p
		JOIN pg_catalog.pg_namespace pn ON pn.oid OPERATOR(pg_catalog.=) p.oprnamespace) o ON o.oid OPERATOR(pg_catalog.=) u.op),
'table', ` + tableSQL + `) ORDER BY k.oid)::pg_catalog.text
FROM (SELECT pg_catalog.to_regclass(%s)::pg_catalog.oid) AS t (oid), pg_catalog.pg_constraint k
	JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) k.conrelid
	JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE k.contype OPERATOR(pg_catalog.=) 'f' AND k.confdeltype OPERATOR(pg_catalog.=) ANY (ARRAY['c', 'n', 'd']::pg_catalog."char"[])
	AND (k.confrelid OPERATOR(pg_catalog.=) t.oid
		OR k.confrelid OPERATOR(pg_catalog.=) ANY (SELECT pt.relid::pg_catalog.oid FROM pg_catalog.pg_partition_tree(t.oid::pg_catalog.regclass) pt))
	AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint up WHERE up.oid OPERATOR(pg_catalog.=) k.conparentid
		AND (up.confrelid OPERATOR(pg_catalog.=) t.oid
			OR up.confrelid OPERATOR(pg_catalog.=) ANY (SELECT pt.relid::pg_catalog.oid FROM pg_catalog.pg_partition_tree(t.oid::pg_catalog.regclass) pt)))`
