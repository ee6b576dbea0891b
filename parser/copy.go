package parser

import (
	"errors"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

// Copy is how to take the rows of one table that a statement is about to change or to
// remove, in the same transaction and just before it.
type Copy struct {
	Relation Relation
	Effect   Effect // Delete, Update, Truncate or Drop
	// Lock is a statement that keeps others from changing which rows these are; empty
	// where Select does.
	Lock string
	// Select returns the rows.
	Select string
	// Parameters are those of the statement that the predicate has, by their numbers: the
	// first of them is $1 in Select, and so on.
	Parameters []int
	// Returns is set where the statement returns rows, which a client may fetch in pieces.
	Returns bool
	// Functions are those that the predicate calls, lower case and without schema. One
	// that is volatile may select other rows for the statement.
	Functions []string
}

// Copies returns the copies to take before a text runs, each of at most so many rows. The
// error is why there can be none.
//
// The statements are made of the text's tree, which takes a millisecond or so. Each is
// parsed again and compared with the tree that it was made of.
func Copies(sql string, rows int) ([]Copy, error) {
	defer takeTurn(len(sql))()
	tree, newer, err := parse(sql)
	switch {
	case err != nil || newer != nil || nesting(sql) > maxNesting:
		return nil, errors.New("the text is not understood by the grammar alone")
	case len(tree.Stmts) != 1:
		return nil, errors.New("the text has several statements")
	}
	k := copier{version: tree.Version, rows: rows}
	switch n := tree.Stmts[0].Stmt.Node.(type) {
	case *pg_query.Node_DeleteStmt:
		d := n.DeleteStmt
		return k.changed(change{d.Relation, d.UsingClause, d.WhereClause, d.WithClause, d.ReturningList}, Delete)
	case *pg_query.Node_UpdateStmt:
		u := n.UpdateStmt
		return k.changed(change{u.Relation, u.FromClause, u.WhereClause, u.WithClause, u.ReturningList}, Update)
	case *pg_query.Node_TruncateStmt:
		if n.TruncateStmt.Behavior == pg_query.DropBehavior_DROP_CASCADE {
			return nil, errors.New("TRUNCATE with CASCADE empties tables that it does not name")
		}
		return k.emptied(n.TruncateStmt.Relations, Truncate)
	case *pg_query.Node_DropStmt:
		if n.DropStmt.RemoveType != pg_query.ObjectType_OBJECT_TABLE {
			return nil, errors.New("what it drops is no table")
		}
		return k.emptied(namedIn(n.DropStmt.Objects), Drop)
	}
	return nil, errors.New("only the rows of DELETE, UPDATE, TRUNCATE and DROP TABLE are copied")
}

// copier makes the copies of one text.
type copier struct {
	version int32 // of the tree
	rows    int
}

// change is what an UPDATE and a DELETE have in common.
type change struct {
	target    *pg_query.RangeVar
	others    []*pg_query.Node // of FROM or USING
	where     *pg_query.Node
	with      *pg_query.WithClause
	returning []*pg_query.Node
}

// changed copies the rows that a predicate selects. Further tables go into an EXISTS: a
// row is changed once, however many rows of theirs it meets.
//
// The lock on the rows keeps others from taking one of them out of the selection. A row
// that comes into it behind the copy is missing there, which the number of rows tells.
func (k copier) changed(c change, e Effect) ([]Copy, error) {
	if len(c.others) > 0 {
		c.where = exists(c.others, c.where)
	}
	copied := Copy{Relation: relationOf(c.target), Effect: e, Returns: len(c.returning) > 0}
	switch cursor := copied.look(c.where); {
	case c.with != nil:
		return nil, errors.New("the statement has WITH")
	case cursor:
		return nil, errors.New("WHERE CURRENT OF finds the row by a cursor")
	}
	strength := pg_query.LockClauseStrength_LCS_FORUPDATE
	if e == Update { // what an UPDATE takes unless it changes a key
		strength = pg_query.LockClauseStrength_LCS_FORNOKEYUPDATE
	}
	s := k.selectAll(c.target)
	s.WhereClause, s.LockingClause = c.where, locking(called(c.target), strength)
	var err error
	copied.Select, err = k.deparsed(s)
	return []Copy{copied}, err
}

// look takes note of what a predicate has, gives its parameters the numbers that they have
// in Select, and tells whether it means a cursor.
func (c *Copy) look(predicate *pg_query.Node) (cursor bool) {
	var visit func(protoreflect.Name, proto.Message)
	visit = func(_ protoreflect.Name, m proto.Message) {
		switch n := m.(type) {
		case *pg_query.CurrentOfExpr:
			cursor = true
		case *pg_query.ParamRef:
			n.Number = c.parameter(int(n.Number))
		case *pg_query.FuncCall:
			c.Functions = append(c.Functions, strings.ToLower(relationNamed(parts(n.Funcname)).Name))
		}
		rawtree.Children(m, visit)
	}
	if predicate != nil {
		visit("", predicate)
	}
	return cursor
}

// parameter returns the number in Select of one of the statement's parameters. Those that the
// predicate does not have are not in it: the server could not tell what type they are.
func (c *Copy) parameter(number int) int32 {
	at := slices.Index(c.Parameters, number)
	if at < 0 {
		at = len(c.Parameters)
		c.Parameters = append(c.Parameters, number)
	}
	return int32(at + 1)
}

// emptied copies all rows of tables.
//
// LOCK TABLE is for transaction blocks, which a statement that is to be copied need not be
// in; inside of DO it may stand anywhere (RequireTransactionBlock and isTopLevel in
// src/backend/access/transam/xact.c).
func (k copier) emptied(tables []*pg_query.Node, e Effect) ([]Copy, error) {
	var all []Copy
	for _, t := range tables {
		table := t.GetRangeVar()
		text, err := k.deparsed(k.selectAll(table))
		if err != nil {
			return nil, err
		}
		name := QuoteName(table.Relname)
		if table.Schemaname != "" {
			name = QuoteName(table.Schemaname) + "." + name
		}
		if !table.Inh {
			name = "ONLY " + name
		}
		lock := "DO " + QuoteLiteral("BEGIN LOCK TABLE "+name+" IN ACCESS EXCLUSIVE MODE; END")
		all = append(all, Copy{Relation: relationOf(table), Effect: e, Lock: lock, Select: text})
	}
	return all, nil
}

// namedIn returns the tables that a DROP names, which it has as lists of names.
func namedIn(objects []*pg_query.Node) []*pg_query.Node {
	var tables []*pg_query.Node
	for _, o := range objects {
		r := relationNamed(nameOf(o))
		tables = append(tables, rangeVar(&pg_query.RangeVar{Schemaname: r.Schema, Relname: r.Name, Inh: true, Relpersistence: "p"}))
	}
	return tables
}
