package policy

import (
	"strings"
	"testing"
)

func TestSetsOfTheFileStandForTheirEffects(t *testing.T) {
	// The rule stands above the sets that it uses, and one set uses another.
	r := rulesOf(t, `builtin: false
statements:
  - {name: no, action: deny, when: {effect: ["@vanishing", lock]}}
sets:
  removal: [delete, "@schema_change"]
  vanishing: ["@removal", truncate]
`)
	for text, want := range map[string]string{
		"delete x key": "deny no", "alter x": "deny no", "truncate x": "deny no", "lock x": "deny no",
		"update x none": "allow", "insert x": "allow",
	} {
		if got := outcome(r.Decide(summary(acts(t, text)), Context{})); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestASetOfOneFileIsNoneOfTheNext(t *testing.T) {
	mustParse(t, oneTarget+"sets: {mine: delete}\n")
	compare(t, complaints(t, oneTarget+"statements: [{name: x, action: deny, when: {effect: '@mine'}}]\n"), []string{
		`6:53: unknown effect "@mine"; known are ` + strings.Join(effectWords(), ", ")})
}

func TestMistakesInSetsAreNamedWithTheirPlace(t *testing.T) {
	tests := []struct {
		name, content string
		want          []string
	}{
		{"a list", "sets: [delete]\n", []string{"6:7: expected a mapping from names to effects, found a list"}},
		{"nothing", "sets: {a: []}\n", []string{"6:11: the list is empty; leave the key out instead"}},
		{"names", "sets: {'@a': read, B: read, read-only: read, read: read}\n", []string{
			"6:8: the name of a set is written without @ where it is declared: a",
			`6:20: "B" is no name for a set; use small letters, digits and _ and begin with a letter`,
			`6:29: "read-only" is no name for a set; use small letters, digits and _ and begin with a letter`,
			"6:46: the set @read is built in; choose another name"}},
		{"twice", "sets:\n  a: read\n  a: delete\n", []string{"8:3: the set @a is already declared in line 7"}},
		{"no effect", "sets: {a: [delte]}\n", []string{`6:12: unknown effect "delte"; did you mean "delete"?`}},
		{"below", "sets:\n  a: '@housekeeping'\n  housekeeping: delete\n", []string{
			"7:6: the set @housekeeping is declared in line 8; declare it above the sets that use it"}},
		{"without its @", "sets: {mine: delete}\nstatements: [{name: x, action: deny, when: {effect: mine}}]\n", []string{
			`7:53: unknown effect "mine"; the set is written "@mine", in quotes`}},
		{"misspelt", "sets: {housekeeping: delete}\nstatements: [{name: x, action: deny, when: {effect: '@housekeping'}}]\n", []string{
			`7:53: unknown effect "@housekeping"; did you mean "@housekeeping"?`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			compare(t, complaints(t, oneTarget+test.content), test.want)
		})
	}
}
