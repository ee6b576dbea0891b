package policy

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

func TestRefusalExplainsItself(t *testing.T) {
	r := rulesOf(t, "statements: [{name: no, action: deny, when: {effect: [function, alter, call]}}]\n")
	tests := []struct{ act, reason, hint string }{
		{"delete categories open_range", "DELETE on categories reaches an open range of rows (open_range)",
			"narrow the WHERE clause to an equality or a bounded range, or add an allow rule for this statement"},
		{"update public.orders none", "UPDATE on public.orders has no WHERE clause and reaches every row (none)",
			"add a WHERE clause with an equality or a bounded range, or add an allow rule for this statement"},
		{"truncate cms_blocks", "TRUNCATE on cms_blocks removes every row",
			"delete the rows that must go with a bounded WHERE clause, or add an allow rule for truncate on this relation"},
		{"drop orders", "DROP on orders destroys what it names and everything in it",
			"add an allow rule for drop in front of the rule that refused"},
		{"function pg_catalog.lo_unlink", "calling pg_catalog.lo_unlink is not allowed to this session",
			"add an allow rule that names this function"},
		{"call app.purge", "CALL of app.purge is not allowed to this session", "add an allow rule that names this function"},
		{"alter orders", "ALTER on orders is not allowed to this session", "add an allow rule for alter in front of the rule that refused"},
		{"copy_program -", "COPY with a program or a server file reaches the database server's own files and programs",
			"use COPY FROM STDIN or COPY TO STDOUT, or add an allow rule for copy_program"},
	}
	for _, test := range tests {
		got := r.Decide(summary(acts(t, test.act)), Context{})
		if got.Reason != test.reason || got.Hint != test.hint {
			t.Errorf("%s:\n%s\n%s", test.act, got.Reason, got.Hint)
		}
	}
	for sql, want := range map[string]string{
		"COPY orders TO PROGRAM 'cat'":          "COPY with a program on orders reaches the database server's own files and programs",
		"COPY (SELECT 1) TO '/tmp/x'":           "COPY with a server file reaches the database server's own files and programs",
		"SELECT pg_file_write('a', 'b', false)": "calling pg_file_write reaches the database server's own files and programs",
	} {
		if d := rulesOf(t, "").of(sql); d.Reason != want {
			t.Errorf("%s: %s", sql, d.Reason)
		}
	}
	unknown := &parser.Summary{Reason: `syntax error at or near "FROB"`,
		Statements: []parser.Statement{{Acts: []parser.Act{{Effect: parser.Unknown}}}}}
	if got := r.Decide(unknown, Context{}).Reason; got != `the statement could not be understood: syntax error at or near "FROB"` {
		t.Error(got)
	}
	dropColumn := &parser.Summary{Statements: []parser.Statement{{Acts: []parser.Act{
		{Effect: parser.Drop, Relation: parser.Relation{Name: "users"}, Object: "email"}}}}}
	if got := r.Decide(dropColumn, Context{}).Reason; got != "DROP of email on users destroys what it names and everything in it" {
		t.Error(got)
	}
}

// Every effect and breadth that can be refused must read as a sentence.
func TestEveryRefusalHasAReasonAndAHint(t *testing.T) {
	r := rulesOf(t, "builtin: false\nstatements: [{name: no, action: deny}]\n")
	for _, effect := range parser.EffectNames() {
		for _, breadth := range append(parser.BreadthNames(), "") {
			d := r.Decide(summary(acts(t, effect+" x "+breadth)), Context{})
			if !d.Deny || d.Reason == "" || d.Hint == "" || strings.Contains(d.Reason, "_ ") {
				t.Errorf("%s %s: %+v", effect, breadth, d)
			}
		}
	}
}
