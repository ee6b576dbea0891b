package operations

import (
	"strings"
	"syscall"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// stopped waits until nobody but the test itself is at work in the stage's database.
func (s stage) stopped(t testing.TB) {
	t.Helper()
	await(t, "the server has stopped what it did for the session", func() bool {
		return s.server.Query(t, s.database, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`) == "0"
	})
}

// noStaging refuses those that come from staging, whom openStaging lets in.
const (
	openStaging = "sessions: [{name: guests, action: allow, when: {source: staging}}]"
	noStaging   = "sessions: [{name: no-guests, action: deny, when: {source: staging}}]"
)

func TestStatementStopsOnTheServerWhenAReloadEndsItsSession(t *testing.T) {
	t.Parallel()
	eachMajor(t, openStaging, func(t *testing.T, s stage) {
		c := s.raw(t, staging)
		c.send(query("SELECT pg_sleep(600)"))
		s.asleep(t)
		s.put(t, noStaging)
		c.want("E 28000 | " + end)
		s.stopped(t)
	})
}

func TestStatementStopsOnAServerWithTLS(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Config{Major: 18, TLS: true})
	s := stage{server: server, database: newShop(t, server)}
	config := func(rest string) string { return policyFor(server.Addr(), "server_tls: {mode: require}", rest) }
	s.guard = pgtest.StartGuard(t, config(openStaging))
	c := s.withLongKey(t, staging)
	c.send(query("SELECT pg_sleep(600)"))
	s.asleep(t)
	s.reloaded(t, func() { s.guard.Configure(t, config(noStaging)) })
	c.want("E 28000 | " + end)
	s.stopped(t)
}

func TestShutdownStopsWhatTheServerDoesAndNothingElse(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, 17)
	s := stage{server: server, database: newShop(t, server)}
	s.guard = pgtest.StartGuard(t, policyFor(server.Addr(), "", "limits: {drain: 0s}"))
	idle, busy := s.raw(t, production), s.raw(t, production)
	busy.send(query("BEGIN; DELETE FROM categories WHERE id = 1; SELECT pg_sleep(600)"))
	s.asleep(t)
	s.guard.Signal(t, syscall.SIGTERM)
	idle.want("E 57P01 | " + end)
	s.gone(t)
	s.stopped(t)
	s.intact(t)
	if strings.Contains(s.guard.Output(), "could not be told") {
		t.Error(s.guard.Output())
	}
}
