package parser

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

// maxDepth bounds the walk over a tree, in messages. maxNesting lets no tree
// through that is as deep; this holds even if that count is wrong.
const maxDepth = 20_000

// walker judges one statement by visiting every node of its tree, of types that
// it knows and of types that it does not.
type walker struct {
	stmt             Statement
	scope            *scope
	premise          premise
	literalDependent bool
	parametric       bool // without the values of parameters the acts are the worst
	changes          int  // INSERT, UPDATE, DELETE and MERGE so far, those in WITH too
	depth            int
	steps            int // work on predicates so far
	// level counts the bodies around; left is how much of such text may be parsed, in
	// bytes, and shared with those inside.
	level int
	left  *int
	// planning is set inside an EXPLAIN that executes nothing.
	planning bool
	// deferred is set inside what a statement defines to be run later.
	deferred bool
	// reading is set where a table in the tree is one that is read. Elsewhere
	// (the parent of a table, the target of a DROP) it is its statement's business.
	reading bool
}

// act records an act, unless the statement is only planned.
func (w *walker) act(a Act) {
	if w.deferred {
		a.Traits |= TraitsOf(Deferred)
	}
	if a.onlyTemporary() {
		a.Traits |= TraitsOf(Temporary)
	}
	if !w.planning {
		w.stmt.act(a)
	}
}

// on records acts of several effects on one relation.
func (w *walker) on(rel *pg_query.RangeVar, effects ...Effect) {
	for _, e := range effects {
		w.act(Act{Effect: e, Relation: relationOf(rel)})
	}
}

// object records acts on something that is not a relation.
func (w *walker) object(name string, effects ...Effect) {
	for _, e := range effects {
		w.act(Act{Effect: e, Object: name})
	}
}

// node visits a node, which may be nil.
func (w *walker) node(n *pg_query.Node) {
	if n != nil {
		w.message(n)
	}
}

func (w *walker) nodes(list []*pg_query.Node) {
	for _, n := range list {
		w.node(n)
	}
}

// read visits nodes whose tables are read.
func (w *walker) read(list ...*pg_query.Node) {
	saved := w.reading
	w.reading = true
	w.nodes(list)
	w.reading = saved
}

// message visits one node of whatever type.
func (w *walker) message(m proto.Message) {
	if w.depth++; w.depth > maxDepth {
		w.act(Act{Effect: Unknown, Object: "nested too deep"})
		w.depth--
		return
	}
	switch n := m.(type) {
	case *pg_query.Node:
		w.children(m)
	case *pg_query.RangeVar:
		w.table(n)
	case *pg_query.FuncCall:
		w.call(n)
		w.children(m)
	case *pg_query.ColumnRef:
		w.attribute(n.Fields[min(1, len(n.Fields)):])
	case *pg_query.A_Indirection:
		w.attribute(n.Indirection)
		w.children(m)
	default:
		if strings.HasSuffix(string(proto.MessageName(m)), "Stmt") {
			w.statement(m)
		} else {
			w.children(m)
		}
	}
	w.depth--
}

// children visits what a node consists of, in the order of its fields, so that the
// same text always gives the same acts in the same order.
func (w *walker) children(m proto.Message, except ...protoreflect.Name) {
	rawtree.Children(m, func(field protoreflect.Name, child proto.Message) {
		if !slices.Contains(except, field) {
			w.message(child)
		}
	})
}

// table records that a table is read, unless the name is that of a common table
// expression.
func (w *walker) table(r *pg_query.RangeVar) {
	if w.reading && (r.Schemaname != "" || w.scope.find(r.Relname) == nil) {
		w.on(r, Read)
	}
}
