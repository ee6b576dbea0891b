package operations

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// Half of the policies refuse every DELETE, so that clients see the change; none may
// break a session or fail a statement that no policy refuses.
func TestFiftyReloadsUnderLoadDisturbNobody(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 17), lenient)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	const workers = 4
	failed := make(chan error, workers)
	for i := range workers {
		conn := s.connect(t, production, inMode([]pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeSimpleProtocol}[i%2]))
		go func() { failed <- work(ctx, conn) }()
	}
	for i := range 50 {
		s.reloaded(t, func() {
			s.guard.Configure(t, policyFor(s.server.Addr(), "", []string{strict, lenient}[i%2]))
			s.guard.Signal(t, syscall.SIGHUP)
		})
		s.raw(t, production).conn.Close()
	}
	stop()
	for range workers {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

// work runs statements that every policy allows until the context ends.
func work(ctx context.Context, conn *pgx.Conn) error {
	for ctx.Err() == nil {
		var n int
		if err := conn.QueryRow(context.Background(), "SELECT count(*) FROM categories WHERE id > $1", 5).Scan(&n); err != nil || n != 15 {
			return fmt.Errorf("read: %d, %w", n, err)
		}
		if _, err := conn.Exec(context.Background(), "UPDATE coupons SET code = $1 WHERE id = $2", "x", 1); err != nil {
			return fmt.Errorf("update: %w", err)
		}
	}
	return nil
}

// freeAddress is a TCP address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
