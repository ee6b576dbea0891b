package parser

import pg_query "github.com/pganalyze/pg_query_go/v6"

// exists measures EXISTS, which is a join: the sub-select's tables are further
// tables, and its conditions say which rows of the target they tie. Without a tie
// it is true for all rows or for none.
func (p *predicate) exists(s *pg_query.SubLink, negated bool) term {
	sub := s.Subselect.GetSelectStmt()
	if sub == nil {
		return term{breadth: Tautology}
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
		t.foreign = t.foreign || t.loose && !t.join
		tied = tied || !t.foreign && !t.constant
	}
	switch {
	case !tied:
		return term{breadth: Tautology}
	case negated:
		return term{breadth: OpenRange}
	}
	return term{breadth: conjunction(terms)}
}

// sublink measures a condition with a sub-select.
func (p *predicate) sublink(s *pg_query.SubLink, negated bool) term {
	sub := s.Subselect.GetSelectStmt()
	switch s.SubLinkType {
	case pg_query.SubLinkType_ANY_SUBLINK:
		if c := comparatorOf(s.OperName); len(s.OperName) > 0 && c == unmeasured {
			return term{breadth: UnknownBreadth}
		} else if negated || len(s.OperName) > 0 && c != equal {
			return term{breadth: OpenRange}
		}
		return p.inQuery(s.Testexpr, s.Subselect)
	case pg_query.SubLinkType_ALL_SUBLINK: // true for every row where the query has none
		return term{breadth: OpenRange}
	case pg_query.SubLinkType_EXPR_SUBLINK:
		if e := expressionOf(sub); e != nil {
			return p.term(e, negated)
		}
	}
	return term{breadth: UnknownBreadth}
}

// inQuery measures l IN (query).
func (p *predicate) inQuery(l, query *pg_query.Node) term {
	if e := expressionOf(query.GetSelectStmt()); e != nil {
		return p.in(l, []*pg_query.Node{e}, equal)
	}
	b := p.queryBreadth(query)
	if p.mentions(query)&target != 0 { // another answer for every row
		b = p.correlated(query)
	}
	switch o := p.operand(l); {
	case o.constant:
		return term{breadth: Tautology}
	case o.kind == columnOperand:
		return term{breadth: b, loose: o.loose}
	}
	return term{breadth: min(b, UnknownBreadth)}
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

// queryBreadth measures how few rows a query returns: Bounded, or how far a table
// of as many rows narrows the target.
func (p *predicate) queryBreadth(n *pg_query.Node) Breadth {
	if p.steps++; p.steps > maxSteps {
		return Tautology
	}
	switch {
	case n.GetSelectStmt() != nil:
		return p.selectBreadth(n.GetSelectStmt())
	case n.GetDeleteStmt() != nil:
		d := n.GetDeleteStmt()
		return p.changed(d.Relation, p.breadthOf(d.Relation, d.UsingClause, d.WhereClause))
	case n.GetUpdateStmt() != nil:
		u := n.GetUpdateStmt()
		return p.changed(u.Relation, p.breadthOf(u.Relation, u.FromClause, u.WhereClause))
	case n.GetInsertStmt() != nil && n.GetInsertStmt().SelectStmt != nil:
		return p.queryBreadth(n.GetInsertStmt().SelectStmt)
	}
	return UnknownBreadth
}

// changed measures the rows that a statement in WITH returns.
func (p *predicate) changed(r *pg_query.RangeVar, b Breadth) Breadth {
	if b >= Bounded {
		return Bounded
	}
	return p.tableBreadth(r)
}

func (p *predicate) selectBreadth(s *pg_query.SelectStmt) Breadth {
	defer p.enter(s.WithClause)()
	switch {
	case s.LimitCount != nil && p.isLimit(s.LimitCount):
		return Bounded
	case s.Op == pg_query.SetOperation_SETOP_UNION:
		return min(p.selectBreadth(s.Larg), p.selectBreadth(s.Rarg))
	case s.Op == pg_query.SetOperation_SETOP_INTERSECT:
		return max(p.selectBreadth(s.Larg), p.selectBreadth(s.Rarg))
	case s.Op == pg_query.SetOperation_SETOP_EXCEPT:
		return p.selectBreadth(s.Larg)
	case len(s.FromClause) == 0:
		return listBreadth(s)
	case isAggregate(s):
		return Bounded
	}
	from := p.sources(s.FromClause)
	widest := Bounded
	for _, f := range from {
		widest = min(widest, f.breadth)
	}
	q := &predicate{walker: p.walker, victim: p.victim, target: from[0], others: from[1:]}
	if conditions := conditionsOf(s); len(conditions) > 0 && q.all(conditions, false) >= Bounded {
		return Bounded
	}
	return widest
}

// listBreadth measures VALUES and SELECT without FROM.
func listBreadth(s *pg_query.SelectStmt) Breadth {
	for _, t := range s.TargetList {
		f := t.GetResTarget().GetVal().GetFuncCall()
		if f != nil && parts(f.Funcname)[len(f.Funcname)-1] == "generate_series" {
			return UnknownBreadth
		}
	}
	return Bounded
}

// isAggregate tells whether a query returns one row because it aggregates.
func isAggregate(s *pg_query.SelectStmt) bool {
	if len(s.TargetList) != 1 || len(s.GroupClause) > 0 {
		return false
	}
	f := s.TargetList[0].GetResTarget().GetVal().GetFuncCall()
	if f == nil || f.Over != nil {
		return false
	}
	switch name := parts(f.Funcname); name[len(name)-1] {
	case "min", "max", "count", "sum", "avg":
		return true
	}
	return false
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
