package fairness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"
)

const (
	watchers = 4
	interval = 5 * time.Millisecond // between two queries of a watcher
)

// open logs the watchers in, and lets each ask once. Close them.
func open(ctx context.Context, dsn string) (list []*pgconn.PgConn, err error) {
	for range watchers {
		conn, err := pgconn.Connect(ctx, dsn)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("connect a watcher: %w", err), closeAll(ctx, list))
		}
		list = append(list, conn)
		if err := ask(ctx, conn); err != nil {
			return nil, errors.Join(err, closeAll(ctx, list))
		}
	}
	return list, nil
}

func closeAll(ctx context.Context, list []*pgconn.PgConn) (err error) {
	for _, conn := range list {
		err = errors.Join(err, conn.Close(ctx))
	}
	return err
}

// watch returns how long the queries took that were due in a span of time, sorted.
func watch(ctx context.Context, list []*pgconn.PgConn, span time.Duration) ([]time.Duration, error) {
	begin := time.Now()
	each := make([][]time.Duration, len(list))
	group, ctx := errgroup.WithContext(ctx)
	for i, conn := range list {
		first := begin.Add(interval * time.Duration(i) / watchers) // they take turns
		group.Go(func() (err error) {
			each[i], err = paced(first, begin.Add(span), func() error { return ask(ctx, conn) })
			return err
		})
	}
	err := group.Wait()
	return slices.Sorted(slices.Values(slices.Concat(each...))), err
}

// paced asks at every interval and returns how long each took. What is late because
// the one before took so long counts from when it was due: else a halt of many intervals
// would count once. That a timer was late counts for nobody.
func paced(due, end time.Time, ask func() error) ([]time.Duration, error) {
	var took []time.Duration
	for ; due.Before(end); due = due.Add(interval) {
		start := due
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
			start = time.Now()
		}
		if err := ask(); err != nil {
			return took, err
		}
		took = append(took, time.Since(start))
	}
	return took, nil
}

func ask(ctx context.Context, conn *pgconn.PgConn) error {
	if _, err := conn.Exec(ctx, "SELECT 1").ReadAll(); err != nil {
		return fmt.Errorf("ask as a watcher: %w", err)
	}
	return nil
}
