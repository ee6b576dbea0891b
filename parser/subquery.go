package parser

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

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

// queryReach measures how few rows a query returns: Bounded, or how far a table
// of as many rows narrows the target.
func (p *predicate) queryReach(n *pg_query.Node) reach {
	if p.steps++; p.steps > maxSteps {
		return wide(Tautology)
	}
	switch {
	case n.GetSelectStmt() != nil:
		return p.selectReach(n.GetSelectStmt())
	case n.GetDeleteStmt() != nil:
		d := n.GetDeleteStmt()
		r, _ := p.measure(d.Relation, d.UsingClause, d.WhereClause)
		return p.changed(d.Relation, r)
	case n.GetUpdateStmt() != nil:
		u := n.GetUpdateStmt()
		r, _ := p.measure(u.Relation, u.FromClause, u.WhereClause)
		return p.changed(u.Relation, r)
	case n.GetInsertStmt() != nil && n.GetInsertStmt().SelectStmt != nil:
		return p.queryReach(n.GetInsertStmt().SelectStmt)
	}
	return wide(UnknownBreadth)
}

// changed measures the rows that a statement in WITH returns.
func (p *predicate) changed(table *pg_query.RangeVar, r reach) reach {
	if r.breadth >= Bounded {
		return r
	}
	return p.tableReach(table)
}

func (p *predicate) selectReach(s *pg_query.SelectStmt) reach {
	defer p.enter(s.WithClause)()
	return p.limited(s, p.rowsOf(s))
}

// limited returns the reach of a query whose rows have the given one, with its LIMIT.
func (p *predicate) limited(s *pg_query.SelectStmt, r reach) reach {
	// WITH TIES returns as many rows more as there are like the last one.
	if s.LimitCount == nil || isNullLiteral(s.LimitCount) || s.LimitOption == pg_query.LimitOption_LIMIT_OPTION_WITH_TIES {
		return r // LIMIT ALL is a null
	}
	switch q := p.quantity(s.LimitCount).like(number(0)); q.kind {
	case numberQuantity:
		limit := counted(q.high)
		limit.limited = true
		return r.and(limit)
	case parameterQuantity:
		return r.and(reach{breadth: Bounded, limited: true})
	}
	return r
}

// rowsOf measures a query without its LIMIT.
func (p *predicate) rowsOf(s *pg_query.SelectStmt) reach {
	switch {
	case s.Op == pg_query.SetOperation_SETOP_UNION:
		return p.selectReach(s.Larg).or(p.selectReach(s.Rarg))
	case s.Op == pg_query.SetOperation_SETOP_INTERSECT:
		return p.selectReach(s.Larg).and(p.selectReach(s.Rarg))
	case s.Op == pg_query.SetOperation_SETOP_EXCEPT:
		return p.selectReach(s.Larg)
	case len(s.ValuesLists) > 0:
		return counted(float64(len(s.ValuesLists)))
	case len(s.FromClause) == 0:
		return p.listReach(s)
	case isAggregate(s):
		return one
	}
	return p.fromReach(s)
}

// fromReach measures SELECT ... FROM: each table that the result may come from, as the
// conditions narrow it.
func (p *predicate) fromReach(s *pg_query.SelectStmt) reach {
	if slices.ContainsFunc(s.TargetList, mayMakeRows) {
		return wide(UnknownBreadth)
	}
	from, conditions := p.sources(s.FromClause), conditionsOf(s)
	wanted, all := resultTables(s.TargetList)
	var widest []source
	for i, table := range from {
		if !all && !table.namedOneOf(wanted) {
			continue
		}
		table.reach = p.narrowed(from, i, conditions)
		widest = append(widest, table)
	}
	if len(widest) == 0 { // a constant, as often as there are rows
		return one
	}
	return widestOf(widest)
}

// narrowed returns the reach of the nth of several tables for which the conditions hold.
func (p *predicate) narrowed(from []source, n int, conditions []*pg_query.Node) reach {
	q := &predicate{walker: p.walker, victim: p.victim, target: from[n]}
	q.others = slices.Delete(slices.Clone(from), n, n+1)
	if r := q.all(conditions, false); r.breadth >= Bounded {
		return from[n].reach.and(r)
	}
	return from[n].reach
}

// resultTables returns the names by which the columns of a result are qualified; all is
// true where some are not, or are computed by another query.
func resultTables(list []*pg_query.Node) (names []string, all bool) {
	var walk func(_ protoreflect.Name, m proto.Message)
	walk = func(_ protoreflect.Name, m proto.Message) {
		switch n := m.(type) {
		case *pg_query.ColumnRef:
			qualifier, _ := columnName(n)
			names, all = append(names, qualifier), all || qualifier == ""
			return
		case *pg_query.SubLink:
			all = true
			return
		}
		rawtree.Children(m, walk)
	}
	for _, n := range list {
		walk("", n)
	}
	return names, all
}

// listReach measures SELECT without FROM.
func (p *predicate) listReach(s *pg_query.SelectStmt) reach {
	if len(s.TargetList) == 1 {
		if f := s.TargetList[0].GetResTarget().GetVal().GetFuncCall(); f != nil && mayMakeRows(s.TargetList[0]) {
			return p.listFunction(f)
		}
	}
	if slices.ContainsFunc(s.TargetList, mayMakeRows) {
		return wide(UnknownBreadth)
	}
	return one
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
