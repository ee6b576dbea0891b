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

// expectHarm makes sure that it does harm to come through, so that it is worth refusing.
func (f *field) expectHarm(t *testing.T, what func(*session) reply, parameters ...string) {
	t.Helper()
	f.server.Exec(t, f.database, evasionRows)
	before := f.server.Query(t, f.database, everyRow)
	s := login(t, f.server.Addr(), f.database, parameters...)
	what(s)
	s.Close()
	if after := f.server.Query(t, f.database, everyRow); after == before {
		t.Error("without the guard it does nothing either")
	}
}

// expectNothingDone runs what must be refused, and fails where a row changed or no
// refusal came. what may break the session.
func (f *field) expectNothingDone(t *testing.T, what func(*session) reply, parameters ...string) {
	t.Helper()
	f.server.Exec(t, f.database, evasionRows)
	before := f.server.Query(t, f.database, everyRow)
	s := login(t, f.guard.Addr, f.database, parameters...)
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
