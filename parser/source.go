package parser

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// source is a table, sub-select or function that a condition may mention.
type source struct {
	relation Relation
	names    map[string]bool // by which columns are qualified
	// breadth is how far a join with the source narrows the target.
	breadth Breadth
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
		s.breadth = p.tableBreadth(n.GetRangeVar())
		return []source{s}
	case n.GetRangeTableSample() != nil:
		return p.sourcesIn(n.GetRangeTableSample().Relation)
	case n.GetJoinExpr() != nil:
		j := n.GetJoinExpr()
		both := append(p.sourcesIn(j.Larg), p.sourcesIn(j.Rarg)...)
		if j.Alias != nil {
			widest := UnknownBreadth
			for _, s := range both {
				widest = min(widest, s.breadth)
			}
			both = append(both, named(j.Alias, widest))
		}
		return both
	case n.GetRangeSubselect() != nil:
		s := n.GetRangeSubselect()
		return []source{named(s.Alias, p.queryBreadth(s.Subquery))}
	case n.GetRangeFunction() != nil:
		return []source{named(n.GetRangeFunction().Alias, p.functionBreadth(n.GetRangeFunction()))}
	}
	return []source{{breadth: UnknownBreadth}}
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
		}
	}
	return names
}

func named(a *pg_query.Alias, b Breadth) source {
	s := source{breadth: b}
	if a != nil {
		s.names = map[string]bool{a.Aliasname: true}
	}
	return s
}

// functionBreadth takes unnest, with which clients pass a list of keys, for the list
// that it is.
func (p *predicate) functionBreadth(f *pg_query.RangeFunction) Breadth {
	for _, n := range f.Functions {
		for _, item := range n.GetList().GetItems() {
			if call := item.GetFuncCall(); call != nil {
				if name := parts(call.Funcname); name[len(name)-1] != "unnest" {
					return UnknownBreadth
				}
				if slices.ContainsFunc(call.Args, p.tooLong) {
					return OpenRange
				}
			}
		}
	}
	return Bounded
}

// tableBreadth returns how far a join with a whole table narrows the target.
func (p *predicate) tableBreadth(r *pg_query.RangeVar) Breadth {
	if r.Schemaname == "" {
		if e := p.scope.find(r.Relname); e != nil {
			return p.definition(e)
		}
	}
	if p.isTarget(relationOf(r)) {
		return SameTable
	}
	return UnknownBreadth
}

// isTarget tells whether a relation may be the target itself. A name without a
// schema may be the same table as one with.
func (p *predicate) isTarget(r Relation) bool {
	t := p.victim
	return r.Name == t.Name && (r.Schema == t.Schema || r.Schema == "" || t.Schema == "")
}

// definition measures a common table expression where it was defined.
func (p *predicate) definition(e *scope) Breadth {
	saved := p.scope
	p.scope = e.parent
	b := p.queryBreadth(e.query)
	p.scope = saved
	return b
}
