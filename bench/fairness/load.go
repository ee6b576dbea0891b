package fairness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgcordon/pgcordon/bench/figures"
	"github.com/pgcordon/pgcordon/bench/peer"
	"github.com/pgcordon/pgcordon/bench/self"
)

// Load is a few sessions that ask little, beside one disturber.
type Load struct {
	Disturber string
}

// Command runs Disturb; its arguments are the disturber and where to connect.
const Command = "disturb"

// Measure returns the queries a second and how long they took. The slice is the time
// during which they are watched.
func (l *Load) Measure(ctx context.Context, p *peer.Peer, slice time.Duration) (figures.Sample, error) {
	// A way that takes so long is not worth waiting for.
	ctx, cancel := context.WithTimeout(ctx, slice+10*time.Second)
	defer cancel()
	sample, err := l.measure(ctx, p, slice)
	if err != nil {
		return figures.Sample{}, fmt.Errorf("%s: %w", p.Name, err)
	}
	return sample, nil
}

func (l *Load) measure(ctx context.Context, p *peer.Peer, slice time.Duration) (figures.Sample, error) {
	dsn := fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", peer.User, p.Address(), peer.Database)
	sessions, err := open(ctx, dsn)
	if err != nil {
		return figures.Sample{}, err
	}
	defer func() { _ = closeAll(ctx, sessions) }() // what they had to tell is told
	if l.Disturber == Nobody {
		return watched(ctx, sessions, slice)
	}
	disturber, err := self.Start(Command, l.Disturber, dsn)
	if err != nil {
		return figures.Sample{}, err
	}
	defer disturber.Stop()
	if err := disturber.Await(ctx, disturbing); err != nil {
		return figures.Sample{}, err
	}
	sample, err := watched(ctx, sessions, slice)
	if err == nil && !disturber.Running() {
		err = errors.New("the disturber ended too early")
	}
	return sample, err
}

func watched(ctx context.Context, sessions []*pgconn.PgConn, span time.Duration) (figures.Sample, error) {
	begin := time.Now()
	took, err := watch(ctx, sessions, span)
	if err != nil {
		return figures.Sample{}, err
	}
	return figures.Sample{
		Rate: float64(len(took)) / time.Since(begin).Seconds(),
		P50:  figures.Percentile(took, 50).Seconds(),
		P99:  figures.Percentile(took, 99).Seconds(),
	}, nil
}
