package parser

import pg_query "github.com/pganalyze/pg_query_go/v6"

// exists measures EXISTS, which is a join: the sub-select's tables are further
// tables, and its conditions say which rows of the target they tie. Without a tie
// it is true for all rows or for none.
func (p *predicate) exists(s *pg_query.SubLink, negated bool) term {
	sub := s.Subselect.GetSelectStmt()
	if sub == nil {
		return term{reach: wide(Tautology)}
	}
	if alwaysHasRow(sub) {
		return term{reach: wide(Tautology)}
	}
	defer p.enter(sub.WithClause)()
	q := p.shadowed(sub)
	q.nested, q.inner = false, true
	q.others = append(p.sources(sub.FromClause), p.others...)
	tied := false
	var terms []term
	for _, c := range conditionsOf(sub) {
		terms = q.flatten(terms, c, false)
	}
	for i := range terms {
		t := &terms[i]
		tied = tied || !t.foreign && !t.constant && (!t.loose || t.link != 0)
	}
	switch {
	case !tied:
		return term{reach: wide(Tautology)}
	case negated:
		return term{reach: wide(OpenRange)}
	}
	return term{reach: q.conjunction(terms)}
}

// alwaysHasRow tells whether a query may return a row whatever its conditions are: an
// aggregate does, of no rows at all. Any function may be one.
func alwaysHasRow(s *pg_query.SelectStmt) bool {
	for _, g := range s.GroupClause {
		if g.GetGroupingSet() != nil { // () groups no rows too
			return true
		}
	}
	if len(s.GroupClause) > 0 {
		return false
	}
	for _, t := range s.TargetList {
		if callsOther(t, nil) {
			return true
		}
	}
	return s.HavingClause != nil
}

// sublink measures a condition with a sub-select.
func (p *predicate) sublink(s *pg_query.SubLink, negated bool) term {
	sub := s.Subselect.GetSelectStmt()
	switch s.SubLinkType {
	case pg_query.SubLinkType_ANY_SUBLINK:
		if c := comparatorOf(s.OperName); len(s.OperName) > 0 && c == unmeasured {
			return term{reach: wide(UnknownBreadth)}
		} else if negated || len(s.OperName) > 0 && c != equal {
			return term{reach: wide(OpenRange)}
		}
		return p.inQuery(s.Testexpr, s.Subselect)
	case pg_query.SubLinkType_ALL_SUBLINK: // true for every row where the query has none
		return term{reach: wide(OpenRange)}
	case pg_query.SubLinkType_EXPR_SUBLINK:
		if e := expressionOf(sub); e != nil {
			return p.term(e, negated)
		}
	}
	return term{reach: wide(UnknownBreadth)}
}

// inQuery measures l IN (query).
func (p *predicate) inQuery(l, query *pg_query.Node) term {
	if e := expressionOf(query.GetSelectStmt()); e != nil && !mayMakeRows(e) {
		return p.in(l, []*pg_query.Node{e}, equal)
	}
	r := p.queryReach(query)
	if p.mentions(query)&target != 0 { // another answer for every row
		r = wide(p.correlated(query))
	}
	switch o := p.operand(l); {
	case o.constant:
		return term{reach: wide(Tautology)}
	case o.kind == columnOperand:
		return term{reach: r, loose: o.loose}
	}
	return term{reach: r.atMost(UnknownBreadth)}
}

// correlated measures a sub-select that mentions the row for which it is asked.
func (p *predicate) correlated(query *pg_query.Node) Breadth {
	sub := query.GetSelectStmt()
	if sub == nil {
		return UnknownBreadth
	}
	q := p.shadowed(sub)
	for _, t := range sub.TargetList {
		if q.mentions(t)&target != 0 {
			return Tautology // id IN (SELECT t.id FROM other)
		}
	}
	b := UnknownBreadth
	for _, s := range p.sources(sub.FromClause) {
		if s.relation.Name != "" && p.isTarget(s.relation) {
			b = SameTable
		}
	}
	return b
}

// expressionOf returns the expression of a SELECT that has nothing else.
func expressionOf(s *pg_query.SelectStmt) *pg_query.Node {
	if s == nil || len(s.TargetList) != 1 || len(s.FromClause) > 0 || s.WhereClause != nil || s.Op != pg_query.SetOperation_SETOP_NONE {
		return nil
	}
	return s.TargetList[0].GetResTarget().GetVal()
}

// conditionsOf returns what must hold of the rows of a query: WHERE, and the
// conditions of its inner joins.
func conditionsOf(s *pg_query.SelectStmt) []*pg_query.Node {
	var all []*pg_query.Node
	if s.WhereClause != nil {
		all = append(all, s.WhereClause)
	}
	for _, n := range s.FromClause {
		all = append(all, joinConditions(n)...)
	}
	return all
}

func joinConditions(n *pg_query.Node) []*pg_query.Node {
	j := n.GetJoinExpr()
	if j == nil || j.Jointype != pg_query.JoinType_JOIN_INNER {
		return nil
	}
	all := append(joinConditions(j.Larg), joinConditions(j.Rarg)...)
	if j.Quals != nil {
		all = append(all, j.Quals)
	}
	return all
}

// enter makes the common table expressions of a sub-select known until the function
// that it returns is called.
func (p *predicate) enter(c *pg_query.WithClause) (leave func()) {
	saved := p.scope
	for _, n := range c.GetCtes() {
		p.define(n)
	}
	return func() { p.scope = saved }
}
