package policy

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/identity"
)

// twoTargets is a policy of which tests must name the target.
const twoTargets = oneTarget + `  - {name: copy, environment: staging, listen: "127.0.0.1:6433", upstream: "127.0.0.1:5433"}
sources: [{name: pods, environment: production, cidr: 10.30.0.0/16}]
sessions: [{name: no-superuser, action: deny, when: {user: postgres}}]
statements:
  - {name: carts, action: allow, when: {relation: carts}}
  - {name: no-locks, action: deny, when: {effect: lock}}
`

func TestEveryKeyOfATestArrivesWhereItBelongs(t *testing.T) {
	tests, err := ParseTests("p.test.yaml", []byte(`defaults: {source: {environment: staging}, target: shop, user: app}
tests:
  - name: everything
    source:
      environment: production
      address: 10.30.1.7
      balancer: "::1"
      certificate: {cn: batch-7, o: [A, B], ou: U, dns: D, uri: U, email: E, issuer: I}
    target: copy
    user: ada
    database: orders
    application: psql
    options: -c search_path=app
    replication: true
    login: would_deny
    rule: no-superuser
    steps:
      - {deny: [a, b], rule: no-locks, after: 1h}
      - {record: c, parameters: [7, "7", ~, true, 1e3]}
  - name: defaults
    login: deny
  - {name: socket, source: {unix: true}, login: allow}
`), mustParse(t, twoTargets))
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) *string { return &s }
	same(t, tests.Path, "p.test.yaml")
	same(t, tests.List[0], Test{
		Name: "everything", Place: Place{3, 5},
		Source: TestSource{Environment: "production", Facts: identity.Facts{
			Address: netip.MustParseAddr("10.30.1.7"), Balancer: netip.MustParseAddr("::1"),
			Certificate: &identity.Certificate{CommonName: "batch-7", Organization: []string{"A", "B"}, Unit: []string{"U"},
				DNS: []string{"D"}, URI: []string{"U"}, Email: []string{"E"}, Issuer: "I"}}},
		Target: "copy", User: "ada", Database: "orders", Application: "psql", Options: "-c search_path=app", Replication: true,
		Login: Expectation{"would_deny", "no-superuser"},
		Steps: []Step{
			{Place: Place{18, 9}, After: time.Hour, SQL: []Text{{"a", Place{18, 17}}, {"b", Place{18, 20}}}, Expectation: Expectation{"deny", "no-locks"}},
			{Place: Place{19, 9}, SQL: []Text{{"c", Place{19, 18}}}, Expectation: Expectation{"record", ""},
				Parameters: []*string{text("7"), text("7"), nil, text("true"), text("1e3")}},
		},
	})
	same(t, tests.List[1], Test{Name: "defaults", Place: Place{20, 5}, Source: TestSource{Environment: "staging"},
		Target: "shop", User: "app", Login: Expectation{Decision: "deny"}})
	same(t, tests.List[2].Source, TestSource{Facts: identity.Facts{Unix: true}})
}

func TestEveryMistakeInATestIsNamedWithItsPlace(t *testing.T) {
	const begin = "defaults: {source: {environment: production}, target: shop}\ntests:\n"
	for _, test := range []struct {
		name, content string
		want          []string
	}{
		{"empty file", "", []string{"1:1: the file is empty; list what must be decided under tests:, each with name, source and login or steps"}},
		{"no tests", "defaults: {user: app}\n", []string{
			`1:1: key "tests" is missing: the tests, each a session of its own: list what must be decided under tests:, each with name, source and login or steps`}},
		{"key of the policy", begin + "  - {name: a, when: {user: app}, login: deny}\n", []string{
			`3:15: unknown key "when"; known are name, source, target, user, database, application, options, replication, login, rule, steps`}},
		{"misspelt keys", "default: {user: app}\ntests:\n  - {name: a, source: {adress: 10.30.1.7}, target: shop, step: []}\n", []string{
			`1:1: unknown key "default"; did you mean "defaults"?`,
			`3:24: unknown key "adress"; did you mean "address"?`,
			`3:58: unknown key "step"; did you mean "steps"?`}},
		{"mistake in defaults, once", "defaults: {source: {address: localhost}}\ntests:\n  - {name: a, source: {environment: unknown}, target: shop, login: deny}\n", []string{
			`1:30: "localhost" is not an address; write 10.30.1.7 or fd00:30::1`}},
		{"no source", "tests:\n  - {name: a, target: shop, login: deny}\n", []string{
			"2:5: where does the client come from? write source: {address: 10.30.1.7} or {environment: staging}, here or in defaults"}},
		{"source that says nothing", begin + "  - {name: a, source: {}, login: deny}\n", []string{
			"3:23: the source says nothing; write {address: 10.30.1.7} or {environment: staging}"}},
		{"environment that nobody has", begin + "  - {name: a, source: {environment: stagging}, login: deny}\n", []string{
			`3:37: no source and no target is of environment "stagging"; did you mean "staging"?`}},
		{"address of a socket", begin + "  - {name: a, source: {unix: true, address: 10.30.1.7}, login: deny}\n", []string{
			"3:30: a client of a unix socket has no address"}},
		{"no target", "tests:\n  - {name: a, source: {unix: true}, login: deny}\n", []string{
			"2:5: the policy has several targets: name one under target, here or in defaults"}},
		{"unknown target", begin + "  - {name: a, target: shopp, login: deny}\n", []string{
			`3:23: no target "shopp"; did you mean "shop"?`}},
		{"nothing expected", begin + "  - name: a\n", []string{"3:5: nothing is expected; add login or steps"}},
		{"steps of a session that is denied", begin + "  - {name: a, login: deny, steps: [{allow: SELECT 1}]}\n", []string{
			"3:35: a session that is denied sends nothing; leave steps out"}},
		{"two tests of one name", begin + "  - {name: a, login: deny}\n  - {name: a, login: allow}\n", []string{
			`4:12: the name "a" is already taken in line 3`}},
		{"unknown decision", begin + "  - {name: a, login: refuse}\n", []string{`3:22: unknown decision "refuse"; did you mean "deny"?`}},
		{"step without a decision", begin + "  - {name: a, steps: [{rule: carts}]}\n", []string{
			"3:23: no SQL: write allow, deny, would_deny or record, and behind it what is sent"}},
		{"step with two", begin + "  - {name: a, steps: [{allow: SELECT 1, deny: SELECT 2}]}\n", []string{
			"3:47: one step has one decision; allow is given too"}},
		{"step as text", begin + "  - {name: a, steps: [SELECT 1]}\n", []string{`3:23: expected a mapping, found the text "SELECT 1"`}},
		{"sql under a key of its own", begin + "  - {name: a, steps: [{sql: SELECT 1, expect: deny}]}\n", []string{
			`3:24: unknown key "sql"; known are allow, deny, would_deny, record, rule, parameters, after`,
			`3:39: unknown key "expect"; known are allow, deny, would_deny, record, rule, parameters, after`}},
		{"rule of another list", begin + "  - {name: a, rule: carts}\n", []string{
			`3:21: no rule "carts"; known are no-superuser, builtin/unknown-source, builtin/cross-environment, builtin/replication, builtin/same-environment`}},
		{"rules of steps", begin + "  - {name: a, steps: [{allow: SELECT 1, rule: no-superuser}, {deny: LOCK a, rule: no-lock}]}\n", []string{
			`3:47: no rule "no-superuser"; known are ` + strings.Join(mustParse(t, twoTargets).statementRuleNames(), ", "),
			`3:83: no rule "no-lock"; did you mean "no-locks"?`}},
		{"parameters that are no values", begin + "  - {name: a, steps: [{allow: SELECT $1, parameters: [[1]]}]}\n", []string{
			"3:55: expected a value, or ~ for NULL, found a list"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseTests("p.yaml", []byte(test.content), mustParse(t, twoTargets))
			var list Errors
			if !errors.As(err, &list) {
				t.Fatalf("%T instead of Errors: %v", err, err)
			}
			compare(t, places(list), test.want)
		})
	}
}

func TestTestsLieBesideTheirPolicy(t *testing.T) {
	for path, want := range map[string]string{
		"pgcordon.yaml": "pgcordon.test.yaml", "/etc/a.b/guard.yml": "/etc/a.b/guard.test.yml", "policy": "policy.test",
	} {
		if got := TestsBeside(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestDenyRulesHavePlaces(t *testing.T) {
	p := mustParse(t, twoTargets)
	rules, at := p.DenyRules()
	same(t, rules, []RuleName{{true, "no-superuser"}, {false, "no-locks"}})
	same(t, at, []Place{{8, 12}, {11, 5}})
}
