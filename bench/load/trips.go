package load

import (
	"context"
	"time"

	"github.com/pgcordon/pgcordon/bench/figures"
	"github.com/pgcordon/pgcordon/bench/peer"
)

// Trips is a load of a few transactions of which the round trips to the server are counted.
type Trips struct {
	Pgbench
	Count func() int64 // how many there were until now, of all sessions
}

// Measure runs pgbench twice, as Pgbench does, so that logins do not count.
func (l *Trips) Measure(ctx context.Context, p *peer.Peer, _ time.Duration) (figures.Sample, error) {
	const more = 20 // transactions a client
	fresh, err := l.counted(ctx, p, 1)
	if err != nil {
		return figures.Sample{}, err
	}
	whole, err := l.counted(ctx, p, 1+more)
	return figures.Sample{Trips: float64(whole-fresh) / float64(more*l.Clients)}, err
}

func (l *Trips) counted(ctx context.Context, p *peer.Peer, each int) (int64, error) {
	before := l.Count()
	_, err := l.run(ctx, p, each)
	return l.Count() - before, err
}
