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

func TestEveryRuleThatLetsAnActPassSetsItsBound(t *testing.T) {
	const yaml = `statements:
  - {name: few, action: allow, max_rows: 5, when: {effect: delete, relation: t}}
  - {name: many, action: allow, max_rows: 50, when: {effect: [update, delete]}}
`
	for texts, want := range map[string]string{
		"delete t":                "few",
		"delete u":                "many",
		"update u and delete t":   "many few",
		"delete t and update u":   "few many",
		"delete t and delete t":   "few",
		"insert t":                "",
		"read t and delete u":     "many",
		"delete t and truncate t": "",
	} {
		got := ""
		if l := limitOf(t, yaml, strings.Split(texts, " and ")...); l != nil {
			got = strings.Join(l.Rules(), " ")
		}
		if got != want {
			t.Errorf("%s: %q, want %q", texts, got, want)
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
	l := &Limit{[]bound{
		{maxRows: maxRows{statement: 5, transaction: 8}, rule: "few"},
		{maxRows: maxRows{share: 0.5, estimate: 100}, rule: "half"},
	}}
	before := func(rule string) int64 { return map[string]int64{"few": 4}[rule] }
	none := func(string) int64 { return 0 }
	for name, c := range map[string]struct {
		decision Decision
		rule     string
	}{
		"as many as it may":       {l.Exceeded(5, none), ""},
		"one more":                {l.Exceeded(6, none), "few"},
		"all of the transaction":  {l.Exceeded(4, before), ""},
		"more in the transaction": {l.Exceeded(5, before), "few"},
		"half":                    {l.Excessive([]Changes{{Rows: 10, Updated: 2, Deleted: 3, Inserted: 9}}), ""},
		"more than half":          {l.Excessive([]Changes{{Rows: 100, Updated: 1}, {Rows: 10, Updated: 6}}), "half"},
		"statistics that lie":     {l.Excessive([]Changes{{Rows: -1, Deleted: 3}}), "half"},
		"expected":                {l.Expected(100), ""},
		"more than expected":      {l.Expected(101), "half"},
		"cannot be counted":       {l.Uncountable("it cannot"), "few"},
	} {
		if d := c.decision; d.Deny != (c.rule != "") || d.Rule != c.rule || d.Deny && (d.Reason == "" || d.Hint == "") {
			t.Errorf("%s: %+v", name, d)
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
		"{name: a, action: allow, max_rows: {}, when: {effect: delete}}":               "nothing is bounded",
		"{name: a, action: allow, max_rows: {share: 10}, when: {effect: delete}}":      "expected text",
		"{name: a, action: allow, max_rows: {share: 0%}, when: {effect: delete}}":      "is not a share",
		"{name: a, action: allow, max_rows: {share: 101%}, when: {effect: delete}}":    "is not a share",
	} {
		_, err := Parse("p.yaml", []byte(oneTarget+"statements: ["+rule+"]\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}
