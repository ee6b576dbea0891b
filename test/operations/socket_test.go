package operations

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// throughSocket makes a pgx client use the guard's unix socket.
func (s stage) throughSocket() connection {
	return func(c *pgx.ConnConfig) {
		c.Host, c.Port, c.DialFunc = s.guard.SocketDir(), 6432, (&net.Dialer{}).DialContext
	}
}

const socketSource = `sources:
  - {name: local, environment: production, unix: true}
`

func TestUnixSocketsOnBothSides(t *testing.T) {
	t.Parallel()
	eachMajor(t, "", func(t *testing.T, s stage) {
		s.guard = pgtest.StartGuard(t, withSources(policyFor("unix:"+s.server.Socket(), "", ""), socketSource))
		conn := s.connect(t, production, s.throughSocket())
		if from := one(t, conn, "SELECT coalesce(inet_client_addr()::text, 'unix')"); from != "unix" {
			t.Errorf("the server saw a client from %s", from)
		}
		s.guard.AwaitEvent(t, "a session through the socket", func(e audit.Event) bool {
			return e.Type == audit.SessionStart && e.Source.Rule == "local" && e.Source.Fact == "unix socket" && e.Source.Address == "unix"
		})
		if _, err := s.open(t, production); err == nil || !strings.Contains(err.Error(), "builtin/unknown-source") {
			t.Errorf("over TCP: %v", err)
		}
	})
}

func TestNoTLSOnUnixSocketsAsInPostgreSQL(t *testing.T) {
	t.Parallel()
	ca := pgtest.NewAuthority(t, "Guard CA")
	s := stage{server: pgtest.Shared(t, 15), database: anyDatabase}
	target := clientTLS("require", ca.Issue(t, pgtest.Leaf{CommonName: "guard"}), "")
	s.guard = pgtest.StartGuard(t, withSources(policyFor("unix:"+s.server.Socket(), target, ""), socketSource))
	s.connect(t, production, s.throughSocket())
	conn, err := net.Dial("unix", s.guard.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil {
		t.Fatal(err)
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil || answer[0] != 'N' {
		t.Errorf("an SSLRequest is answered %q, %v", answer, err)
	}
}

func TestIPv6OnBothSides(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Config{Major: 17, Conf: map[string]string{"listen_addresses": "127.0.0.1,::1"}})
	_, port, _ := net.SplitHostPort(server.Addr())
	s := stage{server: server, database: anyDatabase}
	free, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := free.Addr().String()
	free.Close()
	policy := withSources(policyFor(net.JoinHostPort("::1", port), "", ""), `sources:
  - {name: v6, environment: production, cidr: ["::1/128"]}
`)
	s.guard = pgtest.StartGuard(t, strings.Replace(policy, `"$listen"`, `"$listen", "`+listen+`"`, 1))
	conn := s.connect(t, "::1", func(c *pgx.ConnConfig) { c.DialFunc = dialFromTo("::1", listen) })
	if from := one(t, conn, "SELECT inet_client_addr()"); from != "::1/128" {
		t.Errorf("the server saw a client from %s", from)
	}
	s.guard.AwaitEvent(t, "a session over IPv6", func(e audit.Event) bool {
		return e.Type == audit.SessionStart && e.Source.Address == "::1" && e.Source.Rule == "v6"
	})
	if _, err := s.open(t, production); err == nil {
		t.Error("an IPv4 client was let in")
	}
}
