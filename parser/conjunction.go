package parser

import pg_query "github.com/pganalyze/pg_query_go/v6"

// term is what one condition contributes to a conjunction.
type term struct {
	reach
	// about is whose columns the condition mentions.
	about mention
	// link is set where an equality ties two tables: what narrows one narrows the other.
	link mention
	// foreign is set where the condition is about other tables only: it narrows the
	// target if something links it to them.
	foreign bool
	// loose is set where an unqualified column may be the target's or another's.
	loose bool
	// constant is set where the condition mentions no column.
	constant bool
	// limit is set where the condition limits a column from one side.
	limit limit
	// tie is set where the condition is an equality of a column of the target with values
	// that are plain.
	tie tie
}

// limit is one side of a column: -1 from above, +1 from below.
type limit struct {
	foreign       bool // of another table, which is then named
	table, column string
	side          int
	value         *pg_query.Node
}

// facing tells whether two limits are the two sides of one column.
func (l *limit) facing(o *limit) bool {
	return l.side > 0 && o.side < 0 && l.column == o.column && l.table == o.table && l.foreign == o.foreign
}

// all returns the reach of a conjunction; negated, of the disjunction of the
// negations.
func (p *predicate) all(conditions []*pg_query.Node, negated bool) reach {
	var terms []term
	for _, c := range conditions {
		terms = p.flatten(terms, c, negated)
	}
	return p.conjunction(terms)
}

// conjunction returns the reach of terms that all hold.
func (p *predicate) conjunction(terms []term) reach {
	near := linked(terms)
	best := wide(Tautology)
	for i := range terms {
		best = best.and(p.seen(&terms[i], near))
	}
	for i := range terms {
		lower := &terms[i]
		if lower.limit.side <= 0 || lower.foreign && !near.covers(lower.about) {
			continue
		}
		for j := range terms {
			if upper := &terms[j]; lower.limit.facing(&upper.limit) {
				r := p.span(lower.limit.value, upper.limit.value)
				if lower.loose && !p.joinsAll(near) {
					r = r.atMost(UnknownBreadth)
				}
				best = best.and(r)
			}
		}
	}
	return best
}

// seen returns what a term means for the target: nothing if it is about tables that
// nothing links to it.
func (p *predicate) seen(t *term, near mention) reach {
	switch {
	case t.foreign && !near.covers(t.about):
		return wide(Tautology)
	case t.loose && !p.joinsAll(near):
		return t.atMost(UnknownBreadth)
	}
	return t.reach
}

// linked returns the tables that equalities tie to the target, directly or through one
// another, and the target itself.
func linked(terms []term) mention {
	near := target
	for grown := true; grown; {
		grown = false
		for i := range terms {
			if link := terms[i].link; near&link != 0 && !near.covers(link) {
				near |= link
				grown = true
			}
		}
	}
	return near
}

// joinsAll tells whether every other table is among those.
func (p *predicate) joinsAll(near mention) bool {
	for i := range p.others {
		if !near.covers(other(i)) {
			return false
		}
	}
	return true
}

// foreignLink returns the two other tables that a condition ties to each other.
func (p *predicate) foreignLink(n *pg_query.Node, negated bool) mention {
	e := n.GetAExpr()
	if e.GetKind() != pg_query.A_Expr_Kind_AEXPR_OP || negated || comparatorOf(e.Name) != equal {
		return 0
	}
	l, r := p.mentions(e.Lexpr), p.mentions(e.Rexpr)
	if !l.single() || !r.single() {
		return 0
	}
	return l | r
}
