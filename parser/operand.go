package parser

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

// operandKind is where the value of an operand comes from.
type operandKind uint8

const (
	givenOperand   operandKind = iota // the same for every row: literals, parameters, now()
	columnOperand                     // a column, or what keeps its values apart
	derivedOperand                    // computed from a column
	foreignOperand                    // a column of another table
)

// operand is one side of a comparison.
type operand struct {
	kind operandKind
	// table and column name a columnOperand; table is empty for the target's.
	table, column string
	// breadth is how far equality with a given or a foreign operand narrows.
	breadth  Breadth
	loose    bool // a column that may be another table's
	constant bool // a column that is the same in every row
}

// operand looks at one side of a comparison.
func (p *predicate) operand(n *pg_query.Node) operand {
	n = p.unwrap(n)
	if c := n.GetColumnRef(); c != nil {
		return p.column(c)
	}
	m := p.mentions(n)
	switch {
	case m == 0:
		return operand{breadth: Bounded}
	case n.GetSubLink() != nil: // a value that depends on the row
		return operand{kind: derivedOperand}
	case n.GetRowExpr() != nil:
		return p.row(n.GetRowExpr())
	case m == foreign:
		return operand{kind: foreignOperand, breadth: UnknownBreadth}
	}
	return operand{kind: derivedOperand}
}

// row looks at (a, b): a column as soon as one of its parts is one.
func (p *predicate) row(r *pg_query.RowExpr) operand {
	best := operand{kind: derivedOperand}
	for _, arg := range r.Args {
		if o := p.operand(arg); o.kind == columnOperand {
			return o
		} else if o.kind == foreignOperand {
			best = o
		}
	}
	return best
}

// column looks at a reference to a column.
func (p *predicate) column(c *pg_query.ColumnRef) operand {
	qualifier, name := columnName(c)
	switch m := p.whose(c); m {
	case foreign:
		for _, o := range p.others {
			if o.names[qualifier] {
				return operand{kind: foreignOperand, breadth: o.breadth}
			}
		}
		return operand{kind: foreignOperand, breadth: UnknownBreadth}
	case 0:
		return operand{breadth: Bounded}
	default:
		o := operand{kind: columnOperand, column: name, loose: m == loose, constant: name == "tableoid"}
		if len(p.target.names) > 1 { // several other tables, measured as one
			o.table = qualifier
		}
		return o
	}
}

// unwrap takes off what does not change which rows an equality reaches: casts,
// collations, SELECT without FROM, COALESCE (its first argument decides for all rows but those with
// NULL), upper and lower case, a field of a document.
func (p *predicate) unwrap(n *pg_query.Node) *pg_query.Node {
	for {
		p.steps++
		switch f := n.GetFuncCall(); {
		case n.GetTypeCast() != nil && !isBoolean(n.GetTypeCast()):
			n = n.GetTypeCast().Arg
		case n.GetCollateClause() != nil:
			n = n.GetCollateClause().Arg
		case n.GetCoalesceExpr() != nil && p.mentions(n.GetCoalesceExpr().Args[0]) != 0:
			n = n.GetCoalesceExpr().Args[0]
		case isScalar(n.GetSubLink()):
			n = expressionOf(n.GetSubLink().Subselect.GetSelectStmt())
		case n.GetAIndirection() != nil:
			n = n.GetAIndirection().Arg
		case n.GetAExpr() != nil && isField(n.GetAExpr()):
			n = n.GetAExpr().Lexpr
		case f != nil && len(f.Args) == 1 && keepsApart(parts(f.Funcname)):
			n = f.Args[0]
		default:
			return n
		}
	}
}

// isBoolean tells whether a cast is to boolean, which makes most values one.
func isBoolean(c *pg_query.TypeCast) bool {
	names := parts(c.TypeName.GetNames())
	return len(names) > 0 && names[len(names)-1] == "bool"
}

// isScalar tells whether a sub-select is but an expression in brackets: (SELECT id).
func isScalar(s *pg_query.SubLink) bool {
	return s.GetSubLinkType() == pg_query.SubLinkType_EXPR_SUBLINK && expressionOf(s.Subselect.GetSelectStmt()) != nil
}

// isField tells whether an operator takes a field out of a JSON document.
func isField(e *pg_query.A_Expr) bool {
	names := parts(e.Name)
	if e.Kind != pg_query.A_Expr_Kind_AEXPR_OP || e.Lexpr == nil || len(names) == 0 {
		return false
	}
	switch names[len(names)-1] {
	case "->", "->>", "#>", "#>>":
		return true
	}
	return false
}

func keepsApart(name []string) bool {
	switch name[len(name)-1] {
	case "lower", "upper", "btrim", "date":
		return true
	}
	return false
}

// mention is a set of what an expression mentions; empty, its value is given.
type mention uint8

const (
	target  mention = 1 << iota // a column of the target
	foreign                     // a column of another table of the statement
	loose                       // an unqualified column that may be either's
)

// mentions returns what the columns in an expression belong to.
func (p *predicate) mentions(n *pg_query.Node) mention {
	if n == nil {
		return 0
	}
	return p.mentionsIn(n)
}

func (p *predicate) mentionsIn(m proto.Message) (found mention) {
	if p.steps++; p.steps > maxSteps {
		return target
	}
	switch n := m.(type) {
	case *pg_query.ColumnRef:
		return p.whose(n)
	case *pg_query.CurrentOfExpr:
		return target
	case *pg_query.SelectStmt:
		if len(n.FromClause) > 0 {
			p = p.shadowed(n)
		}
	}
	rawtree.Children(m, func(_ protoreflect.Name, child proto.Message) {
		found |= p.mentionsIn(child)
	})
	return found
}

// refersTo tells whether an expression mentions the target's column.
func (p *predicate) refersTo(n *pg_query.Node, column string) bool {
	n = p.unwrap(n)
	if c := n.GetColumnRef(); c != nil {
		_, name := columnName(c)
		return name == column && p.whose(c) == target
	}
	switch {
	case n.GetAExpr() != nil:
		e := n.GetAExpr()
		return e.Lexpr != nil && p.refersTo(e.Lexpr, column) || e.Rexpr != nil && p.refersTo(e.Rexpr, column)
	case n.GetFuncCall() != nil:
		for _, arg := range n.GetFuncCall().Args {
			if p.refersTo(arg, column) {
				return true
			}
		}
	}
	return false
}

// shadowed returns the predicate as a sub-select sees it: its own tables hide
// those outside, and unqualified columns are its own.
func (p *predicate) shadowed(n *pg_query.SelectStmt) *predicate {
	q := &predicate{walker: p.walker, victim: p.victim, target: source{names: make(map[string]bool)}, nested: true}
	for name := range p.target.names {
		q.target.names[name] = true
	}
	q.others = p.others // not hidden: what is foreign stays foreign
	for _, name := range sourceNames(n.FromClause) {
		delete(q.target.names, name)
	}
	return q
}

// whose tells whose column a reference is.
func (p *predicate) whose(c *pg_query.ColumnRef) mention {
	qualifier, name := columnName(c)
	if qualifier == "" {
		switch {
		case p.target.names[name]: // the whole row
			return target
		case p.nested:
			return 0
		case p.inner || len(p.others) > 0:
			return loose
		}
		return target
	}
	if p.target.names[qualifier] {
		return target
	}
	for _, o := range p.others {
		if o.names[qualifier] {
			return foreign
		}
	}
	return 0 // of a query further out: the same for every row here
}

// columnName returns the table's name, empty where there is none, and the column's
// ("*" for all).
func columnName(c *pg_query.ColumnRef) (qualifier, name string) {
	names := parts(c.Fields)
	if len(names) < len(c.Fields) {
		names = append(names, "*")
	}
	if len(names) > 1 {
		qualifier = names[len(names)-2]
	}
	if len(names) > 0 {
		name = names[len(names)-1]
	}
	return qualifier, name
}

func isNullLiteral(n *pg_query.Node) bool {
	for n.GetTypeCast() != nil {
		n = n.GetTypeCast().Arg
	}
	return n.GetAConst().GetIsnull()
}
