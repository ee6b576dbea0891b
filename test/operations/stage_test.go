package operations

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// patience ends a test that has failed anyway; nothing else depends on it.
const patience = 60 * time.Second

// Where a client comes from. The sources of basePolicy give the first three an
// environment; nobody knows the fourth.
const (
	production = "127.0.0.1"
	staging    = "127.0.1.1"
	ci         = "127.0.2.1"
	stranger   = "127.0.9.9"
)

// basePolicy has two marks, which policyFor fills: what is added to the target, and
// what follows the sources.
const basePolicy = `
targets:
  - name: shop
    environment: production
    listen: ["$listen", "$socket"]
    upstream: "UPSTREAM"
    TARGET
sources:
  - {name: prod, environment: production, cidr: [127.0.0.0/24]}
  - {name: stage, environment: staging, cidr: [127.0.1.0/24]}
  - {name: ci, environment: ci, cidr: [127.0.2.0/24]}
audit: {file: "$audit"}
metrics: {listen: "$metrics"}
REST
`

// policyFor is basePolicy for an upstream. target is put among the target's keys, rest
// at the end.
func policyFor(upstream, target, rest string) string {
	return strings.NewReplacer("UPSTREAM", upstream, "TARGET", target, "REST", rest).Replace(basePolicy)
}

// stage is a server, a guard in front of it, and a database that no other test uses.
type stage struct {
	server   *pgtest.Server
	guard    *pgtest.Guard
	database string
}

// stageOn sets up a database on a server and a guard with further rules.
func stageOn(t testing.TB, server *pgtest.Server, rest string) stage {
	t.Helper()
	s := stage{server: server, database: newShop(t, server)}
	s.guard = pgtest.StartGuard(t, policyFor(server.Addr(), "", rest))
	return s
}

// eachMajor runs a test against every major, with one stage for each.
func eachMajor(t *testing.T, rest string, test func(t *testing.T, s stage)) {
	for _, major := range pgtest.Majors {
		t.Run(strconv.Itoa(major), func(t *testing.T) {
			t.Parallel()
			test(t, stageOn(t, pgtest.Shared(t, major), rest))
		})
	}
}

// intact fails the test where a category was lost.
func (s stage) intact(t testing.TB) {
	t.Helper()
	if n := s.server.Query(t, s.database, "SELECT count(*) FROM categories"); n != "20" {
		t.Errorf("%s of 20 categories are left", n)
	}
}

// deadline is a context for one test.
func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// connection is how a pgx client differs from the usual one.
type connection func(*pgx.ConnConfig)

func asUser(name string) connection { return func(c *pgx.ConnConfig) { c.User = name } }

func inMode(m pgx.QueryExecMode) connection {
	return func(c *pgx.ConnConfig) { c.DefaultQueryExecMode = m }
}

// open connects from an address of this machine, through the guard.
func (s stage) open(t testing.TB, from string, how ...connection) (*pgx.Conn, error) {
	t.Helper()
	config, err := pgx.ParseConfig(s.guard.DSN("postgres", s.database))
	if err != nil {
		t.Fatal(err)
	}
	config.DialFunc = dialFrom(from)
	for _, change := range how {
		change(config)
	}
	conn, err := pgx.ConnectConfig(deadline(t), config)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
	}
	return conn, err
}

// connect is open for a client that is let in.
func (s stage) connect(t testing.TB, from string, how ...connection) *pgx.Conn {
	t.Helper()
	conn, err := s.open(t, from, how...)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// dialFrom connects from an address of this machine.
func dialFrom(address string) pgconn.DialFunc {
	return func(ctx context.Context, network, to string) (net.Conn, error) {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
		return dialer.DialContext(ctx, network, to)
	}
}

// dialFromTo is dialFrom to an address that the connection string does not name.
func dialFromTo(address, to string) pgconn.DialFunc {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialFrom(address)(ctx, network, to)
	}
}

// await waits until something that takes a moment is so.
func await(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not so: %s", what)
		}
	}
}

// one returns the single value of a query, as text.
func one(t testing.TB, conn *pgx.Conn, sql string) string {
	t.Helper()
	var value string
	if err := conn.QueryRow(deadline(t), fmt.Sprintf("SELECT (%s)::text", sql)).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}
