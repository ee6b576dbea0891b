package rehearsal

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/policy"
)

const head = `targets:
  - {name: shop, environment: production, listen: "127.0.0.1:1", upstream: "127.0.0.1:2"}
sources:
  - {name: pods, environment: production, cidr: 10.30.0.0/16}
  - {name: stage, environment: staging, cidr: 10.20.0.0/16}
`

// play runs one test and returns its failures, a line each.
func play(t *testing.T, rules, test string) string {
	t.Helper()
	p, err := policy.Parse("p.yaml", []byte(head+rules))
	if err != nil {
		t.Fatal(err)
	}
	tests, err := policy.ParseTests("p.test.yaml",
		[]byte("defaults: {source: {environment: production}, user: app}\ntests:\n  - name: it\n"+test), p)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range Play(p, &tests.List[0]).Failures {
		lines = append(lines, fmt.Sprintf("%d: %s: want %s, got %s", f.Place.Line, f.What, f.Want, f.Got))
	}
	return strings.Join(lines, "\n")
}

func TestStateOfTheSessionCarriesFromStepToStep(t *testing.T) {
	const schemas = "statements: [{name: mine, action: allow, when: {effect: truncate, relation: public.t}}]\n"
	for _, c := range []struct{ name, rules, test string }{
		{"search path", schemas, `
    steps:
      - {allow: TRUNCATE t, rule: mine}
      - allow: SET search_path = other
      - {deny: TRUNCATE t, rule: builtin/truncate}
      - {allow: TRUNCATE public.t, rule: mine}
`},
		{"search path of the startup packet", schemas, `
    options: -c search_path=other
    steps:
      - {deny: TRUNCATE t, rule: builtin/truncate}
`},
		{"application name of the options", "sessions: [{name: psql, action: deny, when: {application: psql}}]\n", `
    options: -c application_name=psql
    login: deny
    rule: psql
`},
		{"tripwires", "builtin: false\ntripwires: [{name: w, tables: 3, within: 1m, quarantine: 1h}]\n", `
    steps:
      - allow: [TRUNCATE a, DELETE FROM b, TRUNCATE a]
      - {allow: TRUNCATE c, after: 60s}
      - allow: TRUNCATE d
      - {deny: TRUNCATE e, rule: builtin/tripwire}
      - allow: DELETE FROM e WHERE id = 1
`},
		{"read-only session", "sessions: [{name: lookers, action: allow, read_only: true}]\nstatements: [{name: all, action: allow}]\n", `
    rule: lookers
    steps:
      - allow: [BEGIN READ ONLY, SELECT 1, COMMIT]
      - {deny: [BEGIN READ WRITE, DELETE FROM t WHERE id = 1], rule: builtin/read-only}
      - {deny: COMMIT; SELECT 1, rule: builtin/read-only-transaction}
`},
		{"tripwires that know a test suite by its name", "builtin: false\ntripwires: [{name: w, test_suite: true, applications: \"pytest*\"}]\n", `
    application: pytest-7
    steps:
      - {deny: TRUNCATE a, rule: builtin/tripwire}
`},
		{"tripwires that count refusals", "tripwires: [{name: w, refusals: 2, within: 1m}, {name: v, tables: 9, within: 1m}]\nstatements: [{name: c, action: allow, when: {effect: truncate, relation: c}}]\n", `
    steps:
      - allow: TRUNCATE c
      - deny: [TRUNCATE a, TRUNCATE a]
      - {deny: TRUNCATE c, rule: builtin/tripwire}
`},
		{"tripwires in audit mode", "builtin: false\ntripwires: [{name: w, tables: 1, within: 1m, mode: audit}]\n", `
    steps:
      - allow: TRUNCATE a
`},
		{"strings with escapes", "", `
    steps:
      - allow: SELECT '\''; TRUNCATE t; --'
      - allow: SET standard_conforming_strings TO off
      - {deny: "SELECT '\\''; TRUNCATE t; --'", rule: builtin/truncate}
      - allow: SET standard_conforming_strings = on
      - allow: SELECT '\''; TRUNCATE t; --'
`},
		{"strings with escapes from the start", "", `
    options: -c standard_conforming_strings=off
    steps:
      - {deny: "SELECT '\\''; TRUNCATE t; --'", rule: builtin/truncate}
`},
		{"encoding", "", `
    steps:
      - allow: "SELECT 'ä'; DELETE FROM t WHERE id = 7"
      - allow: SET client_encoding = 'no_such'
      - {deny: "SELECT 'ä'; DELETE FROM t WHERE id = 7", rule: builtin/unknown}
`},
		{"prepared in SQL", strings.Replace(schemas, "truncate", "delete", 1), `
    steps:
      - {allow: PREPARE p AS DELETE FROM t, rule: mine}
      - allow: EXECUTE p
      - allow: SET search_path = other
      - {deny: EXECUTE p, rule: builtin/unbounded-delete}
`},
		{"temporary tables", "", `
    steps:
      - {deny: TRUNCATE t, rule: builtin/truncate}
      - allow: [CREATE TEMP TABLE t (a int), TRUNCATE t, DELETE FROM t]
      - {deny: TRUNCATE u, rule: builtin/truncate}
      - allow: DROP TABLE t
      - {deny: DROP TABLE t, rule: builtin/drop}
`},
		{"a temporary table that is rolled back", "", `
    steps:
      - allow: [BEGIN, CREATE TEMP TABLE t (a int), TRUNCATE t, ROLLBACK]
      - {deny: TRUNCATE t, rule: builtin/truncate}
`},
		{"several statements", "", `
    steps:
      - {deny: "BEGIN; DELETE FROM t WHERE id = 7; DROP TABLE t", rule: builtin/drop}
`},
		{"parameters", "", `
    steps:
      - {allow: DELETE FROM t WHERE id = $1, parameters: [7]}
      - {deny: DELETE FROM t WHERE id > $1, parameters: [0], rule: builtin/unbounded-delete}
`},
		{"refused within a transaction", "", `
    steps:
      - allow: BEGIN
      - deny: [DROP TABLE t, DROP TABLE u]
      - allow: [ROLLBACK, DELETE FROM t WHERE id = 7]
`},
		{"time that passes", "statements: [{name: once, action: allow, allowance: {per: 24h}, when: {effect: truncate}}]\n", `
    steps:
      - {record: TRUNCATE t, rule: once}
      - {deny: TRUNCATE t, after: 23h59m59s}
      - {record: TRUNCATE t, after: 1s}
      - {deny: TRUNCATE $1, parameters: [x]}
`},
		{"a rule that only watches", "statements: [{name: see, action: deny, mode: audit, when: {effect: insert}}]\n", `
    steps:
      - {would_deny: INSERT INTO t VALUES (1), rule: see}
`},
		{"replication", "sessions: [{name: standby, action: allow, when: {replication: true}}]\nstatements: [{name: no, action: deny, when: {effect: replication}}]\n", `
    replication: true
    rule: standby
    steps:
      - {deny: IDENTIFY_SYSTEM, rule: no}
`},
		{"a rule that was not needed", "statements: [{name: reads, action: allow, when: {effect: read}}]\n", `
    steps:
      - {allow: SELECT * FROM t, rule: reads}
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := play(t, c.rules, c.test); got != "" {
				t.Error(got)
			}
		})
	}
}

func TestWhatIsNotAsExpectedIsAFailure(t *testing.T) {
	for _, c := range []struct{ name, test, want string }{
		{"environment", "    source: {address: 10.20.0.1, environment: production}\n    login: deny\n",
			"3: source: want environment production, got environment staging"},
		{"login", "    source: {address: 10.20.0.1}\n    steps: [{allow: SELECT 1}]\n",
			"3: login: want allow, got deny by rule builtin/cross-environment\n5: steps: want 1, got none: the session is denied"},
		{"rule of the login", "    source: {address: 10.20.0.1}\n    login: deny\n    rule: builtin/unknown-source\n",
			"3: login: want deny by rule builtin/unknown-source, got deny by rule builtin/cross-environment"},
		{"login that cannot be", "    options: -c a=b\n    user: " + strings.Repeat("x", 64) + "\n    login: allow\n",
			"3: login: want allow, got error user or database name longer than 63 bytes"},
		{"each text", "    steps: [{allow: [SELECT 1, DROP TABLE t, DROP TABLE u]}]\n",
			"4: DROP TABLE t: want allow, got deny by rule builtin/drop\n4: DROP TABLE u: want allow, got deny by rule builtin/drop"},
		{"rule", "    steps: [{deny: DROP TABLE t, rule: builtin/truncate}]\n",
			"4: DROP TABLE t: want deny by rule builtin/truncate, got deny by rule builtin/drop"},
		{"rule of what is allowed", "    steps: [{allow: SELECT 1, rule: builtin/truncate}]\n",
			"4: SELECT 1: want allow by rule builtin/truncate, got allow"},
		{"what only a server knows", "    steps: [{allow: RESET client_encoding}, {allow: SELECT 1}]\n",
			"4: SELECT 1: want allow, got unknown"},
		{"the same in a transaction", "    steps: [{allow: [BEGIN, SET client_encoding = latin1]}, {allow: SELECT 1}]\n",
			"4: SELECT 1: want allow, got unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := play(t, "", c.test); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestDeniedNamesTheRulesThatDeny(t *testing.T) {
	p, err := policy.Parse("p.yaml", []byte(head+`sessions: [{name: tried, action: deny, mode: audit}]
statements: [{name: no, action: deny, when: {effect: lock}}, {name: not-yet, action: deny, mode: audit, when: {effect: insert}}]
`))
	if err != nil {
		t.Fatal(err)
	}
	tests, err := policy.ParseTests("p.test.yaml", []byte(`tests:
  - name: it
    source: {environment: production}
    login: would_deny
    steps: [{deny: LOCK t}, {would_deny: INSERT INTO t VALUES (1)}, {allow: SELECT 1}]
`), p)
	if err != nil {
		t.Fatal(err)
	}
	r := Play(p, &tests.List[0])
	if got := fmt.Sprint(r.Denied); got != "[sessions: tried statements: no statements: not-yet]" || r.Decisions != 4 || r.Failures != nil {
		t.Errorf("%s, %d decisions, %+v", got, r.Decisions, r.Failures)
	}
}
