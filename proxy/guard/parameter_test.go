package guard

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

const int4OID = 23 // pg_type.dat

// parseTyped is a Parse message that fixes the types of parameters.
func parseTyped(name, sql string, types ...uint32) []byte {
	body := name + "\x00" + sql + "\x00" + short(len(types))
	for _, oid := range types {
		body += string(binary.BigEndian.AppendUint32(nil, oid))
	}
	return message(wire.Parse, body)
}

// null is a value that is none.
const null = "\x00null"

// bindWith is a Bind message with values, all of one format.
func bindWith(statement string, format int, values ...string) []byte {
	body := "\x00" + statement + "\x00" + short(1) + short(format) + short(len(values))
	for _, v := range values {
		if v == null {
			body += "\xff\xff\xff\xff"
			continue
		}
		body += string(binary.BigEndian.AppendUint32(nil, uint32(len(v)))) + v
	}
	return message(wire.Bind, body+short(0))
}

func short(n int) string { return string(binary.BigEndian.AppendUint16(nil, uint16(n))) }

func int4(n int32) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }

const (
	text      = 0
	inBinary  = 1
	filtered  = "DELETE FROM t WHERE $1::int IS NULL OR id = $1"
	mayBeOne  = "DELETE FROM t WHERE $1 = 1 OR id = 7"
	listed    = "DELETE FROM t WHERE id = ANY ($1)"
	shortList = "limits: {max_list: 3, max_limit: 3}"
)

func TestValuesDecideAtBind(t *testing.T) {
	for _, c := range []struct {
		name        string
		parse, bind []byte
		refused     bool
	}{
		{"filter that is there", parse("s", filtered), bindWith("s", text, "7"), false},
		{"filter that is not", parse("s", filtered), bindWith("s", text, null), true},
		{"nothing bound", parse("s", filtered), bind("", "s"), true},
		{"typed by Parse, text", parseTyped("s", mayBeOne, int4OID), bindWith("s", text, "2"), false},
		{"typed by Parse, text, true", parseTyped("s", mayBeOne, int4OID), bindWith("s", text, "1"), true},
		{"typed by Parse, binary", parseTyped("s", mayBeOne, int4OID), bindWith("s", inBinary, int4(2)), false},
		{"typed by Parse, binary, true", parseTyped("s", mayBeOne, int4OID), bindWith("s", inBinary, int4(1)), true},
		{"typed by nobody, binary", parse("s", mayBeOne), bindWith("s", inBinary, int4(2)), true},
		{"typed by Parse, not built in", parseTyped("s", mayBeOne, 99999), bindWith("s", inBinary, int4(2)), true},
		{"pattern", parse("s", "DELETE FROM t WHERE name LIKE $1"), bindWith("s", text, "ab%"), false},
		{"pattern of anything", parse("s", "DELETE FROM t WHERE name LIKE $1"), bindWith("s", text, "%"), true},
		{"list", parse("s", listed), bindWith("s", text, "{1,2,3}"), false},
		{"list that is too long", parse("s", listed), bindWith("s", text, "{1,2,3,4}"), true},
		{"LIMIT", parse("s", "DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT $1)"), bindWith("s", text, "3"), false},
		{"LIMIT that is too great", parse("s", "DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT $1)"), bindWith("s", text, "4"), true},
		{"broken message", parse("s", filtered), message(wire.Bind, "\x00s\x00\x00\x01"), true},
		{"no parameter that matters", parse("s", "DELETE FROM t WHERE id = $1"), bindWith("s", text, null), false},
	} {
		for _, name := range []string{"s", ""} {
			for _, chunk := range []func(int) int{whole, oneByte} {
				b := ready(t, shortList)
				b.chunk = chunk
				rename := func(m []byte) []byte { return message(m[0], strings.Replace(string(m[5:]), "s\x00", name+"\x00", 1)) }
				b.fromClient(rename(c.parse), rename(c.bind), execute(""), sync())
				if got := strings.Contains(b.sent(), "B .pgcordon_nonce1"); got != c.refused {
					t.Errorf("%s as %q: refused %v", c.name, name, got)
				}
			}
		}
	}
}

func TestOpenRangeIsRefusedAtParseWhateverItsValue(t *testing.T) {
	b := ready(t, "")
	b.fromClient(parse("s", "DELETE FROM t WHERE id > $1"), sync())
	if got := b.sent(); !strings.HasPrefix(got, "P s."+substitute) {
		t.Errorf("the server received %s", got)
	}
}

// The server tells of the types that it found, to who asks.
func TestTypesMayComeFromTheServer(t *testing.T) {
	b := ready(t, "")
	b.fromClient(parse("s", mayBeOne), message(wire.Describe, "Ss\x00"), sync())
	b.fromServer(message(wire.ParseComplete, ""), message(wire.ParameterDescription, short(1)+int4(int4OID)),
		message(wire.NoData, ""), z('I'))
	b.sent()
	b.fromClient(bindWith("s", inBinary, int4(2)), bindWith("s", inBinary, int4(1)))
	if got, want := b.sent(), "B .s.....\x01...\x01...\x04...\x02 | B .pgcordon_nonce1"; !strings.HasSuffix(got, "| B .pgcordon_nonce1") {
		t.Errorf("the server received %q, want %q", got, want)
	}
	b.guard.Adopt(rulesOf(t, "functions: [f]"))
	b.fromClient(sync())
	b.fromServer(message(wire.BindComplete, ""), serverError("26000", `"pgcordon_nonce1" does not exist`), z('I'))
	b.sent()
	b.fromClient(bindWith("s", inBinary, int4(2)))
	if got := b.sent(); strings.Contains(got, "nonce") {
		t.Errorf("after a reload the server received %q", got)
	}
}

func TestValuesAreJudgedByTheRulesOfTheirMoment(t *testing.T) {
	b := ready(t, `statements: [{name: ok, action: allow, when: {effect: delete}}]`)
	b.fromClient(parse("s", filtered), bindWith("s", text, null), sync())
	b.fromServer(message(wire.ParseComplete, ""), message(wire.BindComplete, ""), z('I'))
	if got := b.sent(); strings.Contains(got, "nonce") {
		t.Fatalf("the server received %s", got)
	}
	b.guard.Adopt(rulesOf(t, ""))
	b.fromClient(bindWith("s", text, "7"), bindWith("s", text, null))
	if got := b.sent(); !strings.Contains(got, "B .s") || !strings.HasSuffix(got, "| B .pgcordon_nonce1") {
		t.Errorf("the server received %q", got)
	}
}

func TestValuesThatMakeNoDifferenceAreNotWaitedFor(t *testing.T) {
	for sql, awaited := range map[string]bool{"UPDATE t SET photo = $1 WHERE id = 7": false, filtered: true} {
		b := ready(t, "")
		b.fromClient(parse("s", sql))
		b.sent()
		m := bindWith("s", text, strings.Repeat("x", 100_000))
		b.fromClient(m[:5000])
		if held := len(b.client) > 0; held != awaited {
			t.Errorf("%s: held %v", sql, held)
		}
	}
}

func TestValuesInAMessageThatIsTooLongAreTheWorst(t *testing.T) {
	b := newBenchWith(t, Config{Rules: rulesOf(t, ""), InspectBytes: 1000, ParseBytes: 1000})
	b.login()
	b.fromClient(parse("s", filtered), bindWith("s", text, "7", strings.Repeat("x", 1000)))
	if got := b.sent(); !strings.HasSuffix(got, "| B .pgcordon_nonce1") {
		t.Errorf("the server received %q", got)
	}
}

func TestArgumentsOfEXECUTEDecide(t *testing.T) {
	for _, prepare := range [][]byte{query("PREPARE p (int) AS " + filtered), parse("p", filtered)} {
		for sql, refused := range map[string]bool{
			"EXECUTE p(7)": false, "EXECUTE p('7')": false, "EXECUTE p(NULL)": true, "EXECUTE p(NULL::int)": true, "EXECUTE p(f())": true,
			"EXPLAIN ANALYZE EXECUTE p(NULL)": true, "EXPLAIN ANALYZE EXECUTE p(7)": false, "SELECT 1; EXECUTE p(7); EXECUTE p(NULL)": true,
		} {
			b := ready(t, "")
			b.fromClient(prepare)
			if got := b.sent(); strings.Contains(got, "nonce") {
				t.Fatalf("PREPARE is refused: %s", got)
			}
			b.fromClient(query(sql))
			if got := strings.Contains(b.sent(), "nonce"); got != refused {
				t.Errorf("%s: refused %v", sql, got)
			}
			// As a prepared statement of its own it has no arguments that are known.
			b.fromClient(parse("e", sql))
			if got := b.sent(); !strings.Contains(got, "nonce") {
				t.Errorf("%s in the extended protocol: %s", sql, got)
			}
		}
	}
}

// Bind's values are not those of a statement that EXECUTE names.
func TestValuesOfBindAreNotEXECUTEs(t *testing.T) {
	b := ready(t, "")
	b.fromClient(parse("p", filtered), parseTyped("e", "EXECUTE p(NULL)", int4OID), bindWith("e", text, "7"))
	if got := b.sent(); !strings.Contains(got, "nonce") {
		t.Errorf("the server received %s", got)
	}
}

func TestPREPAREBesideOtherStatementsIsJudgedByTheWorstValues(t *testing.T) {
	b := ready(t, "")
	b.fromClient(query("PREPARE p AS " + filtered + "; EXECUTE p(NULL)"))
	if got := b.sent(); got != "Q "+substitute {
		t.Errorf("the server received %s", got)
	}
}

// A name can be given to another statement between Parse and Bind, and between Bind
// and Execute.
func TestEXECUTEIsJudgedByWhatItsNameStandsForWhenItRuns(t *testing.T) {
	harmless, harmful := parse("p", "DELETE FROM t WHERE id = $1"), parse("p", "DELETE FROM t WHERE $1 = 1 OR id = $1")
	again := []([]byte){closeOf("S", "p"), harmful}
	b := ready(t, "")
	b.fromClient(harmless, parse("e", "EXECUTE p(1)"))
	b.fromClient(again...)
	b.sent()
	b.fromClient(bind("", "e"))
	if got := b.sent(); got != "B .pgcordon_nonce1" {
		t.Errorf("at Bind the server received %s", got)
	}
	b = ready(t, "")
	b.fromClient(harmless, parse("e", "EXECUTE p(1)"), bind("", "e"))
	b.fromClient(again...)
	b.sent()
	b.fromClient(execute(""))
	if got := b.sent(); got != "E pgcordon_nonce1" {
		t.Errorf("at Execute the server received %s", got)
	}
}

// DEALLOCATE may fail, and the statement that was let through at Parse lives on.
func TestPostponedStatementIsNotForgotten(t *testing.T) {
	for _, forget := range []string{"DEALLOCATE p", "DEALLOCATE ALL", "DISCARD ALL"} {
		b := ready(t, "")
		b.fromClient(parse("p", filtered), sync())
		b.fromServer(message(wire.ParseComplete, ""), z('I'))
		b.fromClient(query(forget))
		b.fromServer(serverError("25P02", "current transaction is aborted"), z('E'))
		b.sent()
		b.fromClient(bindWith("p", text, null))
		if got := b.sent(); got != "B .pgcordon_nonce1" {
			t.Errorf("after %s the server received %s", forget, got)
		}
	}
}

func TestSettingThatAParameterNamesIsFollowed(t *testing.T) {
	const named = "SELECT set_config($1, $2, false)"
	only := `statements: [{name: free, action: allow, when: {relation: public.scratch}}]`
	for name, c := range map[string]struct {
		send   [][]byte
		follow bool
	}{
		"by Bind":                 {[][]byte{parse("s", named), bindWith("s", text, "search_path", "x")}, true},
		"another by Bind":         {[][]byte{parse("s", named), bindWith("s", text, "work_mem", "4MB")}, false},
		"by EXECUTE":              {[][]byte{parse("s", named), query("EXECUTE s('search_path', 'x')")}, true},
		"another by EXECUTE":      {[][]byte{parse("s", named), query("EXECUTE s('work_mem', '4MB')")}, false},
		"by EXECUTE of PREPARE":   {[][]byte{query("PREPARE s AS " + named), query("EXECUTE s('search_path', 'x')")}, true},
		"by EXECUTE, any":         {[][]byte{parse("s", named), query("EXECUTE s(f(), 'x')")}, true},
		"only prepared":           {[][]byte{parse("s", named)}, false},
		"by nothing that is told": {[][]byte{parse("s", named), bind("", "s")}, true},
	} {
		b := ready(t, only)
		b.fromClient(c.send...)
		b.sent()
		b.fromClient(query("TRUNCATE scratch"))
		if got := strings.Contains(b.sent(), "nonce"); got != c.follow {
			t.Errorf("%s: refused %v", name, got)
		}
	}
}
