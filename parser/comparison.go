package parser

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

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

// in measures l IN (items) as the disjunction of equalities that it is, and NOT IN
// as the conjunction.
func (p *predicate) in(l *pg_query.Node, items []*pg_query.Node, c comparator) term {
	if c != equal || len(items) == 0 {
		return term{reach: wide(OpenRange)}
	}
	var widest term
	for i, item := range items {
		t := always(true)
		if !p.same(l, item) {
			t = p.compare(equal, l, item)
		}
		if i == 0 {
			widest = t
			continue
		}
		widest.reach = widest.or(t.reach)
		widest.loose = widest.loose || t.loose
		widest.tie = widest.tie.or(t.tie)
		widest.link = 0
	}
	return widest
}

// anyElement measures l op ANY (array).
func (p *predicate) anyElement(e *pg_query.A_Expr, c comparator, negated bool) term {
	array := e.Rexpr
	if items := array.GetAArrayExpr(); items != nil && len(items.Elements) > 0 {
		return p.in(e.Lexpr, items.Elements, c)
	}
	if s := array.GetSubLink(); s != nil && s.SubLinkType == pg_query.SubLinkType_ARRAY_SUBLINK && c == equal {
		return p.inQuery(e.Lexpr, s.Subselect)
	}
	if negated || c != equal { // NOT (x = ANY('{}')) is true for every row
		return term{reach: wide(OpenRange)}
	}
	l, r := p.operand(e.Lexpr), p.operand(array)
	switch {
	case l.kind == columnOperand && r.kind == givenOperand:
		list := p.list(array)
		return term{reach: list, loose: l.loose, tie: tieTo(l, array).times(list.values)}
	case l.kind == givenOperand && r.kind == columnOperand:
		return term{reach: one, loose: r.loose}
	}
	return term{reach: wide(UnknownBreadth)}
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

// between takes x BETWEEN a AND b apart into x >= a and x <= b. Negated it is a
// disjunction and stays as it is.
func between(e *pg_query.A_Expr, negated bool) (lower, upper *pg_query.Node, ok bool) {
	bounds := e.GetRexpr().GetList().GetItems()
	if e == nil || len(bounds) != 2 {
		return nil, nil, false
	}
	switch e.Kind {
	case pg_query.A_Expr_Kind_AEXPR_BETWEEN:
		ok = !negated
	case pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN:
		ok = negated
	}
	return compareNode(">=", e.Lexpr, bounds[0]), compareNode("<=", e.Lexpr, bounds[1]), ok
}

// symmetric measures BETWEEN SYMMETRIC, whose limits may stand in either order.
func (p *predicate) symmetric(e *pg_query.A_Expr, negated bool) term {
	bounds := e.Rexpr.GetList().GetItems()
	inside := (e.Kind == pg_query.A_Expr_Kind_AEXPR_BETWEEN_SYM) != negated
	if !inside || len(bounds) != 2 {
		return term{reach: wide(OpenRange)}
	}
	forth := p.arm(pg_query.MakeBoolExprNode(pg_query.BoolExprType_AND_EXPR, []*pg_query.Node{
		compareNode(">=", e.Lexpr, bounds[0]), compareNode("<=", e.Lexpr, bounds[1])}, -1), false)
	back := p.arm(pg_query.MakeBoolExprNode(pg_query.BoolExprType_AND_EXPR, []*pg_query.Node{
		compareNode(">=", e.Lexpr, bounds[1]), compareNode("<=", e.Lexpr, bounds[0])}, -1), false)
	return term{reach: forth.or(back)}
}

func compareNode(op string, l, r *pg_query.Node) *pg_query.Node {
	return pg_query.MakeAExprNode(pg_query.A_Expr_Kind_AEXPR_OP, []*pg_query.Node{pg_query.MakeStrNode(op)}, l, r, -1)
}

// pattern measures LIKE, ILIKE and SIMILAR TO.
func (p *predicate) pattern(e *pg_query.A_Expr, c comparator, negated bool) term {
	r := e.Rexpr
	if f := r.GetFuncCall(); f != nil && len(f.Args) > 0 {
		r = f.Args[0] // like_escape and similar_to_escape, which gram.y puts in
	}
	names := parts(e.Name)
	if strings.HasPrefix(names[len(names)-1], "!") != negated {
		if pattern, ok := p.stringLiteral(r); ok && pattern != "" && strings.Trim(pattern, "%") == "" {
			return term{reach: none} // NOT LIKE '%': never
		}
		return term{reach: wide(OpenRange)}
	}
	if p.same(e.Lexpr, e.Rexpr) {
		return always(true)
	}
	t := p.compare(like, e.Lexpr, r)
	if e.Kind == pg_query.A_Expr_Kind_AEXPR_SIMILAR && t.breadth == Bounded {
		t.reach = wide(UnknownBreadth) // '(a|%)' begins with no letter that must match
	}
	return t
}

// patternReach measures a pattern: one that matches anything is a Tautology, one
// that begins with a fixed character Bounded.
func (p *predicate) patternReach(c comparator, n *pg_query.Node) reach {
	pattern, ok := p.stringLiteral(n)
	switch {
	case !ok:
		return wide(UnknownBreadth)
	case c == matches && !strings.ContainsAny(pattern, "abcdefghijklmnopqrstuvwxyz0123456789"):
		return wide(Tautology)
	case c == matches:
		return wide(UnknownBreadth)
	case strings.Trim(pattern, "%") == "" && pattern != "":
		return wide(Tautology)
	case strings.Trim(pattern, "%_") == "" && pattern != "":
		return wide(OpenRange)
	case pattern != "" && (pattern[0] == '%' || pattern[0] == '_'):
		return wide(UnknownBreadth)
	}
	return one
}

// isBooleanLiteral tells whether a value is true or false, of which a column has hardly
// any other: to be equal to one halves the table at best.
func isBooleanLiteral(n *pg_query.Node) bool {
	if c := n.GetTypeCast(); c != nil {
		return isBoolean(c)
	}
	return n.GetAConst().GetBoolval() != nil
}
