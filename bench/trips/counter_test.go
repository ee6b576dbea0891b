package trips

import (
	"context"
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgcordon/pgcordon/test/cluster"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

const host = "127.0.0.1"

// listen counts what goes to a server until the test ends.
func listen(t *testing.T, server *pgtest.Server) *Counter {
	t.Helper()
	counter, err := Listen(host, server.Port())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(counter.Close)
	return counter
}

func connect(t *testing.T, dsn string) *pgconn.PgConn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // it is not what is tested
	return conn
}

// counted is how many round trips a transaction takes in a session that has done it before.
func counted(t *testing.T, c *Counter, conn *pgconn.PgConn, run func(context.Context, *pgconn.PgConn) error) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var before int64
	for range 2 {
		before = c.Count()
		if err := run(ctx, conn); err != nil {
			t.Fatal(err)
		}
	}
	return c.Count() - before
}

func TestWhatIsSentTogetherIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, pgtest.Majors[0])
	counter := listen(t, server)
	conn := connect(t, cluster.DSN(net.JoinHostPort(host, strconv.Itoa(counter.Port)), "postgres", "postgres"))
	for _, c := range []struct {
		name string
		run  func(context.Context, *pgconn.PgConn) error
		want int64
	}{
		{"one query", queries("SELECT 1"), 1},
		{"three queries", queries("SELECT 1", "SELECT 2", "SELECT 3"), 3},
		{"three in a string", queries("SELECT 1; SELECT 2; SELECT 3"), 1},
		{"rows of more than a buffer", queries("SELECT repeat('x', 1000) FROM generate_series(1, 1000)"), 1},
		{"nothing", queries(), 0},
	} {
		if got := counted(t, counter, conn, c.run); got != c.want {
			t.Errorf("%s: %d round trips, want %d", c.name, got, c.want)
		}
	}
}

func TestSessionEndsWithTheOneBehindTheCounter(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, pgtest.Majors[0])
	counter, err := Listen(host, server.Port())
	if err != nil {
		t.Fatal(err)
	}
	dsn := cluster.DSN(net.JoinHostPort(host, strconv.Itoa(counter.Port)), "postgres", "postgres")
	polite, gone := connect(t, dsn), connect(t, dsn)
	before := counter.Count()
	if err := errors.Join(polite.Close(t.Context()), gone.Conn().Close()); err != nil { // the second says no Terminate
		t.Fatal(err)
	}
	counter.Close() // hangs where a session does not end
	if counter.Count() != before {
		t.Error("the end of a session was counted, which nobody waits for")
	}
}
