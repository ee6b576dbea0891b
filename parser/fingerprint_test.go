package parser

import "testing"

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
