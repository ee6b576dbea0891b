package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/pgcordon/pgcordon/bench/figures"
	"github.com/pgcordon/pgcordon/bench/peer"
)

// rounds measures cells again and again.
type rounds struct {
	peers    map[string]*peer.Peer
	count    int
	slice    time.Duration // of one run
	budget   time.Duration // for all rounds; the slice is shortened to keep it
	cold     bool          // nothing has to be warm, so that the first round counts
	progress io.Writer
}

// run returns a figures.Cell for each cell, and what failed. A peer that fails at a load
// is left out of it from then on, and its samples with it.
func (r *rounds) run(ctx context.Context, cells []cell) (measured []figures.Cell, failures []string, err error) {
	for _, c := range cells {
		measured = append(measured, figures.Cell{Load: c.name, Unit: c.unit, Samples: map[string][]figures.Sample{}})
	}
	failed := map[failure]bool{}
	begun := time.Now()
	first := 0 // does not count: it finds each peer's pace and warms it up
	if r.cold {
		first = 1
	}
	for round := first; round <= r.count; round++ {
		start := time.Now()
		for i, c := range cells {
			length := c.length(round)
			for _, name := range rotated(c.peers, round) {
				if failed[failure{i, name}] {
					continue
				}
				sample, err := c.load.Measure(ctx, r.peers[name], r.slice*time.Duration(length))
				if ctx.Err() != nil {
					return nil, nil, ctx.Err()
				}
				if err != nil {
					failed[failure{i, name}] = true
					failures = append(failures, fmt.Sprintf("%s %s: %v", c.group, c.name, err))
					delete(measured[i].Samples, name)
				} else if round > 0 {
					measured[i].Samples[name] = append(measured[i].Samples[name], sample)
				}
			}
		}
		fmt.Fprintf(r.progress, "round %d of %d: %.0f s\n", round, r.count, time.Since(start).Seconds())
		r.hurry(time.Since(start), spans(cells, round), spans(cells, round+1), r.budget-time.Since(begun), r.count-round)
	}
	return measured, failures, nil
}

// failure is a peer that failed at a cell.
type failure struct {
	cell int
	peer string
}

// hurry shortens the slice where the rounds that are to come would take more than is left of
// the budget: each takes what the last one took beside its so many slices, and so many slices of its own.
func (r *rounds) hurry(last time.Duration, had, next int, left time.Duration, toCome int) {
	if r.budget == 0 || toCome == 0 || next == 0 {
		return
	}
	beside := last - r.slice*time.Duration(had)
	room := (left/time.Duration(toCome) - beside) / time.Duration(next)
	if room >= r.slice {
		return
	}
	const least = 50 * time.Millisecond
	r.slice = max(least, room).Round(time.Millisecond)
	fmt.Fprintf(r.progress, "a run takes %s from now on, to be done in time\n", r.slice)
}

// spans is how many slices a round takes, where no peer fails.
func spans(cells []cell, round int) (n int) {
	for _, c := range cells {
		n += c.length(round) * len(c.peers)
	}
	return n
}

// rotated begins with another element each round.
func rotated(list []string, round int) []string {
	n := round % len(list)
	return append(append([]string(nil), list[n:]...), list[:n]...)
}
