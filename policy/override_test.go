package policy

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

func TestAnOperatorOverrulesWhatIsNotFinal(t *testing.T) {
	const rules = `
admin: {socket: /run/s, break_glass: {}}
statements:
  - {name: events, action: allow, allowance: {per: 1h}, when: {effect: truncate, relation: events}}
  - {name: soft, action: deny, when: {effect: [truncate, drop], relation: [payments, events]}}
  - {name: hard, action: deny, break_glass: false, when: {effect: "@destructive", relation: [payments, events]}}
  - {name: tried, action: deny, mode: audit, break_glass: false, when: {effect: drop}}
`
	r := rulesOf(t, rules)
	if !r.BreakGlass() {
		t.Fatal("operators may not let anything through")
	}
	for sql, want := range map[string]string{
		"TRUNCATE categories":                          "",
		"DROP TABLE categories":                        "",
		"garbage":                                      "",
		"TRUNCATE payments":                            "hard",
		"DELETE FROM payments":                         "hard",
		"TRUNCATE categories; DROP TABLE payments":     "hard",
		"TRUNCATE events":                              "hard",
		"TRUNCATE categories; SELECT * FROM payments":  "",
		"WITH d AS (DELETE FROM payments) TABLE other": "hard",
	} {
		d := r.Override(parser.Summarize(sql, parser.Options{}), Context{})
		if d.Deny != (want != "") || d.Deny && d.Rule != want {
			t.Errorf("%s: %+v, want %q", sql, d, want)
		}
	}
}

func TestOperatorsHaveASayOnlyWhereSomethingIsRefused(t *testing.T) {
	const glass = "admin: {socket: /run/s, break_glass: {approvals: 2}}\n"
	for text, want := range map[string]bool{
		oneTarget: false, oneTarget + glass: true, oneTarget + "    mode: audit\n" + glass: false,
	} {
		p := mustParse(t, text)
		if got := p.Ruleset(p.Targets[0], Client{Source: from("production")}).BreakGlass(); got != want {
			t.Errorf("%t with\n%s", got, text)
		}
	}
}

func TestBreakGlassThatCannotBeMeantIsToldOf(t *testing.T) {
	for text, want := range map[string]string{
		"admin: {break_glass: {}}":                                                        `6:8: key "socket" is missing`,
		"admin: {socket: /s, break_glass: {approvals: 3}}":                                "6:46: 3 is not between 1 and 2",
		"admin: {socket: /s, break_glass: {longest: 25h}}":                                "is not between 1s and 24h0m0s",
		"admin: {socket: /s, break_glass: true}":                                          "6:34: expected a mapping",
		"statements: [{name: a, action: allow, break_glass: no}]":                         "6:52: expected true or false",
		"statements: [{name: a, action: allow, break_glass: true, when: {effect: drop}}]": "6:52: break_glass is for rules with action deny",
	} {
		if got := strings.Join(complaints(t, oneTarget+text), "\n"); !strings.Contains(got, want) {
			t.Errorf("%s\n%s\nwant %s", text, got, want)
		}
	}
}

func TestASecondOperatorWhoCannotComeIsWarnedOf(t *testing.T) {
	for mode, warned := range map[string]bool{"0600": true, "0660": false, "0644": true, "0666": false} {
		p := mustParse(t, oneTarget+`admin: {socket: /run/s, mode: "`+mode+`", break_glass: {approvals: 2}}`)
		if got := strings.Join(places(p.Warnings), "\n"); strings.Contains(got, "takes 2 operators") != warned {
			t.Errorf("mode %s: %s", mode, got)
		}
	}
}
