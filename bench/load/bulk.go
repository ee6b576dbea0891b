package load

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgcordon/pgcordon/bench/figures"
	"github.com/pgcordon/pgcordon/bench/peer"
)

// megabyte is the unit of bulk loads.
const megabyte = 1e6

// Bulk is a load of much data in one session.
type Bulk struct {
	Client Client
	// Transfer moves rows through a session and returns how many bytes they had.
	Transfer func(ctx context.Context, conn *pgconn.PgConn, rows int) (bytes int64, err error)
	// After, if any, puts back what a transfer has changed.
	After func() error
	Pace  Pace // rows
}

// Measure transfers rows in a session that has already transferred one.
func (l *Bulk) Measure(ctx context.Context, p *peer.Peer, slice time.Duration) (figures.Sample, error) {
	const first = 20_000
	conn, err := l.Client.connect(ctx, p)
	if err != nil {
		return figures.Sample{}, err
	}
	defer conn.Close(ctx)
	if _, err := l.Transfer(ctx, conn, 1); err != nil {
		return figures.Sample{}, fmt.Errorf("%s: %w", p.Name, err)
	}
	rows := l.Pace.amount(p.Name, slice, first)
	var bytes int64
	start := time.Now()
	var elapsed time.Duration
	cpu, err := spent(p, func() (err error) {
		bytes, err = l.Transfer(ctx, conn, rows)
		elapsed = time.Since(start)
		return err
	})
	if err != nil {
		return figures.Sample{}, err
	}
	if l.After != nil {
		if err := l.After(); err != nil {
			return figures.Sample{}, err
		}
	}
	l.Pace[p.Name] = float64(rows) / elapsed.Seconds()
	size := float64(bytes) / megabyte
	return figures.Sample{Rate: size / elapsed.Seconds(), CPU: cpu.Seconds() / size}, nil
}

// connect opens a session without pgbench.
func (c Client) connect(ctx context.Context, p *peer.Peer) (*pgconn.PgConn, error) {
	mode := "disable"
	if c.TLS {
		mode = "require"
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, c.Password), Host: p.Address(), Path: "/" + c.Database,
		RawQuery: "sslmode=" + mode}
	conn, err := pgconn.Connect(ctx, u.String())
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", p.Name, err)
	}
	return conn, nil
}

// CopyOut reads rows of about 110 bytes of the table that CreateTables made.
func CopyOut(ctx context.Context, conn *pgconn.PgConn, rows int) (int64, error) {
	var n counter
	_, err := conn.CopyTo(ctx, &n, fmt.Sprintf("COPY (SELECT * FROM narrow LIMIT %d) TO STDOUT", rows))
	return int64(n), err
}

type counter int64

func (n *counter) Write(b []byte) (int, error) {
	*n += counter(len(b))
	return len(b), nil
}

// CopyIn writes rows of about 110 bytes.
func CopyIn(ctx context.Context, conn *pgconn.PgConn, rows int) (int64, error) {
	source := &repeated{line: narrowRow, left: rows * len(narrowRow)}
	size := int64(source.left)
	_, err := conn.CopyFrom(ctx, source, "COPY sink FROM STDIN")
	return size, err
}

// repeated reads the same line again and again.
type repeated struct {
	line string
	left int
}

func (r *repeated) Read(b []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := 0
	for n+len(r.line) <= len(b) && r.left > 0 {
		n += copy(b[n:], r.line)
		r.left -= len(r.line)
	}
	return n, nil
}

// WideRows selects rows of 8 kB, which the server makes quicker than it reads any.
func WideRows(ctx context.Context, conn *pgconn.PgConn, rows int) (int64, error) {
	result := conn.ExecParams(ctx, fmt.Sprintf("SELECT repeat('x', 8192) FROM generate_series(1, %d)", rows), nil, nil, nil, nil)
	var n int64
	for result.NextRow() {
		for _, value := range result.Values() {
			n += int64(len(value))
		}
	}
	_, err := result.Close()
	return n, err
}
