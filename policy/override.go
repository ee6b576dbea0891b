package policy

import "github.com/pgcordon/pgcordon/parser"

// BreakGlass tells whether operators may let through what is refused.
func (r *Ruleset) BreakGlass() bool { return r.breakGlass && !r.audit }

// Override returns the decision on a query string that an operator lets through. It is
// refused where a rule refuses it that nobody may overrule, wherever that stands.
func (r *Ruleset) Override(s *parser.Summary, ctx Context) Decision {
	v := verdict{scope: r.scopeOf(&ctx), overridden: true}
	r.search(s, &ctx, &v)
	return v.decision(s, r.audit)
}

// overruled tells whether an operator's word makes the rule void. Whether an allowance
// is used up is not known here, so what stands behind it counts.
func (r *statementRule) overruled() bool {
	return r.action == deny && !r.final || r.allowance != nil
}
