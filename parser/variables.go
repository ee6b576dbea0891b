package parser

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

// variables are the names that stand for a value in the SQL of a function: its
// parameters, its own name in front of them, and what PL/pgSQL declares. Where one
// is a column as well, PL/pgSQL stops with an error, unless it is told otherwise
// (plpgsql.variable_conflict); a function in SQL takes the column.
// https://www.postgresql.org/docs/current/plpgsql-implementation.html
type variables struct {
	names map[string]bool
	// columnsFirst is set where a column wins over a variable of the same name.
	columnsFirst bool
}

// triggerRows are the records of a trigger function.
var triggerRows = []string{"new", "old"}

// settle makes parameters of the variables in a tree, so that "id = p_id" is known
// to compare a column with one value.
func (v *variables) settle(m proto.Message) {
	if len(v.names) > 0 {
		v.within(m, nil)
	}
}

// within takes care of one node. The names in columns are those of columns.
func (v *variables) within(m proto.Message, columns map[string]bool) {
	switch n := m.(type) {
	case *pg_query.Node:
		if ref := n.GetColumnRef(); ref != nil {
			if name := firstName(ref); v.names[name] && !columns[name] {
				n.Node = &pg_query.Node_ParamRef{ParamRef: &pg_query.ParamRef{}}
			}
			return
		}
	case *pg_query.A_Expr:
		if v.columnsFirst && columns == nil {
			columns = repeated(m)
		}
	}
	rawtree.Children(m, func(_ protoreflect.Name, child proto.Message) { v.within(child, columns) })
}

func firstName(ref *pg_query.ColumnRef) string {
	if len(ref.Fields) == 0 {
		return ""
	}
	return ref.Fields[0].GetString_().GetSval()
}

// repeated returns the names with which more than one column reference ends. In
// "a.id = id" the second is the column as well; in "id = p_id" it would take a table
// with a column p_id.
func repeated(m proto.Message) map[string]bool {
	seen, twice := make(map[string]bool), make(map[string]bool)
	var visit func(proto.Message)
	visit = func(m proto.Message) {
		if ref, ok := m.(*pg_query.ColumnRef); ok {
			if names := parts(ref.Fields); len(names) > 0 {
				last := names[len(names)-1]
				twice[last] = seen[last]
				seen[last] = true
			}
			return
		}
		rawtree.Children(m, func(_ protoreflect.Name, child proto.Message) { visit(child) })
	}
	visit(m)
	return twice
}
