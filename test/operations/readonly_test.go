package operations

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// looking makes sessions from staging read-only, whatever the rules on statements allow.
const looking = `
sessions: [{name: lookers, action: allow, read_only: true, when: {source: staging}}]
statements: [{name: all, action: allow}]`

// inDatabase puts the name of the database into SQL.
func (s stage) inDatabase(sql string) string { return strings.ReplaceAll(sql, "_DB_", s.database) }

// treasured prepares the database. What belongs to the whole server goes at the end.
func (s stage) treasured(t *testing.T) {
	t.Helper()
	s.server.Exec(t, s.database, treasures)
	s.server.Exec(t, s.database, s.inDatabase("BEGIN; INSERT INTO pending VALUES (1); PREPARE TRANSACTION '_DB_'"))
	t.Cleanup(func() {
		s.server.Exec(t, s.database, s.inDatabase("ROLLBACK PREPARED '_DB_'"))
	})
}

// attack opens a read-only session, sends what would write, and fails where that changed
// anything, or left the session able to, or met with no refusal.
func (s stage) attack(t *testing.T, send ...any) {
	t.Helper()
	before := s.server.Query(t, s.database, s.inDatabase(everything))
	c := s.raw(t, staging)
	defer c.conn.Close()
	all := messages(send...)
	c.send(all...)
	switch state := c.finish(readies(all)); state {
	case end:
	case "Z E":
		c.send(query("ROLLBACK"))
		c.untilReady(1)
		fallthrough
	default:
		c.expectReadOnly(t)
		c.send(query("ROLLBACK"), query("SELECT writes()"))
		c.untilReady(2)
		c.expectReadOnly(t)
	}
	if len(c.errors) == 0 {
		t.Error("nobody refused it")
	}
	if after := s.server.Query(t, s.database, s.inDatabase(everything)); after != before {
		t.Errorf("something changed\nbefore %s\nafter  %s", before, after)
	}
	c.silent()
}

func (c *client) expectReadOnly(t *testing.T) {
	t.Helper()
	if c.mayWrite() {
		t.Errorf("the session may write now; errors %+v", c.errors)
	}
}

// readies counts what a server answers with ReadyForQuery.
func readies(all []pgproto3.FrontendMessage) (n int) {
	for _, m := range all {
		switch m.(type) {
		case *pgproto3.Query, *pgproto3.Sync, *pgproto3.FunctionCall:
			n++
		}
	}
	return n
}

// finish receives up to the nth ReadyForQuery or the end, and returns it.
func (c *client) finish(n int) (last string) {
	c.t.Helper()
	for n > 0 && last != end {
		if last = c.next(); strings.HasPrefix(last, "Z ") {
			n--
		}
	}
	return last
}

func TestReadOnlySessionCannotWrite(t *testing.T) {
	t.Parallel()
	eachMajor(t, looking, func(t *testing.T, s stage) {
		s.treasured(t)
		for _, sql := range escapes {
			t.Run(sql, func(t *testing.T) {
				s.attack(t, query(s.inDatabase(sql)))
				if !strings.Contains(strings.TrimSuffix(sql, "$$"), "; ") || strings.HasPrefix(sql, "DO ") {
					s.attack(t, run(s.inDatabase(sql)), syncs())
				}
			})
		}
		for name, send := range pipelines {
			t.Run(name, func(t *testing.T) { s.attack(t, send...) })
		}
	})
}

// The same by each relay: what waits for the server is theirs to hold.
func TestReadOnlySessionCannotWriteOverAnyRelay(t *testing.T) {
	for _, relay := range []string{"goroutines", "epoll", "auto"} {
		t.Run(relay, func(t *testing.T) {
			t.Setenv("PGCORDON_RELAY", relay)
			s := stageOn(t, pgtest.Shared(t, pgtest.Majors[len(pgtest.Majors)-1]), looking)
			s.treasured(t)
			for name, send := range pipelines {
				t.Run(name, func(t *testing.T) { s.attack(t, send...) })
			}
		})
	}
}

// Nor does what else a policy may ask for: effects are asked for by queries of the guard's
// own, and where operators have a say, what is refused is let through at Parse.
func TestReadOnlySessionCannotWriteUnderOtherRules(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string]string{
		"transactions": "\ntransactions: [{name: few, max_effects: {deleted: 5}}]",
		"break glass":  "\nadmin: {socket: " + filepath.Join(t.TempDir(), "s") + ", break_glass: {}}",
		"tripwires":    "\ntripwires: [{name: much, refusals: 1000, within: 1m}]",
	} {
		t.Run(name, func(t *testing.T) {
			s := stageOn(t, pgtest.Shared(t, 15), looking+rules)
			s.treasured(t)
			for name, send := range pipelines {
				t.Run(name, func(t *testing.T) { s.attack(t, send...) })
			}
			for _, sql := range escapes[len(escapes)-20:] {
				t.Run(sql, func(t *testing.T) { s.attack(t, query(s.inDatabase(sql))) })
			}
			c := s.raw(t, staging)
			c.send(messages(query("SELECT 1"), query("BEGIN; SELECT 2; COMMIT"), run("SELECT 3"), run("SELECT 4"), syncs(), run("SELECT 5"), syncs(), query("SELECT 6; SELECT 7"))...)
			c.want("T | D 1 | C SELECT 1 | Z I | C BEGIN | T | D 2 | C SELECT 1 | C COMMIT | Z I | " +
				"1 | 2 | D 3 | C SELECT 1 | 1 | 2 | D 4 | C SELECT 1 | Z I | 1 | 2 | D 5 | C SELECT 1 | Z I | T | D 6 | C SELECT 1 | T | D 7 | C SELECT 1 | Z I")
			c.leave()
		})
	}
}
