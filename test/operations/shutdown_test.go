package operations

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os/exec"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/test/child"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// draining sends SIGTERM and waits until the guard takes nobody any more.
func (s stage) draining(t *testing.T) {
	t.Helper()
	s.guard.Signal(t, syscall.SIGTERM)
	var body []byte
	await(t, "/readyz turns 503", func() bool {
		response, err := http.Get("http://" + s.guard.Metrics + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, _ = io.ReadAll(response.Body)
		return response.StatusCode == http.StatusServiceUnavailable
	})
	if string(body) != "draining\n" {
		t.Errorf("/readyz says %q", body)
	}
	if _, err := s.open(t, production); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new connection: %v", err)
	}
}

// gone waits until the guard's process is over. That its exit status was 0 is seen at
// the end of every test.
func (s stage) gone(t *testing.T) {
	t.Helper()
	await(t, "the guard has ended", func() bool { return errors.Is(syscall.Kill(s.guard.PID(), 0), syscall.ESRCH) })
}

func TestShutdownLetsSessionsFinish(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, 17)
	s := stage{server: server, database: anyDatabase}
	s.guard = pgtest.StartGuard(t, policyFor(server.Addr(), "", "limits: {drain: 300s}"))
	conn := s.connect(t, production)
	s.draining(t)
	if one(t, conn, "SELECT pg_sleep(0.1)") != "" || one(t, conn, "SELECT 'still here'") != "still here" {
		t.Error("the session is not served while the guard drains")
	}
	if response, err := http.Get("http://" + s.guard.Metrics + "/healthz"); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("/healthz while draining: %v", err)
	}
	if err := conn.Close(context.Background()); err != nil {
		t.Error(err)
	}
	s.gone(t)
}

func TestShutdownEndsWhatIsLeftAfterTheGrace(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, 17)
	s := stage{server: server, database: newShop(t, server)}
	s.guard = pgtest.StartGuard(t, policyFor(server.Addr(), "", "limits: {drain: 1s}"))
	idle, busy := s.raw(t, production), s.raw(t, production)
	busy.send(query("SELECT pg_sleep(600)"))
	s.asleep(t)
	s.guard.Signal(t, syscall.SIGTERM)
	idle.want("E 57P01 | " + end)
	busy.want("E 57P01 | " + end)
	if e := idle.lastError(); e.Severity != "FATAL" || e.Message != "pgcordon is shutting down" {
		t.Errorf("%+v", e)
	}
	s.gone(t)
}

func TestSecondSIGTERMEndsAtOnce(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, 17)
	listen := freeAddress(t)
	program, err := child.Start(exec.Command(pgtest.Binary(t), "run", "--listen", listen, "--upstream", server.Addr()), syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Stop(syscall.SIGKILL, patience) })
	var conn net.Conn
	await(t, "the guard listens", func() bool {
		conn, err = net.Dial("tcp", listen)
		return err == nil
	})
	defer conn.Close() // a client that stops in its startup keeps the drain waiting
	answered(t, conn)
	for range 2 {
		if err := program.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		await(t, "nobody listens", func() bool {
			other, err := net.Dial("tcp", listen)
			if err == nil {
				other.Close()
			}
			return err != nil
		})
	}
	var exit *exec.ExitError
	if err := program.Err(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ended with %v, want exit status 1", err)
	}
}

// answered waits until the guard has taken conn off the listener's backlog, by
// asking whether it speaks TLS.
func answered(t *testing.T, conn net.Conn) {
	t.Helper()
	request, err := (&pgproto3.SSLRequest{}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(request); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}
