package rawtree_test

import (
	"slices"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

type child struct {
	field   protoreflect.Name
	message proto.Message
}

// reflected returns what the fields of a message hold, as its descriptor tells.
func reflected(m protoreflect.Message) (children []child) {
	if _, constant := m.Interface().(*pg_query.A_Const); constant {
		return nil
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case f.Kind() != protoreflect.MessageKind || !m.Has(f):
		case f.ContainingOneof() != nil:
			children = append(children, child{"node", m.Get(f).Message().Interface()})
		case f.IsList():
			for j := range m.Get(f).List().Len() {
				children = append(children, child{f.Name(), m.Get(f).List().Get(j).Message().Interface()})
			}
		default:
			children = append(children, child{f.Name(), m.Get(f).Message().Interface()})
		}
	}
	return children
}

func TestChildrenAreTheMessagesInAllFields(t *testing.T) {
	visited := 0
	var check func(m proto.Message)
	check = func(m proto.Message) {
		var got []child
		rawtree.Children(m, func(field protoreflect.Name, m proto.Message) {
			got = append(got, child{field, m})
		})
		if want := reflected(m.ProtoReflect()); !slices.Equal(got, want) {
			t.Errorf("%T has children\n%v, want\n%v", m, got, want)
		}
		visited += len(got)
		for _, c := range got {
			check(c.message)
		}
	}
	for _, sql := range corpus(t) {
		tree, err := rawtree.Parse(sql)
		if err != nil {
			continue
		}
		for _, statement := range tree.Stmts {
			check(statement)
		}
	}
	if visited < 10_000 {
		t.Errorf("only %d messages visited", visited)
	}
}
