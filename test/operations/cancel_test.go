package operations

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// asleep waits until somebody sleeps in the stage's database: a cancel that comes
// earlier would find nothing to cancel.
func (s stage) asleep(t testing.TB) {
	t.Helper()
	await(t, "a query sleeps", func() bool {
		return s.server.Query(t, s.database, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()") != "0"
	})
}

// canceled has a pgx connection sleep, cancels that, and checks what came of it.
func (s stage) canceled(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "SELECT pg_sleep(600)")
		done <- err
	}()
	s.asleep(t)
	if err := conn.PgConn().CancelRequest(deadline(t)); err != nil {
		t.Fatal(err)
	}
	var e *pgconn.PgError
	if err := <-done; !errors.As(err, &e) || e.Code != "57014" {
		t.Fatalf("the query ended with %v", err)
	}
	if one(t, conn, "SELECT 1") != "1" {
		t.Error("the connection does not live on")
	}
}

func TestCancelReachesTheQuery(t *testing.T) {
	t.Parallel()
	ca := pgtest.NewAuthority(t, "Guard CA")
	eachMajor(t, "", func(t *testing.T, s stage) {
		s.canceled(t, s.connect(t, production))
		t.Run("inside TLS", func(t *testing.T) {
			s.guard = pgtest.StartGuard(t, policyFor(s.server.Addr(), clientTLS("require", ca.Issue(t, pgtest.Leaf{}), ""), ""))
			s.canceled(t, s.connect(t, production, encrypted(t, ca, nil)))
			s.guard.AwaitEvent(t, "the cancel", func(e audit.Event) bool {
				return e.Type == audit.CancelEvent && e.Decision == audit.Allow && e.Reason == "forwarded"
			})
			s.counted(t, `pgcordon_cancel_requests_total{outcome="forwarded",target="shop"}`, 1)
		})
	})
}

// psql asks for a cancel without TLS even where its session has it (libpq's PQcancel).
func TestInterruptedPsqlCancelsItsQuery(t *testing.T) {
	t.Parallel()
	ca := pgtest.NewAuthority(t, "Guard CA")
	s := stageOn(t, pgtest.Shared(t, 15), "")
	tls := pgtest.StartGuard(t, policyFor(s.server.Addr(), clientTLS("require", ca.Issue(t, pgtest.Leaf{}), ""), ""))
	for name, dsn := range map[string]string{
		"plain": s.guard.DSN("postgres", s.database),
		"TLS":   strings.Replace(tls.DSN("postgres", s.database), "sslmode=disable", "sslmode=require", 1),
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			psql := exec.Command("psql", "--no-psqlrc", "--command=SELECT pg_sleep(600)", dsn)
			psql.Stdout, psql.Stderr = &out, &out
			if err := psql.Start(); err != nil {
				t.Fatal(err)
			}
			s.asleep(t)
			if err := psql.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			_ = psql.Wait() // psql ends with 1, as it does without a guard
			if !strings.Contains(out.String(), "canceling statement due to user request") {
				t.Errorf("psql said %s", out.String())
			}
		})
	}
}

// cancelPacket is a CancelRequest (CANCEL_REQUEST_CODE, src/include/libpq/pqcomm.h).
func cancelPacket(key pgproto3.BackendKeyData) []byte {
	packet := binary.BigEndian.AppendUint32(nil, uint32(12+len(key.SecretKey)))
	packet = binary.BigEndian.AppendUint32(packet, 1234<<16|5678)
	packet = binary.BigEndian.AppendUint32(packet, key.ProcessID)
	return append(packet, key.SecretKey...)
}

// requestCancel sends a CancelRequest and waits until the guard has closed.
func (s stage) requestCancel(t testing.TB, from string, key pgproto3.BackendKeyData) {
	t.Helper()
	conn, err := dialFrom(from)(deadline(t), "tcp", s.guard.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write(cancelPacket(key)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if answer, err := io.ReadAll(conn); len(answer) > 0 || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("a cancel request is answered %q, %v", answer, err)
	}
}

func TestCancelWithTheLongKeyOfProtocol32(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 18), "")
	c := s.withLongKey(t, production)
	c.send(query("SELECT pg_sleep(600)"))
	s.asleep(t)
	s.requestCancel(t, production, c.key)
	c.want("T | E 57014 | Z I")
}

func TestCancelFromARefusedEnvironmentDoesNothingAndIsRecorded(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 17), "")
	c := s.raw(t, production)
	c.send(query("SELECT pg_sleep(600)"))
	s.asleep(t)
	for i, from := range []string{staging, stranger} {
		s.requestCancel(t, from, c.key)
		s.guard.AwaitEvent(t, "a refused cancel from "+from, func(e audit.Event) bool {
			return e.Type == audit.CancelEvent && e.Decision == audit.Deny && e.Reason == "refused" &&
				e.Source.Address == from && e.Source.Environment == environments[from] && strings.HasPrefix(e.Rule, "builtin/")
		})
		s.counted(t, `pgcordon_cancel_requests_total{outcome="refused",target="shop"}`, float64(i+1))
	}
	s.asleep(t) // still
	s.requestCancel(t, production, c.key)
	c.want("T | E 57014 | Z I")
}

func TestCancelsAreLimitedBySourceAddress(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, 16)
	s := stage{server: server, database: anyDatabase}
	s.guard = pgtest.StartGuard(t, policyFor(server.Addr(), "", "limits: {cancels_per_second: 1}"))
	nobody := pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{0, 0, 0, 0}}
	limited := `pgcordon_cancel_requests_total{outcome="rate_limited",target="shop"}`
	for attempts := 0; s.measures(t)[limited] == 0; attempts++ {
		if attempts == 100 {
			t.Fatal("a hundred cancel requests in a row were forwarded")
		}
		for range 3 {
			s.requestCancel(t, production, nobody)
		}
	}
	s.requestCancel(t, "127.0.0.2", nobody)
	s.guard.AwaitEvent(t, "a cancel of another address", func(e audit.Event) bool {
		return e.Type == audit.CancelEvent && e.Source.Address == "127.0.0.2" && e.Reason == "forwarded"
	})
	s.guard.AwaitEvent(t, "a limited cancel", func(e audit.Event) bool {
		return e.Type == audit.CancelEvent && e.Source.Address == production && e.Reason == "rate_limited"
	})
}

// withLongKey opens a session of protocol 3.2, whose key for a cancel is a long one.
func (s stage) withLongKey(t *testing.T, from string) *client {
	t.Helper()
	conn, err := dialFrom(from)(deadline(t), "tcp", s.guard.Addr)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, conn)
	c.send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion32,
		Parameters: map[string]string{"user": "postgres", "database": s.database}})
	c.want("R ok | K | Z I")
	if len(c.key.SecretKey) <= 4 {
		t.Fatalf("the key has %d bytes", len(c.key.SecretKey))
	}
	return c
}
