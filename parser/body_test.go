package parser

import (
	"strings"
	"testing"
)

// Whatever stands in front of a statement in a body, the statement is seen, unless it is
// not one: in a string, a comment, or behind a bracket that is open.
func FuzzBodyHidesNothing(f *testing.F) {
	for _, s := range readCorpus(f, "testdata/bodies.txt") {
		if _, body, ok := strings.Cut(s.sql, "$$"); ok {
			body, _, _ = strings.Cut(body, "$$")
			f.Add(body)
		}
	}
	for _, start := range []string{"DECLARE x int", "RAISE NOTICE 'a'", "<<l", "x[1", "FOR i IN", "IF a", "EXECUTE", "OPEN c", "CASE", "#option dump"} {
		f.Add(start)
	}
	f.Fuzz(func(t *testing.T, start string) {
		const last = "; DELETE FROM victim; END"
		body := start + last
		if strings.Contains(body, "$body$") || !standsAlone(body, len(start)) {
			return
		}
		s := Summarize("DO $body$"+body+"$body$", Options{})
		if !s.Effects.Has(Delete) && !s.Effects.Has(Unknown) {
			t.Errorf("%q hides a DELETE: %s", body, describe(s))
		}
	})
}

// standsAlone tells whether a token begins at the position.
func standsAlone(text string, at int) bool {
	l := lexer{sql: text}
	for t := l.next(); t.kind != endToken; t = l.next() {
		if t.start == at {
			return true
		}
	}
	return false
}

// The work on a body must not grow with the square of its length, whatever is left open
// in it.
func TestLongBodiesAreReadInOnePass(t *testing.T) {
	for _, statement := range []string{"a[;", "a[1] := 2;", "IF a THEN NULL; END IF;", "DELETE FROM a WHERE id = 1;", "EXECUTE q;", "q := q || q;", "CREATE TABLE begin (", "(", "SELECT 1 INTO a."} {
		body := "BEGIN " + strings.Repeat(statement, 100_000) + " EXECUTE q; TRUNCATE victim; END"
		s := Summarize("DO $body$"+body+"$body$", Options{})
		if !s.Effects.Has(Truncate) && !s.Effects.Has(Unknown) {
			t.Errorf("%s: %s", statement, s.Effects)
		}
	}
}
