package operations

import (
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/pires/go-proxyproto"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// balancer is believed, impostor is not: both are addresses of this machine.
const (
	balancer = "127.0.5.1"
	impostor = "127.0.0.7"
)

// behindBalancer is a stage whose balancers send PROXY headers.
func behindBalancer(t *testing.T, major int) stage {
	t.Helper()
	server := pgtest.Shared(t, major)
	s := stage{server: server, database: anyDatabase}
	policy := policyFor(server.Addr(), "proxy_protocol: {from: [127.0.5.0/24]}", "")
	policy = strings.Replace(policy, "sources:", `sources:
  - {name: via-balancer, environment: production, balancer: [127.0.5.0/24], cidr: [10.30.0.0/16, "fd00:30::/32"]}
  - {name: probes, environment: staging, cidr: [127.0.5.0/24]}`, 1)
	s.guard = pgtest.StartGuard(t, policy)
	return s
}

// through connects as a balancer does for a client, with bytes in front.
func (s stage) through(t *testing.T, from string, header []byte) *client {
	t.Helper()
	conn, err := dialFrom(from)(deadline(t), "tcp", s.guard.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(header); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, conn)
	c.send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30,
		Parameters: map[string]string{"user": "postgres", "database": s.database}})
	return c
}

// proxyHeader is what a balancer sends for a client at an address.
func proxyHeader(t *testing.T, version byte, client string) []byte {
	t.Helper()
	to := &net.TCPAddr{IP: net.ParseIP("10.0.0.1"), Port: 6432}
	if strings.Contains(client, ":") {
		to.IP = net.ParseIP("fd00::1")
	}
	header := proxyproto.HeaderProxyFromAddrs(version, &net.TCPAddr{IP: net.ParseIP(client), Port: 50000}, to)
	encoded, err := header.Format()
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func TestAddressInABalancersHeaderIdentifiesTheClient(t *testing.T) {
	t.Parallel()
	s := behindBalancer(t, 14)
	for _, version := range []byte{1, 2} {
		for _, client := range []string{"10.30.1.7", "fd00:30::7"} {
			s.through(t, balancer, proxyHeader(t, version, client)).want("R ok | K | Z I")
			s.guard.AwaitEvent(t, "a session of "+client, func(e audit.Event) bool {
				return e.Type == audit.SessionStart && e.Source.Address == client && e.Source.Balancer == balancer &&
					e.Source.Rule == "via-balancer" && e.Source.Environment == "production"
			})
		}
		c := s.through(t, balancer, proxyHeader(t, version, "10.20.1.7"))
		c.want("E 28000 | " + end)
		e := s.event(t, sessionMessage.FindStringSubmatch(c.lastError().Message)[4])
		if e.Rule != "builtin/unknown-source" || e.Source.Address != "10.20.1.7" || e.Source.Balancer != balancer {
			t.Errorf("event %+v", e)
		}
	}
}

func TestBalancerThatSpeaksForItselfHasItsOwnAddress(t *testing.T) {
	t.Parallel()
	s := behindBalancer(t, 14)
	local := append([]byte("\r\n\r\n\x00\r\nQUIT\n\x20\x00"), 0, 0)
	for name, header := range map[string][]byte{"version 1": []byte("PROXY UNKNOWN\r\n"), "version 2": local} {
		c := s.through(t, balancer, header)
		c.want("E 28000 | " + end)
		if m := c.lastError().Message; !strings.Contains(m, "source environment staging") {
			t.Errorf("%s: %s", name, m)
		}
	}
}

func TestHeaderFromSomebodyElseIsNotBelieved(t *testing.T) {
	t.Parallel()
	s := behindBalancer(t, 14)
	for _, version := range []byte{1, 2} {
		s.through(t, impostor, proxyHeader(t, version, "10.30.1.7")).want(end)
	}
	s.counted(t, `pgcordon_startup_failures_total{kind="startup_packet",target="shop"}`, 2)
	if events := s.guard.Events(t); len(events) > 0 {
		t.Errorf("events %+v", events)
	}
}

func TestBalancerWithoutAHeaderIsRefused(t *testing.T) {
	t.Parallel()
	s := behindBalancer(t, 14)
	s.through(t, balancer, nil).want(end)
	s.through(t, balancer, []byte("PROXY TCP4 10.30.1.7 nonsense\r\n")).want(end)
	s.counted(t, `pgcordon_proxy_header_errors_total{target="shop"}`, 2)
}
