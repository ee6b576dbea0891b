package rehearsal

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/policy"
)

// TestTestsInTheDocumentPass plays the tests that docs/policy.md shows, each with the
// policy that stands above it.
func TestTestsInTheDocumentPass(t *testing.T) {
	content, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	above, played := "", 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(content), -1) {
		if !strings.Contains(block[1], "\ntests:") {
			above = block[1]
			continue
		}
		p, err := policy.Parse("policy.md", []byte(above))
		if err != nil {
			t.Fatal(err)
		}
		tests, err := policy.ParseTests("policy.md", []byte(block[1]), p)
		if err != nil {
			t.Fatal(err)
		}
		denied := map[policy.RuleName]bool{}
		for i := range tests.List {
			r := Play(p, &tests.List[i])
			for _, f := range r.Failures {
				t.Errorf("%s: %+v", tests.List[i].Name, f)
			}
			for _, rule := range r.Denied {
				denied[rule] = true
			}
			played++
		}
		rules, _ := p.DenyRules()
		for _, rule := range rules {
			if !denied[rule] {
				t.Errorf("no test saw %s deny", rule)
			}
		}
	}
	if played == 0 {
		t.Error("docs/policy.md shows no tests")
	}
}
