package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/pgcordon/pgcordon/bench/figures"
	"github.com/pgcordon/pgcordon/bench/load"
	"github.com/pgcordon/pgcordon/bench/peer"
	"github.com/pgcordon/pgcordon/bench/trips"
)

// The groups of what limits cost that are far from being reached.
const (
	limitTrips = "trips"
	limitTimes = "limits"
)

// limitWays are the ways without a limit and with each.
var limitWays = []string{"direct", "pgcordon", "pgcordon-rows", "pgcordon-effects"}

// limited are the transactions that are put under limits.
var limited = []struct{ name, argument, protocol string }{
	{"SELECT by key", selectOnly.argument, "simple"},
	{"UPDATE by key", "--file=" + beside("load/scripts/update.sql"), "simple"},
	{"UPDATE by key, prepared", "--file=" + beside("load/scripts/update.sql"), "prepared"},
	{"BEGIN, 5 UPDATEs, COMMIT", "--file=" + beside("load/scripts/five-updates.sql"), "simple"},
}

// limitCells leave many clients out where the comparison is a quick one.
func (a *arena) limitCells(quick bool) []cell {
	clients := []int{1, 8}
	if quick {
		clients = clients[:1]
	}
	var list []cell
	for _, l := range limited {
		for _, n := range clients {
			name := fmt.Sprintf("%-24s %d", l.name, n)
			timed := load.Latency{Pgbench: a.pgbenchOf(l.argument, l.protocol, n), Folder: a.site.Dir}
			list = append(list, cell{limitTimes, name, "transaction", limitWays, &timed, min(n, 2)})
		}
	}
	return list
}

func (a *arena) tripCells(count func() int64) []cell {
	var list []cell
	for _, l := range limited {
		counted := load.Trips{Pgbench: a.pgbenchOf(l.argument, l.protocol, 1), Count: count}
		list = append(list, cell{limitTrips, l.name, "transaction", limitWays, &counted, 1})
	}
	return list
}

func (a *arena) pgbenchOf(script, protocol string, clients int) load.Pgbench {
	return load.Pgbench{Client: a.client(), Script: script, Protocol: protocol, Clients: clients, Pace: load.Pace{}}
}

// measureLimits takes a quarter of the slice of other loads, which is enough for a guard
// without a limit; one with a limit takes as long as it needs.
func (c *runCommand) measureLimits(ctx context.Context, a *arena, r *report) (err error) {
	cells, err := c.chosen(a.limitCells(c.Quick))
	if err != nil || len(cells) == 0 {
		return err
	}
	peers, stop, err := startAll(a.site, limitWays[1:])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return r.measure(ctx, &rounds{
		peers: peers, count: c.Rounds, slice: c.Slice / 4, budget: c.Limits, progress: os.Stderr,
	}, cells)
}

// measureTrips counts in peers of their own, to which the server is behind the counter.
func (c *runCommand) measureTrips(ctx context.Context, a *arena, r *report) (err error) {
	counter, err := trips.Listen(peer.Host, a.site.Server.Port)
	if err != nil {
		return err
	}
	defer counter.Close()
	cells, err := c.chosen(a.tripCells(counter.Count))
	if err != nil || len(cells) == 0 {
		return err
	}
	site := *a.site
	site.Server.Port = counter.Port
	peers, stop, err := startAll(&site, limitWays[1:])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return r.measure(ctx, &rounds{peers: peers, count: 1, cold: true, progress: os.Stderr}, cells)
}

var (
	timesUnderLimits = []figures.Column{
		{Title: "direct: p50", Metric: figures.P50, Of: "direct", Unit: micros},
		{Title: "p99", Metric: figures.P99, Of: "direct", Unit: micros},
		{Title: "no limit: p50", Metric: figures.P50, Of: "pgcordon", Unit: micros},
		{Title: "p99", Metric: figures.P99, Of: "pgcordon", Unit: micros},
		{Title: "rows: p50", Metric: figures.P50, Of: "pgcordon-rows", Unit: micros},
		{Title: "p99", Metric: figures.P99, Of: "pgcordon-rows", Unit: micros},
		{Title: "effects: p50", Metric: figures.P50, Of: "pgcordon-effects", Unit: micros},
		{Title: "p99", Metric: figures.P99, Of: "pgcordon-effects", Unit: micros},
	}
	againstNoLimit = []figures.Column{
		{Title: "max_rows: p50", Metric: figures.P50, Of: "pgcordon-rows", To: "pgcordon"},
		{Title: "p99", Metric: figures.P99, Of: "pgcordon-rows", To: "pgcordon"},
		{Title: "max_effects: p50", Metric: figures.P50, Of: "pgcordon-effects", To: "pgcordon"},
		{Title: "p99", Metric: figures.P99, Of: "pgcordon-effects", To: "pgcordon"},
	}
)

// limitTables are those of what limits cost.
func (r *report) limitTables() []*figures.Table {
	times := r.Groups[limitTimes]
	return withRows(
		r.tripsTable(),
		figures.Compare("Limits: time of a transaction",
			"µs, without a limit, under max_rows, and under max_effects, by the number of clients; all on this machine.",
			times, timesUnderLimits),
		figures.Compare("Limits: time of a transaction, against none",
			"Ratio to the same guard without a limit, median and range.", times, againstNoLimit),
	)
}

func (r *report) tripsTable() *figures.Table {
	t := &figures.Table{Title: "Limits: round trips to the server",
		Note: "Counted, of a transaction. The last two are computed: milliseconds that those which a limit adds would\n" +
			"take on a network where each takes 0.5 ms.",
		Header: []string{"", "direct", "no limit", "max_rows", "max_effects", "ms: max_rows", "ms: max_effects"}}
	const network = 0.5 // milliseconds a round trip
	for _, c := range r.Groups[limitTrips] {
		row, counts := []string{c.Load}, map[string]float64{}
		for _, way := range limitWays {
			s, _ := c.Absolute(figures.Trips, way) // zero where it failed, which is told below the tables
			counts[way] = s.Median
			row = append(row, fmt.Sprintf("%g", s.Median))
		}
		for _, way := range limitWays[2:] {
			row = append(row, fmt.Sprintf("%g", network*(counts[way]-counts["pgcordon"])))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
