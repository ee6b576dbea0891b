package recovery

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pgcordon/pgcordon/audit"
)

// Rows is how to put copied rows back.
type Rows struct {
	Relation string `json:"relation"`
	Rows     int64  `json:"rows"`
	SQL      string `json:"sql,omitempty"`
	Note     string `json:"note,omitempty"` // what the SQL does not do
}

// putBack returns the SQL for one copy.
func putBack(c audit.Copy) Rows {
	r := Rows{Relation: c.Relation, Rows: c.Rows}
	columns := strings.Join(c.Columns, ", ")
	switch {
	case c.Dropped:
		r.SQL = fmt.Sprintf("CREATE TABLE %s AS TABLE %s;", c.Relation, c.Into)
		r.Note = "the table comes back without its constraints, defaults, indexes, triggers and privileges: take those from a dump of the schema"
	case len(c.Columns) == 0:
		r.Note = "the columns are not known: compare both tables by hand"
	case c.Changed:
		r.SQL, r.Note = undoUpdate(c)
	default:
		r.SQL = fmt.Sprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE\n  SELECT %s FROM %s;", c.Relation, columns, columns, c.Into)
		r.Note = "triggers on the table fire; a row that was inserted anew since makes it fail as a duplicate"
	}
	if !c.Complete {
		r.Note = strings.TrimPrefix(r.Note+"; not all of the rows were copied", "; ")
	}
	return r
}

// undoUpdate finds the rows by their key, which the UPDATE must not have changed.
func undoUpdate(c audit.Copy) (sql, note string) {
	var set, from, where []string
	for _, name := range c.Columns {
		if !slices.Contains(c.Key, name) {
			set, from = append(set, name), append(from, "old."+name)
		}
	}
	for _, name := range c.Key {
		where = append(where, "new."+name+" = old."+name)
	}
	if len(where) == 0 || len(set) == 0 {
		return "", "the table has no primary key to find the rows by: compare both tables by hand"
	}
	sql = fmt.Sprintf("UPDATE %s AS new SET (%s) = ROW (%s)\n  FROM %s AS old WHERE %s;",
		c.Relation, strings.Join(set, ", "), strings.Join(from, ", "), c.Into, strings.Join(where, " AND "))
	return sql, "what changed these rows since is undone, too; rows whose key was changed are not found"
}
