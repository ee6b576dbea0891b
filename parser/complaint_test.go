package parser

import (
	"strings"
	"testing"
)

func TestReasonHoldsNoLiteral(t *testing.T) {
	for _, sql := range []string{
		"DELETE FROM t 'secret'", "DELETE FROM t WHERE E'secret' 'x'y", "DELETE FROM t WHERE a = 'secret", "DELETE FROM t 'a''secret'",
		"DELETE FROM t $secret$ x", "DELETE FROM t WHERE a = 1 U&'secret'", "DELETE FROM t B'secret'", `DELETE FROM t "secret`,
	} {
		if s := Summarize(sql, Options{}); s.Parsed || s.Reason == "" || strings.Contains(s.Reason, "secret") {
			t.Errorf("%s: parsed %t, reason %q", sql, s.Parsed, s.Reason)
		}
	}
	if s := Summarize("DELETE FROM t WHEER a = 1", Options{}); s.Reason != `syntax error at or near "a"` {
		t.Errorf("a bare word is not named: %q", s.Reason)
	}
}
