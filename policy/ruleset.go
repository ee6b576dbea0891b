package policy

import (
	"slices"

	"github.com/pgcordon/pgcordon/parser"
)

// Ruleset is what remains of a policy's statement rules once a session's source,
// target, user, database and application are known. It is immutable and may be
// shared between sessions for which all of these are equal.
type Ruleset struct {
	rules   []*statementRule // in order; they belong to the Policy
	audit   bool             // the target refuses nothing
	counted []pattern        // functions that count as acts although parser knows nothing of them
	path    []string         // where a name without a schema is looked for
	effects parser.EffectSet
	names   []string
	bounds  Bounds
	// tripwired is true where the session is under a tripwire, reads where one looks for
	// signs in what it sends.
	tripwired, reads bool
	// readOnly is the session rule that makes the session read-only, empty where none does;
	// the first rules are then those of readOnlyStatements.
	readOnly    string
	transaction *Transaction
	// breakGlass is true where operators may let through what is refused.
	breakGlass bool
}

// Ruleset evaluates the policy's statement rules as far as the session decides them.
func (p *Policy) Ruleset(t *Target, c Client) *Ruleset {
	r := &Ruleset{
		audit: t.Mode == Audit, path: searchPath(t, c), bounds: p.Limits.Bounds,
		counted:    p.functions[:len(p.functions):len(p.functions)],
		breakGlass: p.Admin.BreakGlass != nil,
	}
	if a := p.Admit(t, c); a.ReadOnly {
		r.beReadOnly(a.Rule)
	}
	for i := range p.statements {
		rule := &p.statements[i]
		if rule.session.hold(t, c) {
			r.rules = append(r.rules, rule)
			r.counted = append(r.counted, rule.functions...)
		}
	}
	r.transaction = p.transaction(t, c)
	if p.builtin {
		for i := range builtinStatements {
			r.rules = append(r.rules, &builtinStatements[i])
		}
	}
	tripwires := p.TripwiresOf(t, c)
	r.tripwired, r.reads = len(tripwires) > 0, slices.ContainsFunc(tripwires, (*Tripwire).readsText)
	r.effects, r.names = r.interest()
	return r
}

// Bounded tells whether the rows of statements, or what transactions do, may be bounded, or
// are to be written down.
func (r *Ruleset) Bounded() bool {
	return r.transaction != nil || slices.ContainsFunc(r.rules, func(rule *statementRule) bool { return rule.maxRows != nil || rule.receipt != nil })
}

// Bounds returns up to how many rows a predicate that counts them is narrow: for who
// knows the numbers, which for parameters is the guard at Bind.
func (r *Ruleset) Bounds() Bounds { return r.bounds }

// searchPath is the target's, with "$user" replaced as PostgreSQL does it
// (documentation, 20.11.1, search_path).
func searchPath(t *Target, c Client) []string {
	if len(t.SearchPath) == 0 {
		return defaultSearchPath
	}
	path := make([]string, len(t.SearchPath))
	for i, schema := range t.SearchPath {
		if path[i] = schema; schema == "$user" {
			path[i] = c.User
		}
	}
	return path
}

var defaultSearchPath = []string{"public"}

// Decide judges a query string. Each act of each statement meets the rules in
// order; the first allow or deny that matches it ends its search, and an act that
// none matches is allowed. One refused act refuses the whole string, because the
// statements of a string are one implicit transaction. What is explained is the
// first refused act; failing that, the first that audit mode let pass; failing
// that, the first that a rule wants recorded. Allowing allocates nothing, unless
// it takes an allowance.
func (r *Ruleset) Decide(s *parser.Summary, ctx Context) Decision { return r.decide(s, ctx, nil) }

// decide is Decide without the exceptions whose allowances are used up.
func (r *Ruleset) decide(s *parser.Summary, ctx Context, without []*statementRule) Decision {
	v := verdict{scope: r.scopeOf(&ctx), without: without}
	r.search(s, &ctx, &v)
	d := r.reaching(r.ofReadOnly(v.decision(s, r.audit)), s, &ctx)
	d.sign(r.signs(s, &ctx))
	return d
}

func (r *Ruleset) scopeOf(ctx *Context) scope {
	return scope{path: r.path, changed: ctx.SearchPathChanged, temporaries: ctx.Temporary}
}

// search takes every act through the rules, until nothing that follows can change the
// decision.
func (r *Ruleset) search(s *parser.Summary, ctx *Context, v *verdict) {
	committed := ctx.Committed
	for i := range s.Statements {
		statement := &s.Statements[i]
		if r.readOnly != "" && committed && runsCode(statement) {
			v.denied.keep(&readOnlyTransaction, i, firstAct(statement))
			return
		}
		committed = committed || statement.Kind == "COMMIT"
		if len(statement.Acts) == 0 && r.judge(&plainRead, i, v) {
			return
		}
		for j := range statement.Acts {
			if r.judgeAct(&statement.Acts[j], i, ctx, v) {
				return
			}
		}
		for _, name := range statement.Functions {
			act := parser.Act{Effect: parser.Function, Object: name}
			// Whether it writes, the server says; that it may is what the policy's rules are about.
			if r.counts(name) && r.judgeBy(r.ownRules(), &act, i, v) {
				return
			}
		}
	}
}

// plainRead stands for a statement that touches nothing: SELECT 1.
var plainRead = parser.Act{Effect: parser.Read}

// counts tells whether a policy named this function.
func (r *Ruleset) counts(function string) bool {
	if len(r.counted) == 0 {
		return false
	}
	in, name := splitFunction(function)
	for i := range r.counted {
		if r.counted[i].mayName(in, name) {
			return true
		}
	}
	return false
}

// verdict is what was found so far, worst first.
type verdict struct {
	scope                            scope
	without                          []*statementRule // exceptions that are not made
	overridden                       bool             // an operator lets pass what is not final
	denied, noted, recorded, allowed finding
	claims                           []Claim
	limit                            *Limit
	receipt                          *Receipt
}

// finding is an act and the rule that is about it; the rule is nil if nothing was found.
type finding struct {
	rule      *statementRule
	statement int
	act       parser.Act
}

func (f *finding) keep(rule *statementRule, statement int, act *parser.Act) {
	if f.rule == nil {
		*f = finding{rule, statement, *act}
	}
}

// judge takes one act through the rules. It returns true if nothing that
// follows can change the decision.
func (r *Ruleset) judge(act *parser.Act, statement int, v *verdict) bool {
	return r.judgeBy(0, act, statement, v)
}

// judgeBy is judge by the rules from the first-th on.
func (r *Ruleset) judgeBy(first int, act *parser.Act, statement int, v *verdict) bool {
	for i, rule := range r.rules {
		if i < first || !rule.matches(act, &v.scope) {
			continue
		}
		switch {
		case v.overridden && rule.overruled():
		case rule.allowance != nil && (slices.Contains(v.without, rule) || !r.refuses(act, i+1, &v.scope)):
		case rule.allowance != nil:
			v.claim(rule, statement)
			v.bound(rule, act)
			v.receipted(rule, statement, act)
			v.recorded.keep(rule, statement, act)
			return false
		case rule.action == allow:
			v.bound(rule, act)
			v.receipted(rule, statement, act)
			v.allowed.keep(rule, statement, act)
			return false
		case rule.action == record:
			v.recorded.keep(rule, statement, act)
		case rule.mode == Audit:
			v.noted.keep(rule, statement, act)
		default:
			v.denied.keep(rule, statement, act)
			return true
		}
	}
	return false
}

// decision turns the worst finding into words. In a target in audit mode the
// refusals outrank what a rule in audit mode noted, as they would have.
func (v *verdict) decision(s *parser.Summary, audit bool) Decision {
	var d Decision
	if audit {
		v.limit, v.receipt = nil, nil
	}
	found := &v.denied
	switch {
	case v.denied.rule != nil:
		d.Deny, d.WouldDeny = !audit, audit
	case v.noted.rule != nil:
		found, d.WouldDeny = &v.noted, true
	case v.recorded.rule != nil:
		found, d.Record = &v.recorded, true
	case v.allowed.rule != nil:
		return Decision{Rule: v.allowed.rule.name, Limit: v.limit}
	default:
		return Decision{}
	}
	if !d.Deny {
		d.Claims, d.Limit, d.Receipt = v.claims, v.limit, v.receipt
	}
	d.Rule, d.Statement, d.Act = found.rule.name, found.statement, found.act
	if !d.Record {
		d.Reason = reason(&d.Act, s)
		d.Hint = hint(&d.Act)
	}
	return d
}
