package load

import (
	"context"
	"fmt"
	"time"

	"github.com/pgcordon/pgcordon/bench/figures"
	"github.com/pgcordon/pgcordon/bench/peer"
	"github.com/pgcordon/pgcordon/bench/usage"
)

// Load is work to be done through a peer.
type Load interface {
	// Measure does about as much as takes the slice of time, by what the peer did
	// when it was last measured.
	Measure(ctx context.Context, p *peer.Peer, slice time.Duration) (figures.Sample, error)
}

// Pace remembers how much work each peer does in a second, from one run of a load
// to the next.
type Pace map[string]float64

// amount is how much work to ask for, at least 1. A peer that was not measured
// yet is taken to do the given amount in a second.
func (p Pace) amount(name string, slice time.Duration, atFirst float64) int {
	rate, ok := p[name]
	if !ok {
		rate = atFirst
	}
	return max(1, int(rate*slice.Seconds()))
}

// spent returns the processor time that a peer used while do ran, and until it had
// put away what do left behind.
func spent(p *peer.Peer, do func() error) (time.Duration, error) {
	processes, err := p.Processes()
	if err != nil {
		return 0, err
	}
	before, err := usage.CPU(processes)
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, fmt.Errorf("%s: %w", p.Name, err)
	}
	if len(processes) > 0 {
		const putAway = 20 * time.Millisecond
		time.Sleep(putAway)
	}
	after, err := usage.CPU(processes)
	return after - before, err
}
