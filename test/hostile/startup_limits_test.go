package hostile

import (
	"net"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// Health checks connect and close. They must not fill the log.
func TestProbeIsNoError(t *testing.T) {
	guard := startGuard(t, pgtest.Shared(t, major), "")
	before := metric(t, guard, "pgcordon_startup_failures_total", `kind="probe"`)
	const probes = 5
	for range probes {
		dial(t, guard.Addr).Close()
	}
	until(t, "counted", func() bool {
		return metric(t, guard, "pgcordon_startup_failures_total", `kind="probe"`) == before+probes
	})
	if all := metric(t, guard, "pgcordon_startup_failures_total"); all != before+probes {
		t.Errorf("%v startup failures of other kinds", all-before-probes)
	}
	if out := guard.Output(); strings.Contains(out, "failed") || strings.Contains(out, "level=ERROR") {
		t.Errorf("a probe was logged:\n%s", out)
	}
	if events := guard.Events(t); len(events) > 0 {
		t.Errorf("a probe was audited: %+v", events)
	}
}

func TestStalledStartupEndsAtLoginTimeout(t *testing.T) {
	scram := pgtest.Start(t, pgtest.Config{Major: major, Auth: "scram-sha-256"})
	guard := startGuard(t, scram, "limits: {login_timeout: 500ms}")
	half := startup(protocol3, "user", "postgres")[:11]
	for name, bytes := range map[string][]byte{
		"one byte":              {0},
		"half a startup packet": half,
		"the length only":       half[:4],
		"an SSLRequest":         packet(sslRequest),
	} {
		conn := dial(t, guard.Addr)
		send(conn, bytes)
		if got := transcript(rest(t, conn), 1); got != "" && got != "N" {
			t.Errorf("%s: %s", name, got)
		}
	}
	conn := dial(t, guard.Addr)
	send(conn, startup(protocol3, "user", "postgres")) // and never the password
	if got := transcript(rest(t, conn), 0); !strings.Contains(got, "E(FATAL 57P01 pgcordon: the login took longer") {
		t.Errorf("a login without an end: %s", got)
	}
	if n := metric(t, guard, "pgcordon_startup_failures_total", `kind="login_timeout"`); n < 4 {
		t.Errorf("%v login timeouts counted, want at least 4", n)
	}
}

func TestClientsBeyondTheSessionLimitAreTurnedAway(t *testing.T) {
	guard := startGuard(t, pgtest.Shared(t, major), "limits: {sessions: 3}")
	before := 0.0
	until(t, "free of the readiness probe", func() bool {
		before = metric(t, guard, "pgcordon_startup_failures_total", `kind="limit"`)
		return metric(t, guard, "pgcordon_sessions_open") == 0
	})
	var inside []*session
	for range 3 {
		inside = append(inside, login(t, guard.Addr, "postgres"))
	}
	expectTurnedAway(t, guard)
	if n := metric(t, guard, "pgcordon_startup_failures_total", `kind="limit"`) - before; n != 1 {
		t.Errorf("%v clients counted as turned away, want 1", n)
	}
	for _, s := range inside {
		if got := s.run("SELECT 1").one(); got != "1" {
			t.Errorf("a session within the limit got %s", got)
		}
	}
	inside[0].Close()
	until(t, "open to another", func() bool { return admitted(t, guard) })
}

func TestClientsBeyondThePreLoginLimitAreTurnedAway(t *testing.T) {
	guard := startGuard(t, pgtest.Shared(t, major), "limits: {prelogin_sessions: 2, sessions: 10}")
	inside := login(t, guard.Addr, "postgres") // does not count: it is logged in
	stalled := []net.Conn{dial(t, guard.Addr), dial(t, guard.Addr)}
	until(t, "full", func() bool { return !admitted(t, guard) })
	expectTurnedAway(t, guard)
	if got := inside.run("SELECT 1").one(); got != "1" {
		t.Errorf("the session that is logged in got %s", got)
	}
	stalled[0].Close()
	until(t, "open to another", func() bool { return admitted(t, guard) })
}

func expectTurnedAway(t *testing.T, guard *pgtest.Guard) {
	t.Helper()
	got := transcript(exchange(t, guard.Addr, nil), 0)
	if !strings.HasPrefix(got, "E(FATAL 53300 pgcordon: too many sessions") {
		t.Errorf("one client too many: %s, want FATAL 53300", got)
	}
}

func admitted(t *testing.T, guard *pgtest.Guard) bool {
	got := transcript(exchange(t, guard.Addr, wholeSession), 0)
	return strings.HasSuffix(got, "Z") && !strings.Contains(got, "53300")
}
