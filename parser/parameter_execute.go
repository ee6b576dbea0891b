package parser

import (
	"slices"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

// Arguments returns what EXECUTE gives to a prepared statement in one statement of a
// text in UTF-8, counted from 0. An expression can have any value.
func Arguments(sql string, statement int) []Value {
	if nesting(sql) > maxNesting {
		return nil
	}
	tree, _, err := parse(sql)
	if err != nil || statement >= len(tree.Stmts) {
		return nil
	}
	var values []Value
	for _, n := range arguments(tree.Stmts[statement]) {
		values = append(values, argument(n))
	}
	return values
}

// arguments finds those of EXECUTE, which EXPLAIN or CREATE TABLE AS may be around.
func arguments(m proto.Message) (found []*pg_query.Node) {
	if e, ok := m.(*pg_query.ExecuteStmt); ok {
		return e.Params
	}
	rawtree.Children(m, func(_ protoreflect.Name, child proto.Message) {
		if found == nil {
			found = arguments(child)
		}
	})
	return found
}

// argument reads a constant. PREPARE may have declared another type, to which it is
// cast, so that its own says nothing.
func argument(n *pg_query.Node) Value {
	if a := n.GetAArrayExpr(); a != nil && !slices.ContainsFunc(a.Elements, isNested) {
		// Of an array only the length is looked at.
		return Value{Bytes: []byte("{" + strings.TrimSuffix(strings.Repeat("0,", len(a.Elements)), ",") + "}")}
	}
	c := n.GetAConst()
	switch {
	case isNullLiteral(n):
		return Value{Null: true}
	case c.GetSval() != nil:
		return Value{Bytes: []byte(c.GetSval().Sval), Encoding: "UTF8"}
	case c.GetIval() != nil:
		return Value{Bytes: strconv.AppendInt(nil, int64(c.GetIval().Ival), 10)}
	case c.GetFval() != nil:
		return Value{Bytes: []byte(c.GetFval().Fval)}
	case c.GetBoolval() != nil:
		return Value{Bytes: strconv.AppendBool(nil, c.GetBoolval().Boolval)}
	}
	return Value{Any: true}
}

func isNested(n *pg_query.Node) bool { return n.GetAConst() == nil }
