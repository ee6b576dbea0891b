package parser

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

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
