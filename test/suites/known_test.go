package suites

import (
	"testing"
)

const listed = `# Because of this,
# and of that.
limits regress rules.out
- 1 | 2
+

limits regress rules.out
- 3 | 4

# Another reason.
audit isolation nowait.out
+ 1
`

func TestEveryDifferenceIsListedAndEveryListedOneShows(t *testing.T) {
	list, err := parseKnown(listed)
	if err != nil {
		t.Fatal(err)
	}
	first, second := hunk{file: "rules.out", text: "- 1 | 2\n+\n"}, hunk{file: "rules.out", text: "- 3 | 4\n"}
	for name, c := range map[string]struct {
		hunks                []hunk
		ran                  bool
		unexplained, missing int
	}{
		"as listed":                 {[]hunk{second, first}, true, 0, 0},
		"another text":              {[]hunk{first, second, {file: "rules.out", text: "- 5 | 6\n"}}, true, 1, 0},
		"another file":              {[]hunk{first, second, {file: "view.out", text: first.text}}, true, 1, 0},
		"oftener than listed":       {[]hunk{first, first, second}, true, 1, 0},
		"gone":                      {[]hunk{second}, true, 0, 1},
		"gone, and the test, too":   {nil, false, 0, 0},
		"listed for another policy": {[]hunk{first, second, {file: "nowait.out", text: "+ 1\n"}}, true, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, unexplained, missing := explain("limits", "regress", c.hunks, list, func(string) bool { return c.ran })
			if len(unexplained) != c.unexplained || len(missing) != c.missing {
				t.Errorf("unexplained: %v, missing: %v", unexplained, missing)
			}
		})
	}
	reasons, _, _ := explain("limits", "regress", []hunk{first}, list, func(string) bool { return true })
	if reasons[0] != "Because of this, and of that." {
		t.Errorf("reason %q", reasons[0])
	}
}

func TestListOfDifferencesWithoutReasonOrFileIsAnError(t *testing.T) {
	for _, text := range []string{"- 1\n", "limits regress rules.out\n- 1\n", "# Why.\nlimits rules.out\n- 1\n"} {
		if list, err := parseKnown(text); err == nil {
			t.Errorf("%q is %v", text, list)
		}
	}
}

func TestWhatDiffersByItselfIsLeftOut(t *testing.T) {
	unstable := parseDiff("a.out", []byte("--- a\n+++ b\n@@ -3,2 +3,2 @@\n-x\n-y\n+z\n+z\n@@ -9,0 +10 @@\n+n\n"))
	for name, c := range map[string]struct {
		h    hunk
		kept bool
	}{
		"the same lines":        {hunk{file: "a.out", first: 3, last: 4}, false},
		"one of them":           {hunk{file: "a.out", first: 4, last: 4}, false},
		"the same insertion":    {hunk{file: "a.out", first: 9, last: 9}, false},
		"a line more":           {hunk{file: "a.out", first: 3, last: 5}, true},
		"lines elsewhere":       {hunk{file: "a.out", first: 1, last: 1}, true},
		"lines of another file": {hunk{file: "b.out", first: 3, last: 4}, true},
	} {
		if kept := len(stable([]hunk{c.h}, unstable)) == 1; kept != c.kept {
			t.Errorf("%s: kept is %t", name, kept)
		}
	}
}
