package parser

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

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
