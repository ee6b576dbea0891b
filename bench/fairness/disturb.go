package fairness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// The disturbers.
const (
	Nobody     = "alone"
	Stream     = "COPY out"
	Statements = "1 MB statements"
	SlowReader = "slow reader"
)

// disturbing is what Disturb says once it does.
const disturbing = "disturbing"

// Disturb opens a session, says so on out once it disturbs, and goes on until the
// context ends or the process is killed.
func Disturb(ctx context.Context, name, dsn string, out io.Writer) error {
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect the disturber: %w", err)
	}
	begun := sync.OnceFunc(func() { fmt.Fprintln(out, disturbing) })
	switch name {
	case Stream:
		err = stream(ctx, conn, begun)
	case Statements:
		err = sendStatements(ctx, conn, begun)
	case SlowReader:
		err = readSlowly(ctx, conn, begun)
	default:
		err = errors.New("no such disturber")
	}
	return fmt.Errorf("%s ended: %w", name, err)
}

// stream reads rows of 8 kB, of which there is no end, at 250 MB a second. A set that is
// made in the list of a SELECT is not kept by the server.
func stream(ctx context.Context, conn *pgconn.PgConn, begun func()) error {
	_, err := conn.CopyTo(ctx, &throttled{since: time.Now(), begun: begun},
		"COPY (SELECT repeat('x', 8192), generate_series(1, 1000000000)) TO STDOUT")
	return err
}

// throttled takes as much as its rate allows since it began.
type throttled struct {
	since time.Time
	taken float64 // bytes
	begun func()
}

func (w *throttled) Write(b []byte) (int, error) {
	w.begun()
	const rate = 250e6 // bytes a second
	w.taken += float64(len(b))
	if ahead := time.Duration(w.taken/rate*float64(time.Second)) - time.Since(w.since); ahead > time.Millisecond {
		time.Sleep(ahead)
	}
	return len(b), nil
}

// sendStatements sends one statement after the other, none like another.
func sendStatements(ctx context.Context, conn *pgconn.PgConn, begun func()) error {
	rows := manyRows()
	const interval = 200 * time.Millisecond
	for n := 0; ; n++ {
		next := time.Now().Add(interval)
		if _, err := conn.Exec(ctx, statement(rows, n)).ReadAll(); err != nil {
			return err
		}
		begun()
		time.Sleep(time.Until(next))
	}
}

// manyRows is a list of about 1 MB. A word in its first row keeps a guard from
// passing it unread.
func manyRows() string {
	const size = 1_000_000 // bytes
	var rows strings.Builder
	rows.WriteString("VALUES (0, 'delete')")
	for i := 1; rows.Len() < size; i++ {
		fmt.Fprintf(&rows, ", (%d, 'item %d')", i, i)
	}
	return rows.String()
}

// statement differs from the others in more than literals.
func statement(rows string, n int) string {
	return fmt.Sprintf("SELECT count(*) FROM (%s) AS statement_%d", rows, n)
}

// readSlowly asks for 400 MB and reads 5 kB of it a second. By the time it has
// begun, whoever is on the way has filled its buffers.
func readSlowly(ctx context.Context, conn *pgconn.PgConn, begun func()) error {
	raw, err := conn.Hijack()
	if err != nil {
		return err
	}
	query := pgproto3.Query{String: "SELECT repeat('x', 8192), generate_series(1, 50000)"}
	message, err := query.Encode(nil)
	if err != nil {
		return err
	}
	if _, err := raw.Conn.Write(message); err != nil {
		return err
	}
	const pause, piece = 100 * time.Millisecond, 512
	for ctx.Err() == nil {
		time.Sleep(pause)
		if _, err := io.ReadFull(raw.Conn, make([]byte, piece)); err != nil {
			return err
		}
		begun()
	}
	return ctx.Err()
}
