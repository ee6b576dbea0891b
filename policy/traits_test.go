package policy

import (
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

func TestRulesTellActsByTheirTraits(t *testing.T) {
	const rules = `statements:
  - {name: functions, action: allow, when: {effect: [truncate, dynamic], trait: deferred}}
  - {name: guards, action: deny, when: {trait: [disable_trigger, disable_row_security]}}
  - {name: renames, action: deny, when: {effect: alter, relation: orders, trait: rename}}
  - {name: scratch, action: deny, when: {effect: update, trait: temporary}}
`
	tests := []struct {
		act    string
		traits parser.TraitSet
		want   string
	}{
		{"truncate orders", parser.TraitsOf(parser.Deferred), "allow"},
		{"truncate orders", parser.TraitsOf(parser.Cascade, parser.Deferred), "allow"},
		{"truncate orders", parser.TraitsOf(parser.Cascade), "deny builtin/truncate"},
		{"dynamic -", parser.TraitsOf(parser.Deferred), "allow"},
		{"dynamic -", 0, "deny builtin/dynamic"},
		{"alter orders", parser.TraitsOf(parser.DisableRowSecurity), "deny guards"},
		{"alter orders", parser.TraitsOf(parser.Rename), "deny renames"},
		{"alter orders", 0, "allow"},
		{"alter orders_id_seq", parser.TraitsOf(parser.Restart), "deny builtin/restart"},
		{"alter -", parser.TraitsOf(parser.Persistent), "deny builtin/persistent-setting"},
		{"delete scratch none", parser.TraitsOf(parser.Temporary), "allow"},
		{"delete scratch none", 0, "deny builtin/unbounded-delete"},
		{"update scratch none", parser.TraitsOf(parser.Temporary), "deny scratch"},
	}
	r := rulesOf(t, rules)
	for _, test := range tests {
		a := act(t, test.act)
		a.Traits = test.traits
		if got := outcome(r.Decide(summary([]parser.Act{a}), Context{})); got != test.want {
			t.Errorf("%s %v: %s, want %s", test.act, test.traits, got, test.want)
		}
	}
}

func TestNameThatTheTextDoesNotTellIsAnyForADenyAndNoneForAnAllow(t *testing.T) {
	tests := []struct{ statements, act, want string }{
		{"[{name: no, action: deny, when: {effect: insert, relation: payments}}]", "insert ?", "deny no"},
		{"[{name: no, action: deny, when: {effect: insert, relation: shop.payments}}]", "insert ?.payments", "deny no"},
		{"[{name: no, action: deny, when: {effect: insert, relation: shop.payments}}]", "insert ?.orders", "allow"},
		{"[{name: no, action: deny, when: {effect: insert, relation: shop.payments}}]", "insert public.?", "allow"},
		{"[{name: yes, action: allow, when: {effect: drop, relation: [tmp, \"?\"]}}]", "drop ?", "deny builtin/drop"},
		{"[{name: yes, action: allow, when: {effect: drop, relation: scratch.tmp}}]", "drop ?.tmp", "deny builtin/drop"},
		{"[{name: yes, action: allow, when: {effect: drop, relation: \"*\"}}]", "drop ?", "allow"},
		{"[{name: no, action: deny, when: {function: purge}}]", "function ?", "deny no"},
	}
	for _, test := range tests {
		r := rulesOf(t, "statements: "+test.statements+"\n")
		if got := outcome(r.Decide(summary(acts(t, test.act)), Context{})); got != test.want {
			t.Errorf("%s under %s: %s, want %s", test.act, test.statements, got, test.want)
		}
	}
	named := &parser.Summary{Statements: []parser.Statement{{Functions: []string{"?"}}}}
	r := rulesOf(t, "statements: [{name: no, action: deny, when: {function: purge}}]\n")
	if got := outcome(r.Decide(named, Context{})); got != "deny no" {
		t.Errorf("a call of any function: %s", got)
	}
}
