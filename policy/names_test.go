package policy

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

func TestNameWithoutASchemaMayMeanSeveralRelations(t *testing.T) {
	policyFor := func(path string) *Ruleset {
		p := mustParse(t, strings.Replace(oneTarget, "name: shop", "name: shop\n    search_path: "+path, 1)+`builtin: false
statements:
  - {name: let, action: allow, when: {effect: truncate, relation: app.let}}
  - {name: stop, action: deny, when: {effect: drop, relation: [app.stop, pg_catalog.pg_class]}}
  - {name: rest, action: deny, when: {effect: truncate}}
`)
		return p.Ruleset(p.Targets[0], Client{User: "app"})
	}
	tests := []struct {
		path, act string
		changed   bool
		want      string
	}{
		{"[public]", "drop stop", false, "allow"},
		{"[public]", "drop stop", true, "deny stop"},
		{"[public]", "drop app.stop", true, "deny stop"},
		{"[public]", "drop public.stop", true, "allow"},
		{"[app]", "drop stop", false, "deny stop"},
		{"[app, public]", "drop stop", false, "deny stop"},
		{"[public, app]", "drop stop", false, "deny stop"},
		{`["$user"]`, "drop stop", false, "deny stop"},
		{"[public]", "drop pg_class", false, "deny stop"},
		{"[public]", "drop App.stop", false, "allow"},
		{"[app]", "truncate let", false, "allow"},
		{"[app]", "truncate let", true, "deny rest"},
		{"[app]", "truncate app.let", true, "allow"},
		{"[app, public]", "truncate let", false, "deny rest"},
		{"[public]", "truncate let", false, "deny rest"},
	}
	for _, test := range tests {
		got := policyFor(test.path).Decide(summary(acts(t, test.act)), Context{SearchPathChanged: test.changed})
		if outcome(got) != test.want {
			t.Errorf("%s with path %s, changed %v: %s, want %s", test.act, test.path, test.changed, outcome(got), test.want)
		}
	}
}

func TestFunctionsThatThePolicyNamesAreActs(t *testing.T) {
	calls := func(names ...string) *parser.Summary {
		return &parser.Summary{Parsed: true, Statements: []parser.Statement{{}, {
			Acts: []parser.Act{{Effect: parser.Read}}, Functions: names}}}
	}
	tests := []struct {
		statements, function, want string
	}{
		{"functions: App.purge\nstatements: [{name: no, action: deny, when: {effect: function}}]\n", "app.purge", "deny no"},
		{"functions: app.purge\nstatements: [{name: no, action: deny, when: {effect: function}}]\n", "purge", "deny no"},
		{"functions: app.purge\nstatements: [{name: no, action: deny, when: {effect: function}}]\n", "other.purge", "allow"},
		{"functions: app.purge\nstatements: [{name: no, action: deny, when: {effect: function}}]\n", "app.purge2", "allow"},
		{"statements: [{name: no, action: deny, when: {effect: function}}]\n", "app.purge", "allow"},
		{"statements: [{name: no, action: deny, when: {function: purge}}]\n", "any.purge", "deny no"},
		{"statements: [{name: no, action: deny, when: {function: \"purge_*\"}}]\n", "purge_all", "deny no"},
		{"statements: [{name: no, action: deny, when: {function: app.purge}}]\n", "purge", "allow"},
		{"statements: [{name: no, action: deny, when: {function: pg_catalog.pg_sleep}}]\n", "pg_sleep", "deny no"},
		{"functions: [app.a, app.b]\nstatements: [{name: yes, action: allow, when: {function: app.a}}, {name: no, action: deny, when: {effect: function}}]\n", "app.a", "allow"},
		{"functions: [app.a, app.b]\nstatements: [{name: yes, action: allow, when: {function: app.a}}, {name: no, action: deny, when: {effect: function}}]\n", "app.b", "deny no"},
	}
	for _, test := range tests {
		r := rulesOf(t, test.statements)
		got := r.Decide(calls("now", test.function), Context{})
		if outcome(got) != test.want {
			t.Errorf("%s under %s: %s, want %s", test.function, test.statements, outcome(got), test.want)
		}
		if got.Deny && (got.Statement != 1 || got.Act.Object != test.function) {
			t.Errorf("%s is blamed on %+v of statement %d", test.function, got.Act, got.Statement)
		}
	}
}
