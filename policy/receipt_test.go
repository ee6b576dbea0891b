package policy

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

func TestReceiptIsOfWhatARuleThatAsksForItLetsPass(t *testing.T) {
	rules := rulesOf(t, `statements:
  - {name: plain, action: allow, receipt: true, when: {effect: [delete, truncate, insert], relation: t}}
  - {name: marked, action: allow, receipt: {restore_point: true, copy_rows: 9, copy_schema: saved, without_copy: go_on}, when: {effect: delete, relation: u}}
  - {name: copied, action: allow, receipt: {copy_rows: 5}, when: {effect: ["@destructive", alter], relation: v}}
  - {name: nightly, action: allow, allowance: {per: 20h}, receipt: true, when: {effect: truncate, relation: w}}
`)
	for texts, want := range map[string]string{
		"delete t":              "plain: a receipt",
		"insert t":              "plain: a receipt",
		"delete u":              "marked: a receipt, a restore point, a copy of up to 9 rows of each table in schema saved",
		"truncate v":            "copied: a receipt, a copy of up to 5 rows of each table in schema pgcordon_receipts, or refused",
		"alter v":               "copied: a receipt",
		"truncate w":            "nightly: a receipt",
		"delete t and delete u": "marked: a receipt, a restore point, a copy of up to 9 rows of each table in schema saved",
		"delete u and delete v": "copied: a receipt, a restore point, a copy of up to 5 rows of each table in schema pgcordon_receipts, or refused",
		"read t":                "",
		"delete x":              "",
		"delete t and drop x":   "",
	} {
		got := ""
		d := rules.Decide(summary(acts(t, strings.Split(texts, " and ")...)), Context{})
		if r := d.Receipt; r != nil {
			got = r.Rule + ": " + r.String()
			if r.Uncopied("why").Deny && r.CopyRows > 0 {
				got += ", or refused"
			}
			if !d.Record {
				t.Errorf("%s is not recorded: %+v", texts, d)
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", texts, got, want)
		}
	}
}

func TestWhatIsOnlyDefinedOrTemporaryHasNoReceipt(t *testing.T) {
	rules := rulesOf(t, `statements: [{name: a, action: allow, receipt: true, when: {effect: delete}}]`)
	s := summary(acts(t, "delete t"))
	if d := rules.Decide(s, Context{Temporary: (*Temporaries)(nil).With("t")}); d.Receipt != nil {
		t.Errorf("temporary: %+v", d.Receipt)
	}
	s.Statements[0].Acts[0].Traits = parser.TraitsOf(parser.Deferred)
	if d := rules.Decide(s, Context{}); d.Receipt != nil {
		t.Errorf("deferred: %+v", d.Receipt)
	}
}

func TestTargetInAuditModeWritesNoReceipt(t *testing.T) {
	yaml := strings.Replace(oneTarget, "environment: production", "environment: production\n    mode: audit", 1)
	p := mustParse(t, yaml+`statements: [{name: a, action: allow, receipt: true, when: {effect: delete}}]`)
	if d := p.Ruleset(p.Targets[0], Client{}).Decide(summary(acts(t, "delete t")), Context{}); d.Receipt != nil {
		t.Errorf("%+v", d)
	}
}

func TestStatementsWithAReceiptAreLookedInto(t *testing.T) {
	rules := rulesOf(t, "builtin: false\nstatements: [{name: a, action: allow, receipt: true, when: {effect: [insert, read]}}]")
	if effects, _ := rules.Interest(); !effects.Has(parser.Insert) || effects.Has(parser.Read) {
		t.Errorf("interest in %s", effects)
	}
}

func TestReceiptThatCannotBeMeantIsAnError(t *testing.T) {
	for rule, want := range map[string]string{
		"{name: a, action: deny, receipt: true, when: {effect: delete}}":                           "receipt is for rules with action allow",
		"{name: a, action: allow, receipt: true, when: {effect: read}}":                            "none of them",
		"{name: a, action: allow, receipt: false, when: {effect: delete}}":                         "only true",
		"{name: a, action: allow, receipt: 5, when: {effect: delete}}":                             "expected true or false",
		"{name: a, action: allow, receipt: {copy_rows: 5}, when: {effect: insert}}":                "copy_rows is for the effects update,delete",
		"{name: a, action: allow, receipt: {copy_schema: x}, when: {effect: delete}}":              "copy_schema says nothing without copy_rows",
		"{name: a, action: allow, receipt: {without_copy: go_on}, when: {effect: delete}}":         "without_copy says nothing without copy_rows",
		"{name: a, action: allow, receipt: {copy_rows: 0}, when: {effect: delete}}":                "0 is not between",
		"{name: a, action: allow, receipt: {copy_rows: 5, without_copy: x}, when: {effect: drop}}": "unknown value",
		"{name: a, action: allow, receipt: {restore_points: true}, when: {effect: drop}}":          "did you mean",
	} {
		_, err := Parse("p.yaml", []byte(oneTarget+"statements: ["+rule+"]\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}
