package guard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
)

// Receipt is what was learned of the server around a statement, so that it can be undone.
// It is complete when the statement has run, and is to be on disk before that is committed:
// docs/decisions/0021-a-receipt-before-the-commit.md.
type Receipt struct {
	Position      string // in WAL, before the statement: "0/16B3740"; empty where the server does not tell
	Timeline      int64  // of it
	Time          string // then, by the server's clock: "2026-11-22 03:00:00.000000+00"
	TransactionID string // 64 bits; empty where the transaction has none
	RestorePoint  string // its name
	Copies        []Copied
	Missing       []string // why something is not there that was asked for
}

// Copied is a table of rows as they were before the statement.
type Copied struct {
	Relation, Into string // schema and name, quoted where SQL needs it
	Rows           int64
	Complete       bool     // no row is missing
	Columns, Key   []string // of the relation, quoted where SQL needs it
	Dropped        bool     // the relation itself is gone
	Changed        bool     // the rows are still there, with other values
}

// maxCopies bounds the tables of which rows are copied for one statement.
const maxCopies = 16

// receipt is a Receipt in the making.
type receipt struct {
	Receipt
	wanted *policy.Receipt
	judged *judged
	id     string // of the event
	ran    bool   // the statement has
	means  means
	copies []parser.Copy // those that are to be made, as long as nothing is in the way
	tables []table       // of the copies
	values *boundValues  // of the parameters of the copies; nil where they have none
	// uncopied says why not all rows are copied; empty as long as they are.
	uncopied string
}

// lacks notes why something is not there.
func (r *receipt) lacks(format string, values ...any) {
	r.Missing = append(r.Missing, fmt.Sprintf(format, values...))
}

// leaves notes why rows are not copied.
func (r *receipt) leaves(format string, values ...any) {
	r.uncopied = fmt.Sprintf(format, values...)
	r.lacks("copy: %s", r.uncopied)
}

// plan finds out how the rows are to be copied.
func (r *receipt) plan(sql string, values *boundValues) {
	if r.wanted.CopyRows == 0 {
		return
	}
	copies, err := parser.Copies(sql, r.wanted.CopyRows+1) // one more tells that there are more
	switch {
	case err != nil:
		r.leaves("%v", err)
	case len(copies) > maxCopies:
		r.leaves("the statement names more than %d tables", maxCopies)
	case slices.ContainsFunc(copies, func(c parser.Copy) bool { return !values.has(c.Parameters) }):
		r.leaves("the values of its parameters are not at hand: send Parse, Bind and Execute of it one behind the other")
	default:
		r.copies, r.values = copies, values
	}
}

// returns tells whether rows are copied for a statement that returns rows.
func (r *receipt) returns() bool {
	return slices.ContainsFunc(r.copies, func(c parser.Copy) bool { return c.Returns })
}

// able takes what the server says that can be done, and drops what cannot.
func (r *receipt) able(m means) {
	r.means = m
	if !m.Position {
		r.lacks("position: the server does not tell where its WAL is")
	}
	if r.wanted.RestorePoint && !m.Mark {
		r.lacks("restore point: the role may not execute pg_create_restore_point, or wal_level is minimal")
	}
	var copies []parser.Copy
	for i := range min(len(r.copies), len(m.Tables)) {
		switch t := &m.Tables[i]; {
		case t.Name == "": // there is nothing to lose
		case !r.mayCopy(&r.copies[i], t):
			r.copies, r.tables = nil, nil
			return
		default:
			copies, r.tables = append(copies, r.copies[i]), append(r.tables, *t)
		}
	}
	r.copies = copies
}

func (r *receipt) mayCopy(c *parser.Copy, t *table) bool {
	byRow := c.Lock == ""
	switch {
	case !r.means.Space:
		r.leaves("there is no schema %s in which the role may make tables (USAGE and CREATE), or the transaction is read only", r.wanted.CopySchema)
	case len(r.means.Volatile) > 0:
		r.leaves("the predicate calls %s, which is volatile", r.means.Volatile[0])
	case t.Kind != "r" && t.Kind != "p":
		r.leaves("%s is not a table", t.Name)
	case t.Heirs:
		r.leaves("%s has children", t.Name)
	case t.Hidden:
		r.leaves("row-level security hides rows of %s", t.Name)
	case !t.Read:
		r.leaves("the role may not SELECT from %s", t.Name)
	case byRow && !t.Lock:
		r.leaves("the role may not lock rows of %s, for which it needs UPDATE on a column", t.Name)
	default:
		return true
	}
	return false
}

// into is the table of the i-th copy.
func (r *receipt) into(i int) string {
	name := r.id
	if i > 0 {
		name += "-" + strconv.Itoa(i+1)
	}
	return parser.QuoteName(r.wanted.CopySchema) + "." + parser.QuoteName(name)
}

// copyStatement makes the i-th copy. Its tag counts the rows.
func (r *receipt) copyStatement(i int) string {
	return "CREATE TABLE " + r.into(i) + " AS " + r.copies[i].Select
}

// copied notes that the i-th copy has so many rows.
func (r *receipt) copied(i int, rows int64) {
	t := &r.tables[i]
	c := Copied{
		Relation: t.Name, Into: r.into(i), Rows: rows, Complete: rows <= int64(r.wanted.CopyRows),
		Columns: t.Columns, Key: t.Key, Dropped: r.copies[i].Effect == parser.Drop, Changed: r.copies[i].Effect == parser.Update,
	}
	r.Copies = append(r.Copies, c)
	if names := t.fired(r.copies[i].Effect); names != "" && rows > 0 {
		r.lacks("copy: what triggers of %s change elsewhere is not copied: %s", t.Name, names)
	}
	if !c.Complete {
		r.leaves("%s has more than %d rows to copy", t.Name, r.wanted.CopyRows)
	}
}

// fired names the triggers on an effect (TRIGGER_TYPE_DELETE and so on in
// src/include/catalog/pg_trigger.h).
func (t *table) fired(e parser.Effect) string {
	event := map[parser.Effect]int{parser.Delete: 1 << 3, parser.Update: 1 << 4, parser.Truncate: 1 << 5}[e]
	var names []string
	for _, trigger := range t.Triggers {
		if trigger.Events&event != 0 {
			names = append(names, trigger.Name)
		}
	}
	return strings.Join(names, ", ")
}

// counted compares a copy by rows with the statement's own count of them; rows is -1 where it has none.
func (r *receipt) counted(rows int64) {
	if len(r.Copies) == 0 || r.copies[0].Lock != "" || r.uncopied != "" || rows == r.Copies[0].Rows {
		return
	}
	r.Copies[0].Complete = false
	r.leaves("the statement took %d rows, and %d were there to copy", rows, r.Copies[0].Rows)
}

// moment takes what the server answers to momentQuery.
func (r *receipt) moment(rows [][]string) {
	if len(rows) != 1 || len(rows[0]) == 0 {
		r.Time = "unknown"
		return
	}
	row := rows[0]
	r.Time = row[0]
	if len(row) < 3 {
		return
	}
	r.Position = row[1]
	const timelineDigits = 8
	if file := row[2]; len(file) > timelineDigits {
		r.Timeline, _ = strconv.ParseInt(file[:timelineDigits], 16, 64)
	}
}
