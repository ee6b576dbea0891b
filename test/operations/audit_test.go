package operations

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// recordingRules want an event of every statement that touches coupons.
const recordingRules = `
statements:
  - {name: note-coupons, action: audit, when: {relation: [coupons]}}
`

// eventsOf ends a session and returns its events: the last one is of its end.
func (s stage) eventsOf(t testing.TB, c *client) []audit.Event {
	t.Helper()
	over := map[string]bool{}
	for _, e := range s.guard.Events(t) {
		over[e.Session] = over[e.Session] || e.Type == audit.SessionEnd
	}
	c.leave()
	session := s.guard.AwaitEvent(t, "the end of the session", func(e audit.Event) bool {
		return e.Type == audit.SessionEnd && !over[e.Session]
	}).Session
	return slices.DeleteFunc(s.guard.Events(t), func(e audit.Event) bool { return e.Session != session })
}

// recordings are statements on coupons and what the server makes of them. One that it
// skips, because of an error in front of it, has no SQLSTATE.
var recordings = []struct {
	name     string
	send     []pgproto3.FrontendMessage
	rows     int64 // -1: none named
	sqlstate string
	effects  string
	breadth  string
}{
	{"simple", messages(query("UPDATE coupons SET code = 'y' WHERE id BETWEEN 3 AND 5")), 3, "00000", "update", "bounded"},
	{"simple, failing", messages(query("INSERT INTO coupons VALUES (1, 'twice')")), -1, "23505", "insert", ""},
	{"extended", messages(run("DELETE FROM coupons WHERE id IN (1, 2)"), syncs()), 2, "00000", "delete", "bounded"},
	{"extended, failing when it is prepared", messages(run("UPDATE coupons SET missing = 1 WHERE id = 3"), syncs()), -1, "", "update", "bounded"},
	{"extended, failing when it runs", messages(run("UPDATE coupons SET id = 4 WHERE id = 3"), syncs()), -1, "23505", "update", "bounded"},
	{"second of three in a string", messages(query("SELECT 1; DELETE FROM coupons WHERE id = 3; SELECT 2, 3")), 1, "00000", "delete", "bounded"},
	{"string that fails behind it", messages(query("DELETE FROM coupons WHERE id = 4; SELECT 1/0")), 1, "22012", "delete", "bounded"},
	{"string that fails in front of it", messages(query("SELECT 1/0; DELETE FROM coupons WHERE id = 4")), -1, "22012", "delete", "bounded"},
	{"pipeline that fails in front of it", messages(run("SELECT 1/0"), run("DELETE FROM coupons WHERE id = 4"), syncs()), -1, "", "delete", "bounded"},
	{"COPY in", messages(query("COPY coupons (id, code) FROM STDIN"), &pgproto3.CopyData{Data: []byte("91\ta\n92\tb\n")}, &pgproto3.CopyDone{}),
		2, "00000", "copy_in", ""},
	{"COPY out", messages(query("COPY coupons TO STDOUT")), 19, "00000", "copy_out", ""},
	{"SELECT", messages(query("SELECT FROM coupons WHERE id > 90")), 2, "00000", "read", ""},
	{"portal in pieces", messages(parse("", "SELECT id FROM coupons"), bind("", ""), &pgproto3.Execute{MaxRows: 2}, syncs()), -1, "00000", "read", ""},
}

func TestRecordedStatementsCarryWhatTheServerAnswered(t *testing.T) {
	t.Parallel()
	eachMajor(t, recordingRules, func(t *testing.T, s stage) {
		c := s.raw(t, production)
		for _, r := range recordings {
			c.send(r.send...)
			c.untilReady(1)
		}
		events := s.eventsOf(t, c)
		events = events[1 : len(events)-1]
		for _, r := range recordings {
			if len(events) == 0 {
				t.Fatalf("%s: no event", r.name)
			}
			e := events[0]
			events = events[1:]
			rows := int64(-1)
			if e.Rows != nil {
				rows = *e.Rows
			}
			if e.Type != audit.StatementEvent || rows != r.rows || e.SQLSTATE != r.sqlstate ||
				strings.Join(e.Effects, ",") != r.effects || e.Breadth != r.breadth {
				t.Errorf("%s: rows %d, SQLSTATE %s, effects %v, breadth %q, %s", r.name, rows, e.SQLSTATE, e.Effects, e.Breadth, e.SQL)
			}
			if !slices.Contains(e.Relations, "coupons") || e.Rule != "note-coupons" || e.Decision != audit.Allow || e.JudgedBy != "grammar" {
				t.Errorf("%s: %+v", r.name, e)
			}
		}
		if len(events) > 0 {
			t.Errorf("more events: %+v", events)
		}
	})
}

func TestEventsOfASessionTellWhoWhereAndHowMuch(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 17), recordingRules)
	c := s.raw(t, production, "application_name", "checkout")
	c.send(query("SELECT 1"))
	c.untilReady(1)
	c.send(query("TRUNCATE categories, coupons"))
	c.untilReady(1)
	events := s.eventsOf(t, c)
	var types []string
	ids := map[string]bool{}
	for _, e := range events {
		types = append(types, e.Type)
		ids[e.ID] = true
		if e.Time.IsZero() || e.User != "postgres" || e.Database != s.database || e.Application != "checkout" ||
			e.Target != (audit.Target{Name: "shop", Environment: "production"}) ||
			e.Source != (audit.Source{Environment: "production", Rule: "prod", Fact: "address 127.0.0.1 in 127.0.0.0/24", Address: production}) {
			t.Errorf("%+v", e)
		}
	}
	if want := []string{audit.SessionStart, audit.StatementRefused, audit.SessionEnd}; !slices.Equal(types, want) || len(ids) != 3 {
		t.Fatalf("events %v of ids %v", types, ids)
	}
	refused, last := events[1], events[2]
	if refused.Decision != audit.Deny || refused.Reason == "" || !slices.Equal(refused.Relations, []string{"categories", "coupons"}) ||
		!slices.Equal(refused.Effects, []string{"truncate"}) || refused.SQL != "TRUNCATE categories, coupons" || refused.Rows != nil {
		t.Errorf("%+v", refused)
	}
	if last.Statements != 2 || last.Refused != 1 || last.BytesIn == 0 || last.BytesOut == 0 || last.Duration == 0 {
		t.Errorf("%+v", last)
	}
}

func TestFailedLoginIsRecorded(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Config{Major: 16, HBA: []string{"host all guarded_user all scram-sha-256", "host all nobody all reject"}})
	server.Exec(t, "postgres", "CREATE ROLE guarded_user LOGIN PASSWORD 'another'; CREATE ROLE nobody LOGIN")
	s := stage{server: server, database: anyDatabase}
	s.guard = pgtest.StartGuard(t, policyFor(server.Addr(), "", ""))
	for user, sqlstate := range map[string]string{"guarded_user": "28P01", "nobody": "28000", "missing_role": "28000"} {
		if _, err := s.open(t, production, asUser(user)); err == nil {
			t.Fatalf("%s logged in", user)
		}
		e := s.guard.AwaitEvent(t, "a failed login of "+user, func(e audit.Event) bool { return e.Type == audit.AuthFailure && e.User == user })
		if e.SQLSTATE != sqlstate || e.Reason == "" || e.Source.Environment != "production" {
			t.Errorf("%+v", e)
		}
	}
	s.counted(t, `pgcordon_auth_failures_total{environment="production",sqlstate="28P01",target="shop"}`, 1)
	s.counted(t, `pgcordon_auth_failures_total{environment="production",sqlstate="28000",target="shop"}`, 2)
}

// secrets are statements whose literals must not be in a redacted log.
var secrets = []string{
	"UPDATE coupons SET code = 'SECRET-1' WHERE id = 1",
	"UPDATE coupons SET code = E'SECRET\\x2d2' WHERE id = 2",
	"UPDATE coupons SET code = $tag$SECRET-3$tag$ WHERE id = 3",
	"UPDATE coupons SET code = U&'SECRET-4' WHERE true",
	"DELETE FROM coupons WHERE code > 'SECRET-5' -- SECRET-6",
	"DELETE FROM coupons /* SECRET-7 */ WHERE code LIKE 'SECRET%'",
	"TRUNCATE coupons 'SECRET-8' AND E'SECRET-9'",
	"DELETE FROM coupons WHERE id = E'SECRET-9' 'x' E'SECRET-9'",
	"TRUNCATE coupons; SELECT 'SECRET-9",
	"TRUNCATE coupons; SELECT $SECRET$SECRET-9",
	"INSERT INTO coupons VALUES (500, 'SECRET-10'), (501, N'SECRET-11')",
	"COPY coupons TO PROGRAM 'mail SECRET-12'",
	"DO 'BEGIN DELETE FROM coupons; PERFORM ''SECRET-13''; END'",
	"CREATE ROLE clerk PASSWORD 'SECRET-14'; DELETE FROM coupons",
}

func TestRedactedLogHoldsNoLiteral(t *testing.T) {
	t.Parallel()
	for mode, holds := range map[string]bool{"redacted": false, "full": true, "none": false} {
		t.Run(mode, func(t *testing.T) {
			server := pgtest.Shared(t, 17)
			s := stage{server: server, database: newShop(t, server)}
			policy := policyFor(server.Addr(), "", recordingRules)
			s.guard = pgtest.StartGuard(t, strings.Replace(policy, `audit: {`, `audit: {sql: `+mode+`, `, 1))
			c := s.raw(t, production)
			for _, sql := range secrets {
				c.send(query(sql))
				c.untilReady(1)
				c.send(messages(parse("", sql), syncs())...)
				c.untilReady(1)
			}
			events := s.eventsOf(t, c)
			if len(events) < len(secrets)+2 {
				t.Errorf("only %d events", len(events))
			}
			content, err := os.ReadFile(s.guard.AuditFile)
			if err != nil {
				t.Fatal(err)
			}
			if found := strings.Contains(string(content)+s.guard.Output(), "SECRET"); found != holds {
				for line := range strings.Lines(string(content) + s.guard.Output()) {
					if strings.Contains(line, "SECRET") != holds {
						t.Error(line)
					}
				}
			}
			if hasSQL := strings.Contains(string(content), `"sql":`); hasSQL == (mode == "none") {
				t.Errorf("the log has SQL: %t", hasSQL)
			}
		})
	}
}

// logrotate renames the file and sends SIGHUP.
func TestAuditLogIsReopenedAfterRotation(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 15), "")
	refuse := func() string {
		c := s.raw(t, production)
		c.send(query("TRUNCATE categories"))
		c.want("E 42501 | Z I")
		return refusalMessage.FindStringSubmatch(c.lastError().Message)[4]
	}
	first := refuse()
	old := s.guard.AuditFile + ".1"
	if err := os.Rename(s.guard.AuditFile, old); err != nil {
		t.Fatal(err)
	}
	second := refuse() // still to the file that was open
	s.guard.Signal(t, syscall.SIGHUP)
	await(t, "the log says so", func() bool { return strings.Contains(s.guard.Output(), "reason=SIGHUP") })
	s.event(t, refuse())
	content, err := os.ReadFile(old)
	if err != nil || !strings.Contains(string(content), first) || !strings.Contains(string(content), second) {
		t.Errorf("the rotated file lacks events: %v", err)
	}
}
