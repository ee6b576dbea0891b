package main

import (
	"context"
	"errors"
	"os"

	"github.com/pgcordon/pgcordon/bench/fairness"
	"github.com/pgcordon/pgcordon/bench/figures"
)

// fair is the group of what a few sessions feel of a disturber.
const fair = "fairness"

// fairWays are the ways that are disturbed.
var fairWays = []string{"direct", "pgbouncer", "haproxy", "pgcordon"}

func fairCells() []cell {
	var list []cell
	for _, disturber := range []string{fairness.Nobody, fairness.Stream, fairness.Statements, fairness.SlowReader} {
		list = append(list, cell{fair, disturber, "query", fairWays, &fairness.Load{Disturber: disturber}, 1})
	}
	return list
}

// measureFairness takes twice the slice of other loads: one query of a hundred is to
// be told apart.
func (c *runCommand) measureFairness(ctx context.Context, a *arena, r *report) (err error) {
	cells, err := c.chosen(fairCells())
	if err != nil || len(cells) == 0 {
		return err
	}
	peers, stop, err := startAll(a.site, fairWays[1:])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return r.measure(ctx, &rounds{
		peers: peers, count: c.Rounds, slice: 2 * c.Slice, budget: c.Fairness, cold: true, progress: os.Stderr,
	}, cells)
}

// byWay makes a cell of each way from the cells of disturbers, so that a way beside a
// disturber is compared with the same way alone. A way that was not measured is left out.
func byWay(cells []figures.Cell) []figures.Cell {
	var ways []figures.Cell
	for _, way := range fairWays {
		c := figures.Cell{Load: way, Samples: map[string][]figures.Sample{}}
		for _, beside := range cells {
			if samples := beside.Samples[way]; len(samples) > 0 {
				c.Samples[beside.Load] = samples
			}
		}
		if len(c.Samples) > 0 {
			ways = append(ways, c)
		}
	}
	return ways
}

var disturbed = []figures.Column{
	{Title: "alone: p50", Metric: figures.P50, Of: fairness.Nobody, Unit: micros},
	{Title: "p99", Metric: figures.P99, Of: fairness.Nobody, Unit: micros},
	{Title: "COPY: p99", Metric: figures.P99, Of: fairness.Stream, Unit: micros},
	{Title: "ratio", Metric: figures.P99, Of: fairness.Stream, To: fairness.Nobody},
	{Title: "1 MB: p99", Metric: figures.P99, Of: fairness.Statements, Unit: micros},
	{Title: "ratio", Metric: figures.P99, Of: fairness.Statements, To: fairness.Nobody},
	{Title: "slow: p99", Metric: figures.P99, Of: fairness.SlowReader, Unit: micros},
	{Title: "ratio", Metric: figures.P99, Of: fairness.SlowReader, To: fairness.Nobody},
}

// againstDirect holds a way beside a disturber against the direct way beside the same,
// which takes processors from the server too.
var againstDirect = []figures.Column{
	{Title: "direct, µs", Metric: figures.P99, Of: "direct", Unit: micros},
	{Title: "PgBouncer", Metric: figures.P99, Of: "pgbouncer", To: "direct"},
	{Title: "HAProxy", Metric: figures.P99, Of: "haproxy", To: "direct"},
	{Title: "pgcordon", Metric: figures.P99, Of: "pgcordon", To: "direct"},
}

func (r *report) fairnessAgainstDirect() *figures.Table {
	return figures.Compare("Fairness: p99 against the direct way",
		"Ratio to the p99 of the direct way beside the same disturber, median and range.", r.Groups[fair], againstDirect)
}

func (r *report) fairnessTable() *figures.Table {
	return figures.Compare("Fairness: four sessions beside a disturber",
		"µs that a paced SELECT 1 takes, alone and beside a session that streams 250 MB/s by COPY, sends 1 MB\n"+
			"statements, or reads slowly. Ratio: to the same way alone, median and range.", byWay(r.Groups[fair]), disturbed)
}
