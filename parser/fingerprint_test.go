package parser

import (
	"slices"
	"strings"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

func TestTextsOfOneFingerprintAreTheSameTokens(t *testing.T) {
	tests := []struct {
		name, a, b string
		same       bool
	}{
		{"itself", "TRUNCATE a", "TRUNCATE a", true},
		{"white space", "DELETE FROM t WHERE id>1", " DELETE\tFROM t\nWHERE  id > 1 ", true},
		{"comments", "TRUNCATE a", "/* a /* b */ */ TRUNCATE -- c\n a", true},
		{"keywords and names", "delete from T where ID > 1", "DELETE FROM t WHERE id > 1", true},
		{"brackets", "SELECT count(*) FROM t", "SELECT count ( * ) FROM t", true},

		{"a number", "DELETE FROM t WHERE id > 100", "DELETE FROM t WHERE id > 0", false},
		{"a string", "DELETE FROM t WHERE a > 'x'", "DELETE FROM t WHERE a > 'X'", false},
		{"the form of a string", "SELECT 'a\\n'", "SELECT E'a\\n'", false},
		{"a dollar quote", "DO $$ BEGIN END $$", "DO $$ BEGIN  END $$", false},
		{"a quoted name", `TRUNCATE "a"`, `TRUNCATE "A"`, false},
		{"quoted or not", `TRUNCATE "A"`, `TRUNCATE A`, false},
		{"a name outside ASCII", "TRUNCATE Ä", "TRUNCATE ä", false},
		{"a parameter", "DELETE FROM t WHERE id > $1", "DELETE FROM t WHERE id > $2", false},
		{"one more statement", "TRUNCATE a", "TRUNCATE a; TRUNCATE b", false},
		{"an end", "TRUNCATE a", "TRUNCATE a;", false},
		{"an operator of two signs", "SELECT a @- b", "SELECT a @ -b", false},
		{"a comment between two signs", "SELECT a @- b", "SELECT a @/**/- b", false},
		{"a cast", "SELECT a::int", "SELECT a: :int", false},
		{"a hexadecimal number", "SELECT 0x1F", "SELECT 0 x1F", false},
		{"a number in front of a word", "SELECT 1delete", "SELECT 1 delete", false},
		{"a national string", "SELECT N'a'", "SELECT N 'a'", false},
		{"where a word ends", "SELECT ab c", "SELECT a bc", false},
		{"a word or a string", "SELECT a", "SELECT 'a'", false},
		{"a string that goes on", "SELECT 'a'\n'b'", "SELECT 'a' 'b'", false},
		{"what a comment hides", "DELETE FROM t WHERE id > 1", "DELETE FROM t --WHERE id > 1", false},
		{"a line that ends a comment", "DELETE FROM t -- a\nWHERE id = 1", "DELETE FROM t -- a WHERE id = 1", false},
		{"an open string", "SELECT 'a", "SELECT 'a'", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if same := Fingerprint(test.a) == Fingerprint(test.b); same != test.same {
				t.Errorf("%q and %q: same is %t", test.a, test.b, same)
			}
		})
	}
}

// tokensOf are the tokens of PostgreSQL's own scanner, with words in lower case; nil where
// it rejects the text.
func tokensOf(sql string) []string {
	scanned, err := pg_query.Scan(sql)
	if err != nil {
		return nil
	}
	all := []string{}
	for _, t := range scanned.Tokens {
		text := sql[t.Start:t.End]
		switch {
		case t.Token == pg_query.Token_SQL_COMMENT || t.Token == pg_query.Token_C_COMMENT:
			continue
		case t.Token == pg_query.Token_IDENT && text[0] != '"' && text[0]|0x20 != 'u', t.KeywordKind != pg_query.KeywordKind_NO_KEYWORD:
			text = lowerASCII(text)
		}
		all = append(all, t.Token.String()+" "+text)
	}
	return all
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r | 0x20
		}
		return r
	}, s)
}

// checkFingerprint holds two texts of one fingerprint to being the same tokens.
func checkFingerprint(t *testing.T, sql, other string) {
	t.Helper()
	if sql == other || Fingerprint(sql) != Fingerprint(other) {
		return
	}
	a, b := tokensOf(sql), tokensOf(other)
	if a != nil && b != nil && !slices.Equal(a, b) {
		t.Errorf("one fingerprint:\n%q\n%q\n%q\n%q", sql, other, a, b)
	}
}

func TestASmallChangeHasAnotherFingerprintOrTheSameTokens(t *testing.T) {
	for _, file := range corpusFiles(t) {
		for _, s := range readCorpus(t, file) {
			for i := range len(s.sql) {
				checkFingerprint(t, s.sql, s.sql[:i]+s.sql[i+1:])
				checkFingerprint(t, s.sql, s.sql[:i]+" "+s.sql[i:])
				checkFingerprint(t, s.sql, s.sql[:i]+"/**/"+s.sql[i:])
			}
		}
	}
}

func FuzzFingerprint(f *testing.F) {
	f.Add("SELECT 0x1F @- b::int, N'a', $1 FROM t", 8, 0, " ")
	f.Add("SELECT 'a'\n'b' -- c\n, e'\\''", 10, 1, "")
	f.Fuzz(func(t *testing.T, sql string, at, cut int, insert string) {
		if strings.IndexByte(sql+insert, 0) >= 0 || at < 0 || cut < 0 || at > len(sql) || cut > len(sql)-at {
			return
		}
		checkFingerprint(t, sql, sql[:at]+insert+sql[at+cut:])
	})
}
