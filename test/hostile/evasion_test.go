package hostile

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// evasionRules refuse calls of purge, DO and CALL beside what is built in, and
// know one table that anybody may empty.
const evasionRules = `
functions: [purge]
statements:
  - {name: scratch-is-free, action: allow, when: {relation: [public.scratch], effect: [delete, truncate]}}
  - {name: no-effects-in-functions, action: deny, when: {function: [purge, lo_unlink]}}
  - {name: no-blocks, action: deny, when: {effect: [do, call]}}
limits: {inspect_bytes: 64KiB}
`

// evasionSchema has a hundred rows to lose. other.scratch has the name, but not the
// schema, of the table that anybody may empty.
const evasionSchema = `
CREATE TABLE items (id int PRIMARY KEY, name text);
CREATE TABLE scratch (id int);
CREATE SCHEMA other;
CREATE TABLE other.scratch (id int);
CREATE FUNCTION purge() RETURNS int LANGUAGE sql AS 'DELETE FROM items; SELECT 1';
CREATE FUNCTION harmless() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE clean() LANGUAGE sql AS 'DELETE FROM items';
`

const evasionRows = `
TRUNCATE items, scratch, other.scratch;
INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, 100) i;
INSERT INTO other.scratch SELECT i FROM generate_series(1, 100) i;
`

// everyRow changes whenever a row does.
const everyRow = `SELECT concat((SELECT count(*) FROM items), ' ', (SELECT md5(string_agg(i::text, ',' ORDER BY id)) FROM items i), ' ',
	(SELECT count(*) FROM other.scratch))`

// field is a place where evasions are tried.
type field struct {
	server   *pgtest.Server
	guard    *pgtest.Guard
	database string
}

// fields numbers the databases.
var fields atomic.Int64

func newField(t *testing.T, major int) *field {
	t.Helper()
	f := &field{server: pgtest.Shared(t, major), database: fmt.Sprintf("field_%d", fields.Add(1))}
	f.server.NewDatabase(t, f.database)
	f.server.Exec(t, f.database, evasionSchema)
	f.guard = startGuard(t, f.server, evasionRules)
	return f
}

// expectNothingDone runs what must be refused, and fails where a row changed or no
// refusal came. what may break the session.
func (f *field) expectNothingDone(t *testing.T, what func(*session) reply) {
	t.Helper()
	f.server.Exec(t, f.database, evasionRows)
	before := f.server.Query(t, f.database, everyRow)
	s := login(t, f.guard.Addr, f.database)
	r := what(s)
	s.Close()
	if after := f.server.Query(t, f.database, everyRow); after != before {
		t.Errorf("rows changed: %s, before %s", after, before)
	}
	if !r.refused() {
		t.Errorf("not refused: %s", r.one())
	}
}

func (f *field) expectWorks(t *testing.T, what func(*session) reply) {
	t.Helper()
	f.server.Exec(t, f.database, evasionRows)
	s := login(t, f.guard.Addr, f.database)
	defer s.Close()
	if r := what(s); r.err != nil || r.status == 0 {
		t.Errorf("a harmless statement failed: %s", r.one())
	}
}

// simple and extended are the two ways to send a statement.
func simple(sql string) func(*session) reply { return func(s *session) reply { return s.run(sql) } }

func extended(sql string) func(*session) reply {
	return func(s *session) reply {
		send(s, join(parse("", sql), bind("", ""), execute(""), message('S', "")))
		return s.answer()
	}
}

func parse(name, sql string) []byte { return message('P', name+"\x00"+sql+"\x00\x00\x00") }
func bind(portal, name string) []byte {
	return message('B', portal+"\x00"+name+"\x00\x00\x00\x00\x00\x00\x00")
}
func execute(portal string) []byte { return message('E', portal+"\x00\x00\x00\x00\x00") }

// evasions hide something refused in one string; near is as like it as a harmless
// one can be. Where either holds several statements only Query can carry it.
var evasions = []struct{ name, refused, near string }{
	{"MERGE that deletes",
		"MERGE INTO items USING (VALUES (1)) v(n) ON true WHEN MATCHED THEN DELETE",
		"MERGE INTO items i USING (VALUES (1)) v(n) ON i.id = v.n WHEN MATCHED THEN UPDATE SET name = 'x'"},
	{"function in FROM", "SELECT * FROM purge()", "SELECT * FROM harmless()"},
	{"function in a join", "SELECT * FROM items i, LATERAL purge() p", "SELECT * FROM items i, LATERAL harmless() p"},
	{"function in UPDATE SET", "UPDATE items SET id = id * purge() WHERE id = 1", "UPDATE items SET id = id * harmless() WHERE id = 1"},
	{"function in DELETE WHERE", "DELETE FROM items WHERE id = 1 AND purge() = 1", "DELETE FROM items WHERE id = 1 AND id > 0"},
	{"function in COLLATE", `SELECT purge()::text COLLATE "C"`, `SELECT harmless()::text COLLATE "C"`},
	{"function, quoted and qualified", `SELECT "public"."purge"()`, `SELECT "public"."harmless"()`},
	{"function in a default", "CREATE TEMP TABLE t AS SELECT purge()", "CREATE TEMP TABLE t AS SELECT harmless()"},
	{"COPY of a DELETE", "COPY (DELETE FROM items RETURNING *) TO STDOUT", "COPY (SELECT * FROM items) TO STDOUT"},
	{"writable CTE",
		"WITH d AS (DELETE FROM items RETURNING 1) SELECT count(*) FROM d WHERE false",
		"WITH d AS (DELETE FROM items WHERE id = 1 RETURNING 1) SELECT count(*) FROM d WHERE false"},
	{"writable CTE of an INSERT",
		"WITH d AS (DELETE FROM items RETURNING id) INSERT INTO scratch SELECT id FROM d",
		"WITH d AS (SELECT id FROM items) INSERT INTO scratch SELECT id FROM d"},
	{"EXPLAIN ANALYZE", "EXPLAIN ANALYZE DELETE FROM items", "EXPLAIN DELETE FROM items"},
	{"EXPLAIN (ANALYZE)", "EXPLAIN (COSTS off, ANALYZE) DELETE FROM items", "EXPLAIN (COSTS off, ANALYZE off) DELETE FROM items"},
	{"EXPLAIN with ANALYZE on and off", "EXPLAIN (ANALYZE off, ANALYZE on) DELETE FROM items", "EXPLAIN (ANALYZE on, ANALYZE off) DELETE FROM items"},
	{"PREPARE at position 2",
		"SELECT 1; PREPARE p AS DELETE FROM items; EXECUTE p",
		"SELECT 1; PREPARE p AS DELETE FROM items WHERE id = 1; EXECUTE p"},
	{"E string", `SELECT E'\\'; DELETE FROM items; --'`, `SELECT E'\'; DELETE FROM items; --'`},
	{"string that ends with a backslash", `SELECT '\'; DELETE FROM items; --'`, `SELECT '\''; DELETE FROM items; --'`},
	{"dollar quotes", "SELECT $a$ $b$ $a$; DELETE FROM items; --$a$", "SELECT $a$ ; DELETE FROM items; --$b$ $a$"},
	{"dollar in a name", "SELECT 1 AS a$b$; DELETE FROM items; --$b$", "SELECT 1 AS a, $b$; DELETE FROM items; --$b$"},
	{"nested comments", "/* /* */ ; */ DELETE FROM items", "/* /* */ DELETE FROM items; */ SELECT 1"},
	{"comment that a string opens", "SELECT '/*'; DELETE FROM items; --*/", "SELECT /*'; DELETE FROM items; --*/ 1"},
	{"line comment that a carriage return ends", "--\rDELETE FROM items", "-- DELETE FROM items\rSELECT 1"},
	{"quoted name", `DELETE FROM "items"`, `SELECT 1 AS "DELETE FROM items"`},
	{"name in Unicode escapes", `DELETE FROM U&"\0069tems"`, `SELECT 1 AS U&"\0069tems"`},
	{"keywords in any case", "dElEtE FrOm items", "SELECT 1 AS deleted"},
	{"alias named delete", "DELETE FROM items AS delete", "SELECT id AS delete FROM items"},
	{"no space where none is needed", `DELETE/**/FROM"items"`, `SELECT/**/name FROM"items"`},
	{"digits in front of a keyword", "SELECT 1;DELETE FROM items WHERE id>0OR 1=1", "SELECT 1;DELETE FROM items WHERE id=1"},
	{"DO", "DO 'BEGIN DELETE FROM items; END'", "SELECT 'DO'"},
	{"DO with a language first", "DO LANGUAGE plpgsql $$BEGIN PERFORM purge(); END$$", "SELECT $$DO$$ AS language"},
	{"CALL", "CALL clean()", `SELECT 'CALL clean()'`},
	{"second statement", "SELECT 1; TRUNCATE items", "SELECT 1; SELECT 'TRUNCATE items'"},
	{"empty statements around", ";;DELETE FROM items;;", ";;SELECT 1;;"},
	{"COMMIT in between", "BEGIN; SELECT 1; COMMIT; TRUNCATE items", "BEGIN; SELECT 1; COMMIT; SELECT 2"},
	{"only this table", "TRUNCATE ONLY items", "TRUNCATE ONLY scratch"},
	{"a free table beside it", "TRUNCATE scratch, items", "TRUNCATE scratch, public.scratch"},
	{"another schema's table of that name", "TRUNCATE other.scratch", "TRUNCATE public.scratch"},
	{"a rule of the server's", "DROP RULE IF EXISTS x ON items", "SELECT 'DROP RULE'"},
	{"temporary name that shadows", "SET search_path = other; TRUNCATE scratch", "SET work_mem = '4MB'; TRUNCATE scratch"},
}

func TestHiddenStatementIsRefusedAndItsNearMissWorks(t *testing.T) {
	f := newField(t, major)
	for _, e := range evasions {
		t.Run(e.name, func(t *testing.T) {
			f.expectNothingDone(t, simple(e.refused))
			f.expectWorks(t, simple(e.near))
			if !strings.Contains(e.refused+e.near, ";") {
				f.expectNothingDone(t, extended(e.refused))
				f.expectWorks(t, extended(e.near))
			}
		})
	}
}

func TestMessageOverTheInspectionLimitIsRefused(t *testing.T) {
	f := newField(t, major)
	padding := func(n int) string { return "/*" + strings.Repeat("x", n) + "*/" }
	for _, send := range []func(string) func(*session) reply{simple, extended} {
		f.expectNothingDone(t, send("DELETE FROM items "+padding(63<<10)))
		f.expectNothingDone(t, send(padding(64<<10)+"DELETE FROM items"))
		f.expectNothingDone(t, send(padding(10<<20)+"SELECT 1"))
		f.expectWorks(t, send(padding(63<<10)+"SELECT 1"))
	}
}

// What a string means may hang on a setting that an earlier one made.
func TestStringsAreReadAsTheServerReadsThem(t *testing.T) {
	f := newField(t, major)
	off := "SET standard_conforming_strings = off"
	ways := map[string]func(*session) reply{
		"in turn": func(s *session) reply {
			s.run(off)
			return s.run(`SELECT '\''; DELETE FROM items; --'`)
		},
		"in one write": func(s *session) reply {
			send(s, join(query(off), query(`SELECT '\''; DELETE FROM items; --'`)))
			s.answer()
			return s.answer()
		},
		"by set_config": func(s *session) reply {
			send(s, join(query("SELECT set_config('standard_conforming_strings', 'off', false)"), query(`SELECT '\''; DELETE FROM items; --'`)))
			s.answer()
			return s.answer()
		},
		"in the extended protocol": func(s *session) reply {
			send(s, join(parse("", off), bind("", ""), execute(""), query(`SELECT '\''; DELETE FROM items; --'`)))
			return s.answer()
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) { f.expectNothingDone(t, way) })
	}
	t.Run("without effect", func(t *testing.T) {
		f.expectWorks(t, simple(`SELECT '\''; DELETE FROM items; --'`))
		f.expectWorks(t, func(s *session) reply {
			s.run(off)
			return s.run(`SELECT 'it\'s'`)
		})
	})
}

// Whoever is let in without a password can send statements before the server has
// said what the settings are.
func TestStatementsBehindTheStartupPacketAreReadWithItsSettings(t *testing.T) {
	f := newField(t, major)
	f.server.Exec(t, "postgres", "CREATE ROLE lax SUPERUSER LOGIN; ALTER ROLE lax SET standard_conforming_strings = off")
	t.Cleanup(func() { f.server.Exec(t, "postgres", "DROP ROLE lax") })
	lexed := `SELECT '\''; DELETE FROM items; --'`
	sjis := "SELECT E'\xc3\x81\\'; DELETE FROM items; --'" // UTF8 too, where it is harmless
	for name, c := range map[string]struct {
		sql        string
		parameters []string
	}{
		"strings as the packet sets them":      {lexed, []string{"user", "postgres", "standard_conforming_strings", "off"}},
		"strings as an option sets them":       {lexed, []string{"user", "postgres", "options", "-cstandard_conforming_strings=off"}},
		"strings as the role has them":         {lexed, []string{"user", "lax"}},
		"encoding as the packet sets it":       {sjis, []string{"user", "postgres", "client_encoding", "SJIS"}},
		"encoding as an option sets it":        {sjis, []string{"user", "postgres", "options", "--client-encoding=sjis"}},
		"search_path as the packet sets it":    {"TRUNCATE scratch", []string{"user", "postgres", "search_path", "other"}},
		"Search_Path in another case":          {"TRUNCATE scratch", []string{"user", "postgres", "Search_Path", "other"}},
		"search_path as an option sets it":     {"TRUNCATE scratch", []string{"user", "postgres", "options", "-c search_path=other"}},
		"search_path by a long option":         {"TRUNCATE scratch", []string{"user", "postgres", "options", "--SEARCH-path=other"}},
		"search_path in a cluster of switches": {"TRUNCATE scratch", []string{"user", "postgres", "options", "-ec search_path=other"}},
		"search_path by an escaped option":     {"TRUNCATE scratch", []string{"user", "postgres", "options", `-c sea\rch_path=other`}},
	} {
		t.Run(name, func(t *testing.T) {
			f.server.Exec(t, f.database, evasionRows)
			before := f.server.Query(t, f.database, everyRow)
			conn := dial(t, f.guard.Addr)
			send(conn, join(startup(protocol3, append(c.parameters, "database", f.database)...), query(c.sql), terminate))
			got := transcript(rest(t, conn), 0)
			if after := f.server.Query(t, f.database, everyRow); after != before {
				t.Errorf("rows changed: %s, before %s", after, before)
			}
			if !strings.Contains(got, "E(ERROR 42501 pgcordon refused ") {
				t.Errorf("not refused: %s", got)
			}
		})
	}
	for name, parameters := range map[string][]string{
		"nothing":         {"user", "postgres"},
		"another setting": {"user", "postgres", "work_mem", "8MB", "options", "-c geqo=off --work-mem=4MB"},
	} {
		conn := dial(t, f.guard.Addr)
		send(conn, join(startup(protocol3, append(parameters, "database", f.database)...), query("TRUNCATE scratch"), terminate))
		if got := transcript(rest(t, conn), 0); strings.Contains(got, "E(") {
			t.Errorf("%s was set and a harmless statement failed: %s", name, got)
		}
	}
}

func TestSearchPathChangesWhatANameMeans(t *testing.T) {
	f := newField(t, major)
	for _, change := range []string{
		"SET search_path = other", "SET SESSION search_path TO other, public", "SET LOCAL search_path = other",
		"SET SCHEMA 'other'", "SELECT set_config('search_path', 'other', false)", "SELECT set_config('search' || '_path', 'other', false)",
		"ALTER ROLE postgres SET search_path = other; SET ROLE postgres; RESET ALL",
	} {
		t.Run(change, func(t *testing.T) {
			t.Cleanup(func() { f.server.Exec(t, "postgres", "ALTER ROLE postgres RESET search_path") })
			f.expectNothingDone(t, func(s *session) reply {
				s.run("BEGIN")
				if r := s.run(change); r.err != nil {
					t.Fatalf("%s: %s", change, r.one())
				}
				return s.run("TRUNCATE scratch")
			})
			f.expectNothingDone(t, func(s *session) reply {
				send(s, join(query("BEGIN"), query(change), query("TRUNCATE scratch")))
				s.answer()
				s.answer()
				return s.answer()
			})
		})
	}
	f.expectWorks(t, func(s *session) reply {
		s.run("SET work_mem = '8MB'")
		return s.run("TRUNCATE scratch")
	})
}

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

func TestNULInsideAQueryHidesNothing(t *testing.T) {
	f := newField(t, major)
	for name, body := range map[string][]byte{
		"behind a SELECT":   message('Q', "SELECT 1\x00; DELETE FROM items\x00"),
		"in front of it":    message('Q', "\x00DELETE FROM items\x00"),
		"in a Parse's name": message('P', "a\x00b\x00DELETE FROM items\x00\x00\x00"),
		"no NUL at all":     message('Q', "DELETE FROM items"),
	} {
		t.Run(name, func(t *testing.T) {
			f.server.Exec(t, f.database, evasionRows)
			before := f.server.Query(t, f.database, everyRow)
			script := func(addr string) string {
				return transcript(exchange(t, addr, join(startup(protocol3, "user", "postgres", "database", f.database),
					body, message('S', ""), query("SELECT 1"), terminate)), 0)
			}
			got, want := script(f.guard.Addr), ""
			if after := f.server.Query(t, f.database, everyRow); after != before {
				t.Errorf("rows changed: %s, before %s", after, before)
			}
			if want = script(f.server.Addr()); got != want {
				t.Errorf("guarded %s\ndirect  %s", got, want)
			}
		})
	}
}

// EXECUTE by name, whoever prepared it and in whatever protocol.
func TestPreparedStatementIsJudgedWhereverItWasPrepared(t *testing.T) {
	f := newField(t, major)
	f.expectNothingDone(t, func(s *session) reply {
		send(s, join(parse("p", "DELETE FROM items"), message('S', "")))
		r := s.answer()
		s.run("EXECUTE p")
		return r
	})
	f.expectNothingDone(t, func(s *session) reply {
		send(s, join(query("PREPARE p AS DELETE FROM items"), query("EXECUTE p")))
		r := s.answer()
		s.answer()
		return r
	})
	f.expectNothingDone(t, func(s *session) reply {
		send(s, join(parse("p", "SELECT 1"), parse("p", "TRUNCATE items"), bind("", "p"), execute(""), message('S', "")))
		if r := s.answer(); r.err == nil {
			t.Error("a name was prepared twice")
		}
		send(s, join(message('C', "Sp\x00"), parse("p", "TRUNCATE items"), bind("", "p"), execute(""), message('S', "")))
		return s.answer()
	})
	f.expectWorks(t, func(s *session) reply {
		s.run("PREPARE p AS DELETE FROM items WHERE id = $1")
		return s.run("EXECUTE p(1)")
	})
}

func TestFunctionCallIsJudged(t *testing.T) {
	f := newField(t, major)
	s := login(t, f.guard.Addr, f.database)
	if r := s.run("SELECT lo_from_bytea(4711, 'kept')"); r.one() != "4711" && !r.refused() {
		t.Fatalf("lo_from_bytea: %s", r.one())
	}
	f.server.Exec(t, f.database, "SELECT CASE WHEN NOT EXISTS (SELECT FROM pg_largeobject_metadata WHERE oid = 4711) THEN lo_from_bytea(4711, 'kept') END")
	const loUnlink, purgeBlob = 964, "\x00\x01\x00\x01\x00\x01\x00\x00\x00\x04\x00\x00\x12\x67\x00\x01"
	call := func(oid uint32, arguments string) reply {
		body := []byte{byte(oid >> 24), byte(oid >> 16), byte(oid >> 8), byte(oid)}
		send(s, message('F', string(body)+arguments))
		return s.answer()
	}
	if r := call(loUnlink, purgeBlob); !r.refused() || r.status != 'I' {
		t.Errorf("lo_unlink: %s, status %c", r.one(), r.status)
	}
	if n := f.server.Query(t, f.database, "SELECT count(*) FROM pg_largeobject_metadata WHERE oid = 4711"); n != "1" {
		t.Error("the large object is gone")
	}
	var purge uint32
	fmt.Sscan(f.server.Query(t, f.database, "SELECT 'purge()'::regprocedure::oid"), &purge)
	f.expectNothingDone(t, func(*session) reply { return call(purge, "\x00\x00\x00\x00\x00\x00") })
	const pgBackendPID = 2026
	if r := call(pgBackendPID, "\x00\x00\x00\x00\x00\x01"); r.err != nil {
		t.Errorf("pg_backend_pid: %s", r.one())
	}
}

func TestReplicationNeedsARule(t *testing.T) {
	server := pgtest.Shared(t, major)
	guard := startGuard(t, server, "")
	for _, value := range []string{"true", "database", "on", "1", "yes"} {
		got := transcript(exchange(t, guard.Addr, join(startup(protocol3, "user", "postgres", "database", "postgres", "replication", value), terminate)), 0)
		if !strings.HasPrefix(got, "E(FATAL 28000 pgcordon refused the session: rule builtin/replication") {
			t.Errorf("replication=%s: %s", value, got)
		}
	}
	open := startGuard(t, server, "sessions: [{name: replicas, action: allow, when: {source: [production], replication: true}}]")
	s := login(t, open.Addr, "postgres", "replication", "database")
	if r := s.run("IDENTIFY_SYSTEM"); r.err != nil || len(r.rows) != 1 {
		t.Errorf("IDENTIFY_SYSTEM by rule: %s", r.one())
	}
	if r := s.run("CREATE TABLE t (i int); DROP TABLE t"); !r.refused() {
		t.Errorf("DROP in a walsender: %s", r.one())
	}
}
