package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pgcordon/pgcordon/bench/chart"
	"github.com/pgcordon/pgcordon/bench/figures"
)

type plotCommand struct {
	Result string `arg:"" optional:"" help:"A JSON file of bench/results; the newest unless given."`
}

// Run makes again what is made of a result.
func (c *plotCommand) Run() error {
	path := c.Result
	if path == "" {
		var err error
		if path, err = newest("."); err != nil {
			return err
		}
	}
	r, err := readReport(path)
	if err != nil {
		return err
	}
	products, err := r.products(".")
	if err != nil {
		return err
	}
	return write(products)
}

// drawn are the peers of a plot, in order.
var drawn = []struct{ peer, label string }{
	{"pgpool", "Pgpool-II"}, {"haproxy", "HAProxy"}, {"pgbouncer", "PgBouncer"},
	{"pgcordon", "pgcordon"}, {"pgcordon-unix", "pgcordon, unix socket to the server"},
}

// longest is how many times PgBouncer's a bar shows in full.
const longest = 3

// chart shows the load of which most is known, SELECT 1 of 8 clients.
func (r *report) chart() *chart.Chart {
	c := &chart.Chart{
		Title: "SELECT 1, 8 clients: the guard with all its rules, and proxies that inspect nothing",
		Foot: fmt.Sprintf("%s, %s, %d cores. Median of %d rounds; the line is their range.",
			r.Date.Format(time.DateOnly), r.Machine.Processor, r.Machine.Cores, r.Rounds),
	}
	for _, d := range drawn {
		c.Series = append(c.Series, d.label)
	}
	c.Panels = []chart.Panel{
		{Title: "Processor time of the proxy a query, PgBouncer = 1 (less is better)", Groups: r.bars(figures.CPU, "pgbouncer"), Limit: longest},
		{Title: "Throughput, without a proxy = 1 (more is better)", Groups: r.bars(figures.Rate, "direct")},
	}
	return c
}

func (r *report) bars(m figures.Metric, to string) []chart.Group {
	var groups []chart.Group
	for _, cell := range r.Groups[queries] {
		words := strings.Fields(cell.Load)
		if words[0] != selectOne.name || words[2] != "8" {
			continue
		}
		g := chart.Group{Title: words[1]}
		for _, d := range drawn {
			s, _ := cell.Ratio(m, d.peer, to) // zero draws no bar
			g.Bars = append(g.Bars, chart.Bar{Value: s.Median, Min: s.Min, Max: s.Max})
		}
		groups = append(groups, g)
	}
	return groups
}
