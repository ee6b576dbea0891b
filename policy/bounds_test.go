package policy

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

func TestWhatCountsMoreThanTheBoundsIsNotNarrow(t *testing.T) {
	p, err := Parse("p.yaml", []byte(oneTarget+"limits: {max_list: 3, max_limit: 5}\n"))
	if err != nil {
		t.Fatal(err)
	}
	rules := p.Ruleset(p.Targets[0], Client{})
	for sql, denied := range map[string]bool{
		"DELETE FROM t WHERE id IN (1, 2, 3)":                         false,
		"DELETE FROM t WHERE id IN (1, 2, 3, 4)":                      true,
		"DELETE FROM t WHERE id = ANY ('{1,2,3}')":                    false,
		"DELETE FROM t WHERE id = ANY ('{1,2,3,4}')":                  true,
		"DELETE FROM t WHERE id BETWEEN 1 AND 3":                      false,
		"DELETE FROM t WHERE id BETWEEN 1 AND 4":                      true,
		"DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 5)":        false,
		"DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 6)":        true,
		"DELETE FROM t WHERE id BETWEEN 1 AND 4 AND tenant = 'a'":     false,
		"UPDATE t SET x = 1 WHERE id IN (SELECT id FROM t LIMIT 999)": true,
	} {
		d := rules.Decide(parser.Summarize(sql, parser.Options{}), Context{})
		if d.Deny != denied {
			t.Errorf("%s: denied %v: %s", sql, d.Deny, d.Reason)
		}
		if d.Deny && !strings.Contains(d.Reason, "more than the policy takes for bounded (open_range)") {
			t.Errorf("%s: %s", sql, d.Reason)
		}
	}
}
