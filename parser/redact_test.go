package parser

import "testing"

func TestRedactReplacesEveryLiteral(t *testing.T) {
	for _, c := range []struct {
		sql, want     string
		nonConforming bool
	}{
		{sql: "SELECT 1, 'a''b', E'c\\'d', $$e$$, $x$f$x$, B'01', x'1F', U&'g', 1.5e3, .5",
			want: "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10"},
		{sql: "SELECT $2, 'secret', $1", want: "SELECT $2, $3, $1"},
		{sql: "SELECT a1, \"b'2\" FROM t3", want: "SELECT a1, \"b'2\" FROM t3"},
		{sql: "SELECT /* secret */ 1 -- secret", want: "SELECT $1"},
		{sql: "-- secret\nSELECT\n\t1", want: "SELECT\n\t$1"},
		{sql: "SELECT a/*x*/+/*y*/b", want: "SELECT a + b"},
		{sql: "SELECT 'secret", want: "SELECT $1"},
		{sql: "SELECT $$secret", want: "SELECT $1"},
		{sql: "SELECT E'secret\\' more", want: "SELECT $1"},
		{sql: "SELECT 0x1F, 1_000, 1e5", want: "SELECT $1, $2, $3"},
		{sql: "SELEC 5 FROM", want: "SELEC $1 FROM"},
		{sql: "SELECT 'a'\n'b'", want: "SELECT $1"},
		{sql: `SELECT 'a\'secret'`, want: "SELECT $1", nonConforming: true},
		{sql: "SELECT $99999999999, 1", want: "SELECT $99999999999, $1"},
		{sql: "", want: ""},
		{sql: "/* secret", want: ""},
	} {
		if got := Redact(c.sql, c.nonConforming); got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.sql, got, c.want)
		}
	}
}

func TestRedactedTextDoesTheSame(t *testing.T) {
	for _, s := range readCorpus(t, "testdata/benign.txt") {
		got, want := Summarize(Redact(s.sql, false), Options{}), Summarize(s.sql, Options{})
		if got.Parsed && got.Effects != want.Effects {
			t.Errorf("%s\n got %v\nwant %v", Redact(s.sql, false), got.Effects, want.Effects)
		}
	}
}
