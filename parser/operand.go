package parser

import pg_query "github.com/pganalyze/pg_query_go/v6"

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
	// reach is how far equality with a given or a foreign operand narrows.
	reach    reach
	link     mention // the other table of a foreignOperand
	loose    bool    // a column that may be another table's
	constant bool    // a column that is the same in every row
	ordered  bool    // a column by which the whole operand is ordered
	plain    bool    // a column as it stands, nothing wrapped around it
}

// operand looks at one side of a comparison.
func (p *predicate) operand(wrapped *pg_query.Node) operand {
	n := p.unwrap(wrapped)
	if c := n.GetColumnRef(); c != nil {
		o := p.column(c)
		o.plain = n == wrapped
		return o
	}
	m := p.mentions(n)
	switch {
	case m == 0:
		return operand{reach: one}
	case n.GetSubLink() != nil: // a value that depends on the row
		return operand{kind: derivedOperand}
	case n.GetRowExpr() != nil:
		return p.row(n.GetRowExpr())
	case m&(target|loose) == 0:
		return operand{kind: foreignOperand, reach: wide(UnknownBreadth), link: m}
	}
	return operand{kind: derivedOperand}
}

// row looks at (a, b): a column as soon as one of its parts is one. Its order is that
// of its first part (ROW constructor comparison, 9.25.5 of the documentation).
func (p *predicate) row(r *pg_query.RowExpr) operand {
	best := operand{kind: derivedOperand}
	for i, arg := range r.Args {
		o := p.operand(arg)
		o.plain = false
		switch {
		case o.kind == columnOperand:
			o.ordered = o.ordered && i == 0
			return o
		case o.kind == foreignOperand:
			best = o
		}
	}
	return best
}

// column looks at a reference to a column.
func (p *predicate) column(c *pg_query.ColumnRef) operand {
	qualifier, name := columnName(c)
	switch m := p.whose(c); {
	case m == 0:
		return operand{reach: one}
	case m&(target|loose) == 0:
		if qualifier == "" {
			qualifier = name // the whole row, or the one column of a function
		}
		return operand{kind: foreignOperand, reach: p.sourceOf(qualifier).reach, link: m}
	default:
		o := operand{kind: columnOperand, column: name, loose: m == loose, constant: name == "tableoid", ordered: true}
		if len(p.target.names) > 1 { // several other tables, measured as one
			o.table = qualifier
		}
		return o
	}
}

// sourceOf returns the other table that columns are qualified by the name of.
func (p *predicate) sourceOf(qualifier string) source {
	for _, o := range p.others {
		if o.names[qualifier] {
			return o
		}
	}
	for _, o := range p.others {
		if o.names == nil {
			return o
		}
	}
	return source{reach: wide(UnknownBreadth)}
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

func isNullLiteral(n *pg_query.Node) bool {
	for n.GetTypeCast() != nil {
		n = n.GetTypeCast().Arg
	}
	return n.GetAConst().GetIsnull()
}
