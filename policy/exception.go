package policy

import (
	"fmt"
	"time"

	"github.com/pgcordon/pgcordon/parser"
)

// refuses tells whether an act meets a refusal from the i-th rule on. Only what does
// needs an exception, and so uses up an allowance.
func (r *Ruleset) refuses(act *parser.Act, i int, s *scope) bool {
	for _, rule := range r.rules[i:] {
		if rule.decides() && rule.matches(act, s) {
			return rule.action == deny
		}
	}
	return false
}

// claim counts a statement for a rule, once.
func (v *verdict) claim(rule *statementRule, statement int) {
	for i := range v.claims {
		if c := &v.claims[i]; c.rule == rule {
			if c.last != statement {
				c.last = statement
				c.statements++
			}
			return
		}
	}
	v.claims = append(v.claims, Claim{rule: rule, last: statement, statements: 1})
}

// Settle makes a decision final that rests on allowances, at the moment the string
// executes. claim takes what is claimed, as Allowances.Claim does. What an allowance
// does not cover is decided by the rules behind it; the reason then says so.
func (r *Ruleset) Settle(d Decision, s *parser.Summary, ctx Context, claim func([]Claim) *Spent) Decision {
	var without []*statementRule
	var last *Spent
	for len(d.Claims) > 0 {
		spent := claim(d.Claims)
		if spent == nil {
			d.Claims = nil
			return d
		}
		without, last = append(without, spent.rule), spent
		d = r.decide(s, ctx, without)
	}
	if last != nil && (d.Deny || d.WouldDeny) {
		d.Reason += "; " + last.reason()
		d.Hint = last.hint() + d.Hint
	}
	return d
}

func (s *Spent) reason() string {
	text := fmt.Sprintf("rule %s allows no more than %s", s.rule.name, s.rule.allowance)
	if s.next.IsZero() {
		return text + ", and here are more at once"
	}
	return text + ", next at " + s.next.UTC().Format(time.RFC3339)
}

func (s *Spent) hint() string {
	if s.next.IsZero() {
		return "send fewer statements at once, or "
	}
	return "wait until " + s.next.UTC().Format(time.RFC3339) + ", or "
}
