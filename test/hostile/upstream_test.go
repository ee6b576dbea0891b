package hostile

import (
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// beside is a guard in front of two servers, of which only the first is to suffer.
type beside struct {
	guard     *pgtest.Guard
	suffering *pgtest.Server
	healthy   string // where the guard listens for the other one
}

func newBeside(t *testing.T) *beside {
	t.Helper()
	b := &beside{suffering: pgtest.Start(t, pgtest.Config{Major: major})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.healthy = l.Addr().String()
	l.Close()
	b.guard = pgtest.StartGuard(t, strings.Replace(configuration(b.suffering.Addr(), "", ""), "sources:", fmt.Sprintf(
		"  - {name: other, environment: production, listen: [%q], upstream: %q}\nsources:", b.healthy, pgtest.Shared(t, major).Addr()), 1))
	return b
}

// clean fails where a client got anything but what the server sent: no message of
// pgcordon's own stands in for a server that was killed.
func clean(t *testing.T, s *session) {
	t.Helper()
	if r := s.answer(); r.err != nil && r.err.Code != "57P02" {
		t.Errorf("the client was told %s", r.one())
	}
	if _, err := s.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still open")
	}
}

func kill(t *testing.T, s *session, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(int(s.key.ProcessID), signal); err != nil {
		t.Fatal(err)
	}
}

func TestServerKilledInTheMiddle(t *testing.T) {
	for name, begin := range map[string]func(*testing.T, *pgtest.Server, *session){
		"of a query": func(t *testing.T, server *pgtest.Server, s *session) {
			send(s, query("SELECT pg_sleep(60)"))
			untilAsleep(t, server, s)
		},
		"of COPY in": func(t *testing.T, _ *pgtest.Server, s *session) {
			send(s, join(query("CREATE TEMP TABLE t (line text); COPY t FROM STDIN"), message('d', "one line\n")))
			for {
				m, err := s.from.Receive()
				if err != nil {
					t.Fatal(err)
				}
				if _, ok := m.(*pgproto3.CopyInResponse); ok {
					return
				}
			}
		},
		"of COPY out": func(t *testing.T, _ *pgtest.Server, s *session) {
			send(s, query("COPY (SELECT repeat('x', 1000000) FROM generate_series(1, 1000)) TO STDOUT"))
			if _, err := io.ReadFull(s.Conn, make([]byte, 1<<20)); err != nil {
				t.Fatal(err)
			}
			s.from = pgproto3.NewFrontend(strings.NewReader(""), io.Discard) // the rest is cut anywhere
			t.Cleanup(func() { _, _ = io.Copy(io.Discard, s.Conn) })
		},
		"of nothing": func(*testing.T, *pgtest.Server, *session) {},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBeside(t)
			before := usageOf(t, b.guard)
			stop := watchBystanders(t, b.healthy)
			s := login(t, b.guard.Addr, "postgres")
			begin(t, b.suffering, s)
			kill(t, s, syscall.SIGKILL)
			if name == "of COPY out" {
				if _, err := io.Copy(io.Discard, s.Conn); err != nil {
					t.Errorf("the connection ended with %v, want FIN", err)
				}
			} else {
				clean(t, s)
			}
			stop()
			until(t, "recovered", func() bool {
				return strings.HasSuffix(transcript(exchange(t, b.guard.Addr, wholeSession), 0), "Z")
			})
			before.expectAgain(t, b.guard)
		})
	}
}

func TestDeadServerIsExplained(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	guard := startGuardBefore(t, nobody)
	conn := open(t, dial(t, guard.Addr))
	send(conn, startup(protocol3, "user", "app"))
	r := conn.answer()
	if r.err == nil || r.err.Severity != "FATAL" || r.err.Code != "57P03" || !strings.Contains(r.err.Message, "target shop cannot be reached") || r.err.Hint == "" {
		t.Errorf("the client was told %+v", r.err)
	}
	if n := metric(t, guard, "pgcordon_upstream_errors_total", `reason="upstream_dial"`); n != 1 {
		t.Errorf("%v failures counted, want 1", n)
	}
	conn.Close()
	until(t, "in the log, as the hint says", func() bool { return strings.Contains(guard.Output(), "connection refused") })
}

// A server that takes connections and says nothing.
func TestStalledServer(t *testing.T) {
	guard := pgtest.StartGuard(t, configuration(impostor(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }), "",
		"limits: {login_timeout: 500ms}"))
	before := usageOf(t, guard)
	got := transcript(exchange(t, guard.Addr, startup(protocol3, "user", "app")), 0)
	if !strings.HasPrefix(got, "E(FATAL 57P01 pgcordon: the login took longer") {
		t.Errorf("a login without an answer: %s", got)
	}
	before.expectAgain(t, guard)
}

// A backend that is stopped in a query holds up its own session only; a client that
// then leaves takes nothing of the guard's along once the backend goes on.
func TestStoppedBackendHoldsUpItsOwnSessionOnly(t *testing.T) {
	server := pgtest.Shared(t, major)
	guard := startGuard(t, server, "")
	before := usageOf(t, guard)
	s := login(t, guard.Addr, "postgres")
	kill(t, s, syscall.SIGSTOP)
	defer syscall.Kill(int(s.key.ProcessID), syscall.SIGCONT) // where the test fails early
	stop := watchBystanders(t, guard.Addr)
	send(s, query("SELECT 1"))
	settled(t, guard)
	stop()
	s.Close()
	kill(t, s, syscall.SIGCONT)
	before.expectAgain(t, guard)
}
