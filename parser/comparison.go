package parser

import pg_query "github.com/pganalyze/pg_query_go/v6"

// comparator is what an operator means for the breadth of a condition.
type comparator uint8

const (
	unmeasured comparator = iota
	equal
	unequal
	below // < <=
	above // > >=
	like
	notLike
	matches // regular expressions
	notMatches
)

// comparators are the operators of pg_catalog whose meaning is known. Another
// operator of the same name may be found first on a changed search_path; a policy
// knows when that is so.
var comparators = map[string]comparator{
	"=": equal, "<>": unequal, "!=": unequal,
	"<": below, "<=": below, ">": above, ">=": above,
	"~~": like, "~~*": like, "!~~": notLike, "!~~*": notLike,
	"~": matches, "~*": matches, "!~": notMatches, "!~*": notMatches,
}

// negations turn NOT (a op b) into a op' b, which NULL does not disturb: neither
// is true then.
var negations = map[comparator]comparator{
	equal: unequal, unequal: equal, below: above, above: below,
	like: notLike, notLike: like, matches: notMatches, notMatches: matches,
}

// mirrored turns a op b into b op' a.
func (c comparator) mirrored() comparator {
	switch c {
	case below:
		return above
	case above:
		return below
	}
	return c
}

// comparatorOf returns what the operator of an expression means.
func comparatorOf(name []*pg_query.Node) comparator {
	names := parts(name)
	if len(names) == 0 || len(names) > 1 && names[0] != "pg_catalog" {
		return unmeasured
	}
	return comparators[names[len(names)-1]]
}

// reflexive tells whether x op x is true for every x that is not null.
func reflexive(name []*pg_query.Node) bool {
	switch names := parts(name); names[len(names)-1] {
	case "=", "<=", ">=":
		return true
	}
	return false
}

// operator measures an operator expression.
func (p *predicate) operator(e *pg_query.A_Expr, negated bool) term {
	c := comparatorOf(e.Name)
	if negated {
		c = negations[c]
	}
	switch e.Kind {
	case pg_query.A_Expr_Kind_AEXPR_OP:
		if e.Lexpr == nil {
			return term{reach: wide(UnknownBreadth)}
		}
		if t, ok := p.containment(e, negated); ok {
			return t
		}
		if p.same(e.Lexpr, e.Rexpr) && c != unmeasured {
			return always(reflexive(e.Name) != negated)
		}
		return p.compare(c, e.Lexpr, e.Rexpr)
	case pg_query.A_Expr_Kind_AEXPR_LIKE, pg_query.A_Expr_Kind_AEXPR_ILIKE, pg_query.A_Expr_Kind_AEXPR_SIMILAR:
		return p.pattern(e, c, negated)
	case pg_query.A_Expr_Kind_AEXPR_IN:
		return p.in(e.Lexpr, e.Rexpr.GetList().GetItems(), c)
	case pg_query.A_Expr_Kind_AEXPR_OP_ANY:
		return p.anyElement(e, c, negated)
	case pg_query.A_Expr_Kind_AEXPR_DISTINCT, pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		return p.distinct(e, negated)
	case pg_query.A_Expr_Kind_AEXPR_BETWEEN_SYM, pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		return p.symmetric(e, negated)
	case pg_query.A_Expr_Kind_AEXPR_OP_ALL, pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN, pg_query.A_Expr_Kind_AEXPR_BETWEEN:
		// ALL of an empty array is true for every row; a BETWEEN that gets here is
		// negated and leaves out one range.
		return term{reach: wide(OpenRange)}
	}
	return term{reach: wide(UnknownBreadth)}
}

// always is the term of a condition that is true for every row, or for none.
func always(holds bool) term {
	if holds {
		return term{reach: wide(Tautology)}
	}
	return term{reach: none}
}

// compare measures l op r.
func (p *predicate) compare(c comparator, l, r *pg_query.Node) term {
	if t, ok := p.compareBoolean(c, l, r); ok {
		return t
	}
	a, b := p.operand(l), p.operand(r)
	if a.kind == givenOperand && b.kind == givenOperand {
		return term{reach: wide(Tautology)}
	}
	if a.kind == givenOperand || a.kind == foreignOperand && b.kind != givenOperand {
		a, b, l, r, c = b, a, r, l, c.mirrored()
	}
	if a.kind == columnOperand && p.refersTo(r, a.column) {
		return ofItself(c)
	}
	t := p.compareOperands(c, a, b, r)
	t.loose = a.loose
	return t
}

// ofItself is the term of a column that is compared with something made of it: id =
// abs(id) is true for most rows, if not for all.
func ofItself(c comparator) term {
	if c == equal || c == like {
		return term{reach: wide(Tautology)}
	}
	return term{reach: wide(OpenRange)}
}

func (p *predicate) compareOperands(c comparator, a, b operand, r *pg_query.Node) term {
	switch {
	case a.constant: // tableoid: the same in every row
		return term{reach: wide(Tautology)}
	case b.kind == givenOperand && isNullLiteral(r):
		return term{reach: none} // never true
	case c == equal && b.kind == foreignOperand && a.kind == columnOperand:
		t := term{reach: b.reach}
		if b.link.single() && !a.loose {
			t.link = target | b.link
		}
		return t
	case c == below, c == above:
		return p.ordered(c, a, b, r)
	case c == unequal, c == notLike, c == notMatches:
		return term{reach: wide(OpenRange)}
	case c == equal && a.kind == columnOperand && b.kind == givenOperand:
		if isBooleanLiteral(r) {
			return term{reach: wide(UnknownBreadth)}
		}
		return term{reach: b.reach, tie: tieTo(a, r)}
	case c == like || c == matches:
		return term{reach: p.patternReach(c, r)}
	}
	return term{reach: wide(UnknownBreadth)}
}

// ordered measures < and > and their like.
func (p *predicate) ordered(c comparator, a, b operand, r *pg_query.Node) term {
	t := term{reach: wide(OpenRange)}
	if a.kind == columnOperand && a.ordered && b.kind == givenOperand {
		t.limit = limit{table: a.table, column: a.column, side: 1, value: r}
		if c == below {
			t.limit.side = -1
		}
	}
	return t
}

// compareBoolean measures a condition that is compared with true or false, and
// distrusts one that is compared with anything else: (id > 0) = (1 = 1).
func (p *predicate) compareBoolean(c comparator, l, r *pg_query.Node) (term, bool) {
	if p.isCondition(r) {
		l, r, c = r, l, c.mirrored()
	}
	if !p.isCondition(l) || c == unmeasured {
		return term{}, false
	}
	if v := p.fold(r); p.mentions(r) == 0 && (v == isTrue || v == isFalse) && (c == equal || c == unequal) {
		return p.term(l, (v == isTrue) != (c == equal)), true
	}
	return term{reach: wide(OpenRange)}, true
}

// isCondition tells whether an expression about a row is true or false by its form.
func (p *predicate) isCondition(n *pg_query.Node) bool {
	switch e := n.GetAExpr(); {
	case n.GetTypeCast() != nil:
		return isBoolean(n.GetTypeCast()) && p.mentions(n) != 0
	case e != nil:
		return e.Kind != pg_query.A_Expr_Kind_AEXPR_NULLIF &&
			(e.Kind != pg_query.A_Expr_Kind_AEXPR_OP || comparatorOf(e.Name) != unmeasured)
	case n.GetSubLink() != nil:
		t := n.GetSubLink().SubLinkType
		return t == pg_query.SubLinkType_EXISTS_SUBLINK || t == pg_query.SubLinkType_ANY_SUBLINK || t == pg_query.SubLinkType_ALL_SUBLINK
	}
	return n.GetBoolExpr() != nil || n.GetNullTest() != nil || n.GetBooleanTest() != nil
}

// distinct measures IS [NOT] DISTINCT FROM.
func (p *predicate) distinct(e *pg_query.A_Expr, negated bool) term {
	differs := (e.Kind == pg_query.A_Expr_Kind_AEXPR_DISTINCT) != negated
	switch {
	case p.same(e.Lexpr, e.Rexpr):
		return always(!differs)
	case differs:
		return term{reach: wide(OpenRange)}
	case p.operand(e.Lexpr).kind == columnOperand && isNullLiteral(e.Rexpr):
		return term{reach: wide(UnknownBreadth)} // IS NULL
	}
	t := p.compare(equal, e.Lexpr, e.Rexpr)
	t.tie = tie{} // a key does not keep several NULLs apart
	return t
}

// isBooleanLiteral tells whether a value is true or false, of which a column has hardly
// any other: to be equal to one halves the table at best.
func isBooleanLiteral(n *pg_query.Node) bool {
	if c := n.GetTypeCast(); c != nil {
		return isBoolean(c)
	}
	return n.GetAConst().GetBoolval() != nil
}
