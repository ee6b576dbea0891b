package idle

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"
)

// opened is what Open says once all sessions are open.
const opened = "open"

// Open logs in as often as it is told, says so on out, and keeps the sessions
// until in ends.
func Open(ctx context.Context, dsn string, sessions int, in io.Reader, out io.Writer) error {
	var mu sync.Mutex
	var open []*pgconn.PgConn
	group, ctx := errgroup.WithContext(ctx)
	const atOnce = 8
	group.SetLimit(atOnce)
	for range sessions {
		group.Go(func() error {
			conn, err := pgconn.Connect(ctx, dsn)
			if err != nil {
				return fmt.Errorf("open an idle session: %w", err)
			}
			mu.Lock()
			defer mu.Unlock()
			open = append(open, conn)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	fmt.Fprintln(out, opened)
	_, err := io.Copy(io.Discard, in)
	return err
}
