package parser

import pg_query "github.com/pganalyze/pg_query_go/v6"

// maxSteps bounds the work on the predicates of one statement, in visited nodes.
const maxSteps = 500_000

// onRows returns the act of an effect on those rows of the target for which all the
// conditions hold (nil ones are absent), with other tables in FROM or USING.
func (w *walker) onRows(e Effect, target *pg_query.RangeVar, from []*pg_query.Node, conditions ...*pg_query.Node) Act {
	a := Act{Effect: e, Relation: relationOf(target)}
	r, ties := w.measure(target, from, conditions...)
	a.Breadth, a.Values, a.Limited, a.Ties = r.breadth, max(r.values, -r.values), r.limited, ties
	return a
}

// measure returns how much of the target the conditions let through, and the columns
// that they tie to values.
func (w *walker) measure(target *pg_query.RangeVar, from []*pg_query.Node, conditions ...*pg_query.Node) (reach, Ties) {
	p := &predicate{walker: w, victim: relationOf(target), target: sourceOf(target)}
	p.others = p.sources(from)
	var terms []term
	for _, c := range conditions {
		if c != nil {
			w.settle(c)
			terms = p.flatten(terms, c, false)
		}
	}
	if len(terms) == 0 {
		return wide(NoPredicate), ""
	}
	r := p.conjunction(terms)
	if w.steps > maxSteps {
		return wide(Tautology), ""
	}
	return r, tiesOf(terms)
}

// predicate measures conditions on the rows of one table.
type predicate struct {
	*walker
	// victim is the table that the statement changes. In a sub-select the target is
	// another one, but what matters is still whether it is the victim.
	victim Relation
	target source
	others []source
	// inner is set in a sub-select, where an unqualified column is first of all one
	// of the sub-select's own tables.
	inner bool
	// nested is set where unqualified columns are not of interest: inside a sub-select
	// that is looked through for mentions of what is outside.
	nested bool
}

// flatten appends the terms of a condition to a conjunction, with NOT pushed down.
func (p *predicate) flatten(terms []term, n *pg_query.Node, negated bool) []term {
	if b := n.GetBoolExpr(); b != nil {
		switch {
		case b.Boolop == pg_query.BoolExprType_NOT_EXPR:
			return p.flatten(terms, b.Args[0], !negated)
		case (b.Boolop == pg_query.BoolExprType_AND_EXPR) != negated:
			for _, arg := range b.Args {
				terms = p.flatten(terms, arg, negated)
			}
			return terms
		}
	}
	if lower, upper, ok := between(n.GetAExpr(), negated); ok {
		return append(terms, p.term(lower, false), p.term(upper, false))
	}
	return append(terms, p.term(n, negated))
}

// term measures one condition that is no conjunction.
func (p *predicate) term(n *pg_query.Node, negated bool) term {
	p.steps++
	if s := n.GetSubLink(); s != nil && s.SubLinkType == pg_query.SubLinkType_EXISTS_SUBLINK {
		return p.exists(s, negated)
	}
	m := p.mentions(n)
	switch {
	case m == 0:
		return term{reach: p.constant(n, negated), constant: true}
	case m&(target|loose) == 0:
		t := p.asForeign().form(n, negated)
		t.foreign, t.about, t.limit.foreign, t.tie = true, m, true, tie{}
		t.link = p.foreignLink(n, negated)
		return t
	}
	t := p.form(n, negated)
	t.about = m
	t.loose = t.loose || m&target == 0
	return t
}

// asForeign measures conditions on the other tables as if they were the target.
func (p *predicate) asForeign() *predicate {
	q := &predicate{walker: p.walker, victim: p.victim, inner: p.inner}
	q.target.names = make(map[string]bool)
	for _, o := range p.others {
		for name := range o.names {
			q.target.names[name] = true
		}
	}
	return q
}

// constant returns the reach of a condition that mentions no column: none of the
// rows, or all, or all or none.
func (p *predicate) constant(n *pg_query.Node, negated bool) reach {
	v := p.fold(n)
	if negated {
		v = v.not()
	}
	if v == isFalse || v == isNull {
		return none
	}
	return wide(Tautology)
}

// form measures a condition by its form.
func (p *predicate) form(n *pg_query.Node, negated bool) term {
	switch {
	case isDisjunction(n.GetBoolExpr(), negated):
		return p.any(n.GetBoolExpr().Args, negated)
	case n.GetBoolExpr() != nil:
		return term{reach: p.arm(n, negated)}
	case n.GetAExpr() != nil:
		return p.operator(n.GetAExpr(), negated)
	case n.GetSubLink() != nil:
		return p.sublink(n.GetSubLink(), negated)
	case n.GetNullTest() != nil:
		return p.nullTest(n.GetNullTest(), negated)
	case n.GetBooleanTest() != nil:
		return p.booleanTest(n.GetBooleanTest(), negated)
	case n.GetCollateClause() != nil:
		return p.term(n.GetCollateClause().Arg, negated)
	case n.GetCoalesceExpr() != nil:
		return p.any(n.GetCoalesceExpr().Args, negated)
	case n.GetCaseExpr() != nil:
		return p.cases(n.GetCaseExpr(), negated)
	case n.GetTypeCast() != nil:
		return p.cast(n.GetTypeCast(), negated)
	case n.GetCurrentOfExpr() != nil && p.level > 0: // in a loop over whatever the cursor has
		return term{reach: wide(UnknownBreadth)}
	case n.GetCurrentOfExpr() != nil && !negated:
		return term{reach: one}
	}
	// A boolean column among others: it halves the table at best.
	return term{reach: wide(UnknownBreadth)}
}

func isDisjunction(b *pg_query.BoolExpr, negated bool) bool {
	switch b.GetBoolop() {
	case pg_query.BoolExprType_OR_EXPR:
		return !negated
	case pg_query.BoolExprType_AND_EXPR:
		return negated
	}
	return false
}

// any measures a disjunction (of what COALESCE may return, too): as wide as its
// widest arm. A join in one arm joins in that arm alone.
func (p *predicate) any(args []*pg_query.Node, negated bool) term {
	widest := p.arm(args[0], negated)
	for _, arg := range args[1:] {
		widest = widest.or(p.arm(arg, negated))
	}
	return term{reach: widest}
}

func (p *predicate) arm(n *pg_query.Node, negated bool) reach {
	return p.conjunction(p.flatten(nil, n, negated))
}

// cases measures CASE as the disjunction of its branches, each with its condition.
// Without ELSE it is NULL, which is true for no row.
func (p *predicate) cases(c *pg_query.CaseExpr, negated bool) term {
	widest := none
	if c.Defresult != nil {
		widest = p.arm(c.Defresult, negated)
	}
	for _, n := range c.Args {
		when := n.GetCaseWhen()
		r := p.arm(when.Result, negated)
		if c.Arg == nil {
			r = r.and(p.arm(when.Expr, false))
		} else {
			r = r.and(p.compare(equal, c.Arg, when.Expr).reach)
		}
		widest = widest.or(r)
	}
	return term{reach: widest}
}

// cast measures a condition that is cast to boolean: a number is true in all values
// but one.
func (p *predicate) cast(c *pg_query.TypeCast, negated bool) term {
	if p.operand(c.Arg).kind == columnOperand {
		return term{reach: wide(OpenRange)}
	}
	return p.term(c.Arg, negated)
}

// nullTest measures IS [NOT] NULL. A column that was just added is NULL in every row,
// and so is deleted_at in nearly every one: IS NULL tells no more than a boolean does.
func (p *predicate) nullTest(t *pg_query.NullTest, negated bool) term {
	isNull := (t.Nulltesttype == pg_query.NullTestType_IS_NULL) != negated
	if isNull && p.operand(t.Arg).kind == columnOperand {
		return term{reach: wide(UnknownBreadth)}
	}
	// An expression can be made NULL for every row.
	return term{reach: wide(OpenRange)}
}

// booleanTest measures IS [NOT] TRUE, FALSE and UNKNOWN. Those that are true for
// NULL as well reach every row where the argument can be made NULL.
func (p *predicate) booleanTest(t *pg_query.BooleanTest, negated bool) term {
	kind := t.Booltesttype
	if negated {
		kind = opposite[kind]
	}
	switch column := p.operand(t.Arg).kind == columnOperand; {
	case kind == pg_query.BoolTestType_IS_TRUE:
		return p.term(t.Arg, false)
	case kind == pg_query.BoolTestType_IS_FALSE:
		return p.term(t.Arg, true)
	case column && kind != pg_query.BoolTestType_IS_NOT_UNKNOWN:
		return term{reach: wide(UnknownBreadth)}
	case kind == pg_query.BoolTestType_IS_NOT_FALSE:
		return term{reach: p.arm(t.Arg, false).atMost(OpenRange)}
	case kind == pg_query.BoolTestType_IS_NOT_TRUE:
		return term{reach: p.arm(t.Arg, true).atMost(OpenRange)}
	}
	return term{reach: wide(OpenRange)}
}

var opposite = map[pg_query.BoolTestType]pg_query.BoolTestType{
	pg_query.BoolTestType_IS_TRUE:        pg_query.BoolTestType_IS_NOT_TRUE,
	pg_query.BoolTestType_IS_NOT_TRUE:    pg_query.BoolTestType_IS_TRUE,
	pg_query.BoolTestType_IS_FALSE:       pg_query.BoolTestType_IS_NOT_FALSE,
	pg_query.BoolTestType_IS_NOT_FALSE:   pg_query.BoolTestType_IS_FALSE,
	pg_query.BoolTestType_IS_UNKNOWN:     pg_query.BoolTestType_IS_NOT_UNKNOWN,
	pg_query.BoolTestType_IS_NOT_UNKNOWN: pg_query.BoolTestType_IS_UNKNOWN,
}
