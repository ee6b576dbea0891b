package hostile

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// A connection closed with unread bytes in it sends RST, which can take the last
// error from the client's receive buffer: pgcordon, like the server, sends FIN.
func TestLastErrorReachesAClientThatIsStillSending(t *testing.T) {
	guard := startGuard(t, pgtest.Shared(t, major), "")
	for name, c := range map[string]struct {
		first []byte
		want  string
	}{
		"in the startup":         {startup(protocol3, "user", "a", "user", "b"), `E(FATAL 08P01 startup parameter "user" given twice)`},
		"a database not there":   {startup(protocol3, "user", "postgres", "database", "none"), "E(FATAL 3D000 "},
		"replication, no rule":   {startup(protocol3, "user", "postgres", "replication", "true"), "E(FATAL 28000 "},
		"a message of no type":   {join(startup(protocol3, "user", "postgres"), claim('?', 4)), "E(FATAL 08P01 invalid frontend message type 63)"},
		"its own Terminate sent": {join(startup(protocol3, "user", "postgres"), query("TRUNCATE pg_class"), terminate), "E(ERROR 42501 pgcordon refused truncate"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, guard.Addr)
			send(conn, c.first)
			for range 20 { // a reset that comes while a client writes is told to the write alone
				if _, err := conn.Write(make([]byte, 200<<10)); err != nil {
					t.Fatalf("what the client was still sending ended in %v", err)
				}
				time.Sleep(10 * time.Millisecond)
			}
			got, err := io.ReadAll(conn)
			if err != nil {
				t.Errorf("the connection ended with %v, want FIN", err)
			}
			if text := transcript(got, 0); !strings.Contains(text, c.want) {
				t.Errorf("the client got %s, want %s", text, c.want)
			}
		})
	}
}

func TestClientThatLeavesInATransactionRollsItBack(t *testing.T) {
	server := pgtest.Shared(t, major)
	server.Exec(t, "postgres", "CREATE TABLE orders (id int)")
	t.Cleanup(func() { server.Exec(t, "postgres", "DROP TABLE orders") })
	guard := startGuard(t, server, "")
	before := usageOf(t, guard)
	for name, leave := range map[string]func(net.Conn){
		"FIN":        func(c net.Conn) { c.Close() },
		"RST":        func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0); c.Close() },
		"half a FIN": func(c net.Conn) { _ = c.(*net.TCPConn).CloseWrite() },
		"Terminate":  func(c net.Conn) { send(c, terminate) },
		"half a message": func(c net.Conn) {
			send(c, query("COMMIT")[:7])
			c.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := login(t, guard.Addr, "postgres")
			if r := s.run("BEGIN; INSERT INTO orders VALUES (1)"); r.status != 'T' {
				t.Fatalf("insert: %s", r.one())
			}
			leave(s.Conn)
			until(t, "gone from the server", func() bool {
				return server.Query(t, "postgres", fmt.Sprintf("SELECT count(*) FROM pg_stat_activity WHERE pid = %d", s.key.ProcessID)) == "0"
			})
			if n := server.Query(t, "postgres", "SELECT count(*) FROM orders"); n != "0" {
				t.Errorf("%s rows were committed", n)
			}
			s.Close()
		})
	}
	before.expectAgain(t, guard)
}

// A client that only says that it will send no more still gets its answer.
func TestClientThatHalfClosesGetsItsAnswer(t *testing.T) {
	server := pgtest.Shared(t, major)
	guard := startGuard(t, server, "")
	script := join(startup(protocol3, "user", "postgres"), query("SELECT repeat('x', 1000000) FROM pg_sleep(0.1)"), query("SELECT 2"))
	if got, want := halfClosed(t, guard.Addr, script), halfClosed(t, server.Addr(), script); got != want {
		t.Errorf("guarded %s\ndirect  %s", got, want)
	}
}

func TestServerThatHalfClosesEndsTheSession(t *testing.T) {
	over := make(chan error, 1)
	last := message('E', "SFATAL\x00VFATAL\x00C57P01\x00Mgone\x00\x00")
	guard := startGuardBefore(t, impostor(t, func(conn net.Conn) {
		send(conn, join(welcome, last))
		_ = conn.(*net.TCPConn).CloseWrite()
		_, err := io.Copy(io.Discard, conn)
		over <- err
	}))
	got := exchange(t, guard.Addr, startup(protocol3, "user", "app"))
	if !bytes.HasSuffix(got, last) {
		t.Errorf("the client got %q", got)
	}
	if err := <-over; err != nil {
		t.Errorf("the server's connection ended with %v, want FIN", err)
	}
}
