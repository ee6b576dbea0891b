package parser

import (
	"fmt"
	"strings"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

func lex(sql string, escapes bool) string {
	var out []string
	l := lexer{sql: sql, escapes: escapes}
	for t := l.next(); t.kind != endToken; t = l.next() {
		mark := map[tokenKind]string{wordToken: "w", quotedToken: "q", stringToken: "s", numberToken: "n", paramToken: "p", symbolToken: ""}[t.kind]
		text := mark + "<" + sql[t.start:t.end] + ">"
		if t.open {
			text += "!"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestLexerFollowsPostgreSQL(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"a 'b''c' d", "w<a> s<'b''c'> w<d>"},
		{`'a\' b`, `s<'a\'> w<b>`},
		{`E'a\'' b`, `s<E'a\''> w<b>`},
		{`e'\\' b`, `s<e'\\'> w<b>`},
		{`xE'a'`, `w<xE> s<'a'>`},
		{`N'a\' b`, `w<N> s<'a\'> w<b>`},
		{"'a'\n 'b' c", "s<'a'\n 'b'> w<c>"},
		{"'a' 'b'", "s<'a'> s<'b'>"},
		{"E'a' --x\n'\\'' b", "s<E'a' --x\n'\\''> w<b>"},
		{"'a' /*x*/\n'b'", "s<'a'> s<'b'>"},
		{"b'01''x'", "s<b'01'> s<'x'>"},
		{"U&'a' u&\"b\" \"c\"\"d\"", `s<U&'a'> q<u&"b"> q<"c""d">`},
		{"$$a$$ $t$ $$ $t$ $1 $t", "s<$$a$$> s<$t$ $$ $t$> p<$1> <$> w<t>"},
		{"a$b$c", "w<a$b$c>"},
		{"$1a", "p<$1> w<a>"},
		{"$t$ $T$ $t$", "s<$t$ $T$ $t$>"},
		{"1delete 1e5x 1.5.2 .5 1..2 1e+2", "n<1> w<delete> n<1e5> w<x> n<1.5> n<.2> n<.5> n<1> <.> n<.2> n<1e+2>"},
		{"a--b\nc /* d /* e */ f */ g", "w<a> w<c> w<g>"},
		{"a-/*b*/-c", "w<a> <-> <-> w<c>"},
		{"'open", "s<'open>!"},
		{`"open`, `q<"open>!`},
		{"$$open", "s<$$open>!"},
		{`E'\`, `s<E'\>!`},
		{"/* open", ""},
		{"é_1\x80$", "w<é_1\x80$>"},
	} {
		if got := lex(c.sql, false); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.sql, got, c.want)
		}
	}
}

func TestLexerEscapesInPlainStrings(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{`'a\' b' c`, `s<'a\' b'> w<c>`},
		{`U&'a\' b`, `s<U&'a\'> w<b>`},
		{`b'\' c`, `s<b'\'> w<c>`},
		{`"a\" b`, `q<"a\"> w<b>`},
		{`$$\$$ b`, `s<$$\$$> w<b>`},
	} {
		if got := lex(c.sql, true); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.sql, got, c.want)
		}
	}
}

// Where PostgreSQL's own scanner accepts a text, the strings, names and parameters
// must be the same; operators and numbers are cut differently on purpose.
func TestLexerAgreesWithTheScannerOnTheCorpus(t *testing.T) {
	for _, file := range corpusFiles(t) {
		for _, s := range readCorpus(t, file) {
			if scanned, ok := scan(s.sql); ok && ours(s.sql) != scanned {
				t.Errorf("%q\n got %s\nwant %s", s.sql, ours(s.sql), scanned)
			}
		}
	}
}

// scan returns the tokens that begin with a letter or quote, by PostgreSQL's scanner.
func scan(sql string) (string, bool) {
	result, err := pg_query.Scan(sql)
	if err != nil {
		return "", false
	}
	var out []string
	for _, t := range result.Tokens {
		if t.Token == pg_query.Token_SQL_COMMENT || t.Token == pg_query.Token_C_COMMENT {
			continue
		}
		if text := sql[t.Start:t.End]; wordLike(text) {
			out = append(out, fmt.Sprintf("%d-%d", t.Start, t.End))
		}
	}
	return strings.Join(out, " "), true
}

func ours(sql string) string {
	var out []string
	l := lexer{sql: sql}
	for t := l.next(); t.kind != endToken; t = l.next() {
		if wordLike(sql[t.start:t.end]) {
			out = append(out, fmt.Sprintf("%d-%d", t.start, t.end))
		}
	}
	return strings.Join(out, " ")
}

func wordLike(text string) bool {
	return isIdentStart(text[0]) || text[0] == '\'' || text[0] == '"' || text[0] == '$' && len(text) > 1
}
