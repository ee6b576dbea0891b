package parser

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// nodeType is what tells the types of nodes apart.
var nodeType = (*pg_query.Node)(nil).ProtoReflect().Descriptor().Oneofs().Get(0)

// same tells whether two expressions are the same text of the same row, wherever
// they stand and however a column is qualified.
func (p *predicate) same(a, b *pg_query.Node) bool {
	if a == nil || b == nil || p.mentions(a) == 0 {
		return false
	}
	return p.sameMessage(a.ProtoReflect(), b.ProtoReflect())
}

func (p *predicate) sameMessage(a, b protoreflect.Message) bool {
	p.steps++
	if a.Descriptor() != b.Descriptor() {
		return false
	}
	switch n := a.Interface().(type) {
	case *pg_query.Node:
		f, g := a.WhichOneof(nodeType), b.WhichOneof(nodeType)
		return f == g && (f == nil || p.sameMessage(a.Get(f).Message(), b.Get(g).Message()))
	case *pg_query.ColumnRef:
		return p.sameColumn(n, b.Interface().(*pg_query.ColumnRef))
	case *pg_query.A_Const:
		p.literalDependent = true
	}
	fields := a.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if f.Name() == "location" {
			continue
		}
		if a.Has(f) != b.Has(f) || a.Has(f) && !p.sameField(f, a.Get(f), b.Get(f)) {
			return false
		}
	}
	return true
}

func (p *predicate) sameField(f protoreflect.FieldDescriptor, a, b protoreflect.Value) bool {
	switch {
	case f.IsList() && f.Kind() == protoreflect.MessageKind:
		if a.List().Len() != b.List().Len() {
			return false
		}
		for i := range a.List().Len() {
			if !p.sameMessage(a.List().Get(i).Message(), b.List().Get(i).Message()) {
				return false
			}
		}
		return true
	case f.Kind() == protoreflect.MessageKind:
		return p.sameMessage(a.Message(), b.Message())
	}
	return a.Equal(b)
}

// sameColumn compares two columns. Where other tables are at hand, an unqualified
// one may be theirs.
func (p *predicate) sameColumn(a, b *pg_query.ColumnRef) bool {
	qa, na := columnName(a)
	qb, nb := columnName(b)
	if na != nb {
		return false
	}
	return qa == qb || p.whose(a)&p.whose(b)&target != 0
}
