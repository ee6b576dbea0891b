package policy

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

func limitOf(t *testing.T, yaml string, texts ...string) *Limit {
	t.Helper()
	return rulesOf(t, yaml).Decide(summary(acts(t, texts...)), Context{}).Limit
}

func TestTheLowestLimitOfAStatementCounts(t *testing.T) {
	const yaml = `statements:
  - {name: few, action: allow, max_rows: 5, when: {effect: delete, relation: t}}
  - {name: many, action: allow, max_rows: 50, when: {effect: [update, delete]}}
`
	for texts, want := range map[string]string{
		"delete t":                "few",
		"delete u":                "many",
		"update u and delete t":   "few",
		"delete t and update u":   "few",
		"insert t":                "",
		"read t and delete u":     "many",
		"delete t and truncate t": "",
	} {
		l := limitOf(t, yaml, strings.Split(texts, " and ")...)
		switch {
		case l == nil && want != "", l != nil && l.Rule != want:
			t.Errorf("%s: %+v, want %q", texts, l, want)
		}
	}
}

func TestWhatIsOnlyDefinedHasNoLimit(t *testing.T) {
	s := summary(acts(t, "delete t"))
	s.Statements[0].Acts[0].Traits = parser.TraitsOf(parser.Deferred)
	if d := rulesOf(t, `statements: [{name: few, action: allow, max_rows: 5, when: {effect: delete}}]`).Decide(s, Context{}); d.Limit != nil {
		t.Errorf("%+v", d.Limit)
	}
}

func TestLimitIsExceededByOneRowMore(t *testing.T) {
	l := &Limit{Rows: 5, Rule: "few"}
	for rows, deny := range map[int64]bool{0: false, 5: false, 6: true, -1: true} {
		if d := l.Exceeded(rows); d.Deny != deny || deny && (d.Rule != "few" || d.Reason == "" || d.Hint == "") {
			t.Errorf("%d rows: %+v", rows, d)
		}
	}
}

func TestStatementsUnderALimitAreLookedInto(t *testing.T) {
	rules := rulesOf(t, "builtin: false\nstatements: [{name: few, action: allow, max_rows: 5, when: {effect: insert}}]")
	if effects, _ := rules.Interest(); !effects.Has(parser.Insert) || effects.Has(parser.Delete) {
		t.Errorf("interest in %s", effects)
	}
}

func TestLimitIsOfWhatIsAllowedAndCounted(t *testing.T) {
	for rule, want := range map[string]string{
		"{name: a, action: deny, max_rows: 5, when: {effect: delete}}":                 "max_rows is for rules with action allow",
		"{name: a, action: allow, max_rows: 5}":                                        "whose rows are counted",
		"{name: a, action: allow, max_rows: 5, when: {effect: [delete, truncate]}}":    "whose rows are counted",
		"{name: a, action: allow, max_rows: 0, when: {effect: delete}}":                "0 is not between",
		"{name: a, action: allow, max_rows: 5, when: {effect: [delete, merge, copy]}}": "copy",
	} {
		_, err := Parse("p.yaml", []byte(oneTarget+"statements: ["+rule+"]\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}
