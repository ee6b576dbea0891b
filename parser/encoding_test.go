package parser

import "testing"

func TestTextIsReadInItsClientEncoding(t *testing.T) {
	cases := []struct{ encoding, in, want string }{
		{"UTF8", "SELECT 'ü'", "SELECT 'ü'"},
		{"LATIN1", "SELECT '\xfc'", "SELECT 'ü'"},
		{"SJIS", "SELECT '\x95\x5c'", "SELECT '表'"}, // the second byte is a backslash
		{"BIG5", "SELECT '\xa5\x5c'", "SELECT '功'"},
		{"GBK", "SELECT '\x90\x5c'", "SELECT '怽'"},
		{"GB18030", "SELECT '\x81\x30\x81\x30'", "SELECT '\u0080'"},
		{"WIN1251", "\xcf", "П"},
		{"SQL_ASCII", "SELECT 'ü'", "SELECT 'ü'"},
		{"SQL_ASCII", "SELECT '\xfc'", "SELECT 'ü'"},
		{"JOHAB", "SELECT 1", "SELECT 1"},
	}
	for _, c := range cases {
		if got, ok := ToUTF8([]byte(c.in), c.encoding); !ok || string(got) != c.want {
			t.Errorf("%s %q: %q %v, want %q", c.encoding, c.in, got, ok, c.want)
		}
	}
}

func TestTextThatIsNotValidInItsEncodingIsNotRead(t *testing.T) {
	for encoding, in := range map[string]string{
		"UTF8": "\xff", "SJIS": "\x81", "JOHAB": "\x88\x61", "MULE_INTERNAL": "\x81\xe0", "": "\xc3\xbc", "WIN874": "\xfc",
	} {
		if got, ok := ToUTF8([]byte(in), encoding); ok {
			t.Errorf("%s %q was read as %q", encoding, in, got)
		}
	}
}
