package catalog

import (
	"iter"
	"sync"
	"time"
)

// Name is a table's name with its schema, as PostgreSQL folds them.
type Name struct{ Schema, Table string }

// String returns schema.table.
func (n Name) String() string { return n.Schema + "." + n.Table }

// Table is a table, partitioned or not.
type Table struct {
	Name Name
	Rows int64 // as ANALYZE estimated them; negative where it never did. New adds up those of partitions
	// Keys are the columns of each unique index that no two rows share all of: not of
	// expressions, not partial, not deferrable, and of the children too.
	Keys [][]string
	// Parents are the tables that this one is a partition or a child of.
	Parents []Name

	// What goes with the table is found out when it is first asked for.
	emptied func() []*Table
	deleted func() []Reach
}

// Reach is a table whose rows change where those of another are deleted.
type Reach struct {
	Table *Table
	// Deleted is true for ON DELETE CASCADE, false where the columns are set to NULL or to
	// their default.
	Deleted bool
}

// Action is what a foreign key does when the row that it refers to is deleted.
type Action uint8

// The actions.
const (
	Restrict Action = iota // NO ACTION and RESTRICT: the DELETE fails
	Cascade
	Set // to NULL or to the default
)

// Reference is a foreign key.
type Reference struct {
	From, To Name
	OnDelete Action
}

// Catalog is a database at one moment. It is immutable.
type Catalog struct {
	Read   time.Time
	tables map[Name]*Table
}

// New makes a catalog. It keeps the tables.
func New(read time.Time, tables []*Table, references []Reference) *Catalog {
	c := &Catalog{Read: read, tables: make(map[Name]*Table, len(tables))}
	for _, t := range tables {
		c.tables[t.Name] = t
	}
	g := graphOf(tables, references)
	c.addParts(g)
	for _, t := range tables {
		t.emptied = sync.OnceValue(func() []*Table { return c.emptied(g, t.Name) })
		t.deleted = sync.OnceValue(func() []Reach { return c.deleted(g, t.Name) })
	}
	return c
}

// Tables returns how many tables there are.
func (c *Catalog) Tables() int { return len(c.tables) }

// Find returns the table that a name means, nil if none is known. A name without a
// schema is looked for in the schemas of the path.
func (c *Catalog) Find(schema, table string, path []string) *Table {
	if schema != "" {
		return c.tables[Name{schema, table}]
	}
	for _, schema := range path {
		if t := c.tables[Name{schema, table}]; t != nil {
			return t
		}
	}
	return nil
}

// Emptied returns the tables that TRUNCATE ... CASCADE empties beside this one, nearest
// first.
func (t *Table) Emptied() []*Table { return t.emptied() }

// Deleted returns the tables that a DELETE of rows of this one reaches, nearest first.
func (t *Table) Deleted() []Reach { return t.deleted() }

// AtMost returns how many rows can there be whose columns are each one of so many values,
// and false where no key says so.
func (t *Table) AtMost(columns iter.Seq2[string, int64]) (rows int64, ok bool) {
	for _, key := range t.Keys {
		if n, covered := combinations(key, columns); covered && (!ok || n < rows) {
			rows, ok = n, true
		}
	}
	return rows, ok
}

// manyRows is where counting ends.
const manyRows = 1 << 31

// combinations multiplies the values of a key's columns; covered is false where one of
// them can have any.
func combinations(key []string, columns iter.Seq2[string, int64]) (n int64, covered bool) {
	n = 1
	for _, part := range key {
		least := int64(0)
		for column, values := range columns {
			if column == part && (least == 0 || values < least) {
				least = values
			}
		}
		if least == 0 {
			return 0, false
		}
		n = min(n*least, manyRows)
	}
	return n, true
}
