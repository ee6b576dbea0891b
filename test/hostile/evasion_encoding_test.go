package hostile

import (
	"fmt"
	"testing"
)

// In these encodings the second byte of a character can be a backslash, which then
// escapes nothing.
func TestMultibyteCharactersHideNothing(t *testing.T) {
	f := newField(t, major)
	for encoding, character := range map[string]string{
		"SJIS": "\x95\x5c", "BIG5": "\xa5\x5c", "GBK": "\x95\x5c", "GB18030": "\x95\x5c",
		// These are UTF8 too, where the backslash stands alone and escapes the quote.
		"sjis": "\xc3\x81\x5c", "big5": "\xe3\xa5\xa1\x5c", "gbk": "\xe3\x81\x81\x5c", "gb18030": "\xe3\x81\x81\x5c",
	} {
		t.Run(encoding, func(t *testing.T) {
			set := "SET client_encoding = '" + encoding + "'"
			hidden := "SELECT E'" + character + "'; DELETE FROM items; --'"
			f.expectHides(t, set, hidden)
			f.expectNothingDone(t, func(s *session) reply {
				s.run(set)
				return s.run(hidden)
			})
			f.expectNothingDone(t, func(s *session) reply {
				send(s, join(query(set), query(hidden)))
				s.answer()
				return s.answer()
			})
			f.expectNothingDone(t, func(s *session) reply {
				s.run("SET NAMES '" + encoding + "'")
				return s.run(hidden)
			})
			f.expectNothingDone(t, func(s *session) reply { // answered, but not yet reported
				send(s, join(parse("", set), bind("", ""), execute(""), flush))
				s.completed()
				return s.run(hidden)
			})
			f.expectWorks(t, func(s *session) reply {
				s.run(set)
				return s.run("SELECT E'" + character + "; DELETE FROM items; --'")
			})
		})
	}
}

// expectHides makes sure that a statement would do harm if it came through.
func (f *field) expectHides(t *testing.T, set, hidden string) {
	t.Helper()
	f.server.Exec(t, f.database, evasionRows)
	s := login(t, f.server.Addr(), f.database)
	defer s.Close()
	s.run(set)
	if r := s.run(hidden); r.err != nil {
		t.Errorf("%q hides nothing: %s", hidden, r.one())
	}
	if n := f.server.Query(t, f.database, "SELECT count(*) FROM items"); n != "0" {
		t.Errorf("%q hides nothing: %s rows are left", hidden, n)
	}
}

// A client that says UTF8 and sends half a character gets the server's error, or a
// refusal; a quote must not disappear into the half.
func TestBrokenCharactersHideNothing(t *testing.T) {
	f := newField(t, major)
	for _, encoding := range []string{"UTF8", "SJIS", "BIG5", "GBK", "GB18030"} {
		for _, lead := range []string{"\x95", "\xe3\x81", "\xff", "\x81"} {
			t.Run(fmt.Sprintf("%s %x", encoding, lead), func(t *testing.T) {
				f.server.Exec(t, f.database, evasionRows)
				before := f.server.Query(t, f.database, everyRow)
				s := login(t, f.guard.Addr, f.database)
				s.run("SET client_encoding = '" + encoding + "'")
				if r := s.run("SELECT '" + lead + "'; DELETE FROM items; --'"); r.err == nil {
					t.Errorf("no error")
				}
				if after := f.server.Query(t, f.database, everyRow); after != before {
					t.Errorf("rows changed: %s, before %s", after, before)
				}
			})
		}
	}
}
