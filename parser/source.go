package parser

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// source is a table, sub-select or function that a condition may mention.
type source struct {
	relation Relation
	// names are those by which columns are qualified; nil where they are not known.
	names map[string]bool
	// reach is how far a join with the source narrows the target.
	reach reach
	// columns are the source's, where the text lists them all.
	columns []string
}

// sourceOf returns the source of a table; an alias hides its name.
func sourceOf(r *pg_query.RangeVar) source {
	name := r.Relname
	if r.Alias != nil {
		name = r.Alias.Aliasname
	}
	return source{relation: relationOf(r), names: map[string]bool{name: true}}
}

// sources returns what a FROM or USING clause offers, joins taken apart.
func (p *predicate) sources(from []*pg_query.Node) []source {
	var all []source
	for _, n := range from {
		all = append(all, p.sourcesIn(n)...)
	}
	return all
}

func (p *predicate) sourcesIn(n *pg_query.Node) []source {
	p.steps++
	switch {
	case n.GetRangeVar() != nil:
		s := sourceOf(n.GetRangeVar())
		s.reach = p.tableReach(n.GetRangeVar())
		return []source{s}
	case n.GetRangeTableSample() != nil:
		return p.sourcesIn(n.GetRangeTableSample().Relation)
	case n.GetJoinExpr() != nil:
		j := n.GetJoinExpr()
		both := append(p.sourcesIn(j.Larg), p.sourcesIn(j.Rarg)...)
		if j.Alias != nil {
			both = append(both, named(j.Alias, widestOf(both).atMost(UnknownBreadth)))
		}
		return both
	case n.GetRangeSubselect() != nil:
		s := n.GetRangeSubselect()
		if s.Lateral { // once for each row of the tables before it
			return []source{named(s.Alias, wide(UnknownBreadth))}
		}
		all := named(s.Alias, p.queryReach(s.Subquery))
		if values := s.Subquery.GetSelectStmt().GetValuesLists(); len(values) > 0 {
			all.columns = listed(s.Alias, len(values[0].GetList().GetItems()))
		}
		return []source{all}
	case n.GetJsonTable() != nil:
		j := n.GetJsonTable()
		return []source{named(j.Alias, p.writtenList(j.GetContextItem().GetRawExpr(), ","))}
	case n.GetRangeTableFunc() != nil:
		return []source{named(n.GetRangeTableFunc().Alias, wide(UnknownBreadth))}
	case n.GetRangeFunction() != nil:
		f := n.GetRangeFunction()
		s := named(f.Alias, p.functionsReach(f))
		if calls := callsIn(f); len(calls) == 1 && !f.Ordinality && parts(calls[0].Funcname)[0] == "unnest" {
			s.columns = listed(f.Alias, len(calls[0].Args))
		}
		return []source{s}
	}
	return []source{{reach: wide(UnknownBreadth)}}
}

// listed returns the columns that an alias lists, if it lists as many as there are.
func listed(a *pg_query.Alias, n int) []string {
	if columns := parts(a.GetColnames()); n > 0 && len(columns) == n {
		return columns
	}
	return nil
}

// mayHave tells whether an unqualified column may be the source's.
func (s *source) mayHave(column string) bool {
	return s.columns == nil || slices.Contains(s.columns, column)
}

// namedOneOf tells whether columns may be qualified by one of the names and be the source's.
func (s *source) namedOneOf(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return s.names[name] })
}

// widestOf returns the reach of rows of any of the sources.
func widestOf(sources []source) reach {
	widest := sources[0].reach
	for _, s := range sources[1:] {
		widest = widest.or(s.reach)
	}
	return widest
}

// sourceNames returns the names by which the columns of a FROM clause are qualified.
func sourceNames(from []*pg_query.Node) []string {
	var names []string
	for _, n := range from {
		switch {
		case n.GetRangeVar() != nil:
			for name := range sourceOf(n.GetRangeVar()).names {
				names = append(names, name)
			}
		case n.GetRangeTableSample() != nil:
			names = append(names, sourceNames([]*pg_query.Node{n.GetRangeTableSample().Relation})...)
		case n.GetJoinExpr() != nil:
			j := n.GetJoinExpr()
			names = append(names, sourceNames([]*pg_query.Node{j.Larg, j.Rarg})...)
			names = append(names, j.Alias.GetAliasname())
		case n.GetRangeSubselect() != nil:
			names = append(names, n.GetRangeSubselect().Alias.GetAliasname())
		case n.GetRangeFunction() != nil:
			names = append(names, n.GetRangeFunction().Alias.GetAliasname())
		case n.GetJsonTable() != nil:
			names = append(names, n.GetJsonTable().Alias.GetAliasname())
		case n.GetRangeTableFunc() != nil:
			names = append(names, n.GetRangeTableFunc().Alias.GetAliasname())
		}
	}
	return names
}

func named(a *pg_query.Alias, r reach) source {
	s := source{reach: r}
	if a != nil {
		s.names = map[string]bool{a.Aliasname: true}
	}
	return s
}

// functionsReach measures a function in FROM. Those with which clients pass a list of
// keys are that list; one that is given a column runs once for each row.
func (p *predicate) functionsReach(f *pg_query.RangeFunction) reach {
	calls := callsIn(f)
	if len(calls) == 0 {
		return wide(UnknownBreadth)
	}
	widest := p.listFunction(calls[0])
	for _, call := range calls[1:] {
		widest = widest.or(p.listFunction(call))
	}
	return widest
}

// callsIn returns the functions of ROWS FROM, or the one function; none where one is not
// written as a call.
func callsIn(f *pg_query.RangeFunction) []*pg_query.FuncCall {
	var calls []*pg_query.FuncCall
	for _, n := range f.Functions {
		items := n.GetList().GetItems()
		if len(items) == 0 || items[0].GetFuncCall() == nil {
			return nil
		}
		calls = append(calls, items[0].GetFuncCall())
	}
	return calls
}

// tableReach returns how far a join with a whole table narrows the target.
func (p *predicate) tableReach(r *pg_query.RangeVar) reach {
	if r.Schemaname == "" {
		if e := p.scope.find(r.Relname); e != nil {
			return p.definition(e)
		}
	}
	if p.isTarget(relationOf(r)) {
		return wide(SameTable)
	}
	return wide(UnknownBreadth)
}

// isTarget tells whether a relation may be the target itself. A name without a
// schema may be the same table as one with.
func (p *predicate) isTarget(r Relation) bool {
	t := p.victim
	return r.Name == t.Name && (r.Schema == t.Schema || r.Schema == "" || t.Schema == "")
}

// definition measures a common table expression where it was defined.
func (p *predicate) definition(e *scope) reach {
	saved := p.scope
	p.scope = e.parent
	r := p.queryReach(e.query)
	p.scope = saved
	return r
}
