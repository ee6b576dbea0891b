package parser

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// longestPeriod is the longest range of time that counts as bounded, in seconds.
const longestPeriod = 366 * day

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

// span returns the reach of a column between two limits. Two limits are no bound as
// such: BETWEEN 0 AND 2147483647 lets every row through, and created_at < now() is true of
// all that has happened.
func (p *predicate) span(lower, upper *pg_query.Node) reach {
	p.steps++
	return apart(p.quantity(lower), p.quantity(upper))
}

// apart returns the reach of a column between two values.
func apart(a, b quantity) reach {
	if a.kind == textQuantity && b.kind == textQuantity {
		return textSpan(a, b)
	}
	a, b = a.like(b), b.like(a)
	switch {
	case a.kind == opaqueQuantity || b.kind == opaqueQuantity:
		return wide(UnknownBreadth)
	case a.kind == parameterQuantity || b.kind == parameterQuantity:
		if a.movesWithNow() != b.movesWithNow() {
			return wide(OpenRange)
		}
		return wide(Bounded) // the values say, when they come
	case a.kind == numberQuantity && b.kind == numberQuantity:
		return counted(b.high - a.low + 1)
	case a.kind == b.kind && (a.kind == dateQuantity || a.kind == nowQuantity):
		return period(a, b)
	}
	return wide(OpenRange) // a date and now; what cannot be compared
}

// like reads a string as the kind of value that is on the other side.
func (q quantity) like(o quantity) quantity {
	if q.kind == textQuantity {
		switch o.kind {
		case numberQuantity:
			return q.asNumber()
		case dateQuantity, nowQuantity:
			return q.asDate()
		}
	}
	return q
}

func (q quantity) movesWithNow() bool { return q.kind == nowQuantity || q.sinceNow }

func period(a, b quantity) reach {
	if b.high-a.low > longestPeriod {
		return wide(OpenRange)
	}
	return one
}

// textSpan returns the reach between two strings, which the type of the column makes
// numbers, dates, places in the table or text of.
func textSpan(a, b quantity) reach {
	if x, y := a.asDate(), b.asDate(); x.kind != textQuantity && y.kind != textQuantity {
		if x.kind != y.kind {
			return wide(OpenRange)
		}
		return period(x, y)
	}
	if x, ok := block(a.text); ok {
		y, ok := block(b.text)
		if !ok {
			return wide(OpenRange)
		}
		return counted((y - x + 1) * maxRowsOfBlock)
	}
	// Text of as many digits has the order of numbers. Numbers without a type are seldom text.
	if x, y := a.asNumber(), b.asNumber(); x.kind == numberQuantity && y.kind == numberQuantity &&
		(len(a.text) == len(b.text) || a.untyped && b.untyped) && x.low <= y.low {
		return counted(y.low - x.low + 1)
	}
	if differInTheirLast(a.text, b.text) {
		return one
	}
	return wide(OpenRange)
}

// maxRowsOfBlock is MaxHeapTuplesPerPage of htup_details.h with blocks of 8 KiB.
const maxRowsOfBlock = 291

// block returns the block of a ctid, (block,line).
func block(text string) (float64, bool) {
	inside, ok := strings.CutPrefix(text, "(")
	number, _, comma := strings.Cut(inside, ",")
	q := quantity{text: strings.TrimSpace(number)}.asNumber()
	return q.low, ok && comma && q.kind == numberQuantity
}

// differInTheirLast tells whether two strings begin alike, up to the last byte of the
// shorter one: 'ab' and 'ac', a prefix and what follows it. It must hold a letter or digit.
func differInTheirLast(a, b string) bool {
	shared := 0
	for shared < min(len(a), len(b)) && a[shared] == b[shared] {
		shared++
	}
	return shared >= min(len(a), len(b))-1 &&
		strings.ContainsFunc(a[:shared], func(r rune) bool { return isIdentStart(byte(r)) || isDigit(byte(r)) })
}
