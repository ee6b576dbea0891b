package hostile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

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
