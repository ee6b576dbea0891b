package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pgcordon/pgcordon/bench/fairness"
	"github.com/pgcordon/pgcordon/bench/figures"
)

// summary writes what README shows of the report: two tables, a sentence, the plot.
func (r *report) summary(w io.Writer) error {
	v := r.Machine.Versions
	fmt.Fprintf(w, "Made by `make bench` on %s: %s, %d cores, everything on this one machine; %s, PgBouncer %s, HAProxy %s.\n"+
		"pgcordon enforces all rules of deploy/examples/sidecar.yaml. Processor time of the proxy; ratios are medians of %d rounds with\n"+
		"their range, and below 1 pgcordon needs less. *unix* is pgcordon with a unix socket to the server, the other proxy on TCP.\n\n",
		r.Date.Format(time.DateOnly), r.Machine.Processor, r.Machine.Cores, v["PostgreSQL"], v["PgBouncer"], v["HAProxy"], r.Rounds)
	table := figures.Compare("", "", r.summaryCells(), summaryColumns)
	if err := table.Markdown(w, ""); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s\n", r.idleSentence())
	fmt.Fprint(w, "How many times its own p99 a paced `SELECT 1` takes while another session asks for much, of which two processors\n"+
		"make something felt even without a proxy ([how](docs/performance.md)):\n\n")
	if err := r.fairnessRatios().Markdown(w, ""); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n![Processor time and throughput beside other proxies](%s)\n", plotFile)
	return err
}

var summaryColumns = []figures.Column{
	{Title: "pgcordon, µs", Metric: figures.CPU, Of: "pgcordon", Unit: micros},
	{Title: ": PgBouncer", Metric: figures.CPU, Of: "pgcordon", To: "pgbouncer"},
	{Title: ": HAProxy", Metric: figures.CPU, Of: "pgcordon", To: "haproxy"},
	{Title: "unix : PgBouncer", Metric: figures.CPU, Of: "pgcordon-unix", To: "pgbouncer"},
	{Title: "unix : HAProxy", Metric: figures.CPU, Of: "pgcordon-unix", To: "haproxy"},
	{Title: "% of direct rate", Metric: figures.Rate, Of: "pgcordon", To: "direct", Percent: true},
}

// summarized are the loads of README's table; each is part of a quick comparison too.
var summarized = []struct{ group, load, title string }{
	{queries, "select1 simple 8", "`SELECT 1`, simple, 8 clients"},
	{queries, "select1 extended 8", "`SELECT 1`, extended, 8 clients"},
	{queries, "select1 prepared 8", "`SELECT 1`, prepared, 8 clients"},
	{queries, "select1 simple 64", "`SELECT 1`, simple, 64 clients"},
	{queries, "-S simple 8", "`pgbench -S`, simple, 8 clients"},
	{queries, "tpcb prepared 8", "TPC-B-like, prepared, 8 clients"},
	{bulk, "COPY out", "COPY out, a MB"},
	{bulk, "COPY in", "COPY in, a MB"},
	{bulk, "8 kB rows", "rows of 8 kB, a MB"},
	{logins, "trust", "login"},
	{logins, "SCRAM", "login with SCRAM"},
	{inTLS, "select1 simple 8", "TLS: `SELECT 1`, simple, 8 clients"},
	{inTLS, "COPY out", "TLS: COPY out, a MB"},
}

func (r *report) summaryCells() []figures.Cell {
	var list []figures.Cell
	for _, s := range summarized {
		for _, c := range r.Groups[s.group] {
			if slices.Equal(strings.Fields(c.Load), strings.Fields(s.load)) {
				c.Load = s.title
				list = append(list, c)
			}
		}
	}
	return list
}

func (r *report) idleSentence() string {
	var plain, inTLS []string
	for _, c := range r.Idle {
		text := fmt.Sprintf("%s %s KiB", c.Peer, figures.Short(c.Memory, kib))
		if c.TLS {
			inTLS = append(inTLS, text)
		} else {
			plain = append(plain, text)
		}
	}
	return fmt.Sprintf("Memory of an idle session: %s; with TLS: %s.\n", strings.Join(plain, ", "), strings.Join(inTLS, ", "))
}

// fairnessRatios is how many times its own p99 alone each way has beside a disturber.
func (r *report) fairnessRatios() *figures.Table {
	var columns []figures.Column
	for _, disturber := range []string{fairness.Stream, fairness.Statements, fairness.SlowReader} {
		columns = append(columns, figures.Column{Title: disturber, Metric: figures.P99, Of: disturber, To: fairness.Nobody})
	}
	return figures.Compare("", "", byWay(r.Groups[fair]), columns)
}

// details writes the comparisons for docs/performance.md.
func (r *report) details(w io.Writer) error {
	if err := r.preface(w); err != nil {
		return err
	}
	return tabulate(w, r.comparisons())
}

// underLimits writes what limits cost for docs/performance.md; nothing where that was not
// measured.
func (r *report) underLimits(w io.Writer) error { return tabulate(w, r.limitTables()) }

func tabulate(w io.Writer, list []*figures.Table) error {
	for _, t := range list {
		if err := t.Markdown(w, "###"); err != nil {
			return err
		}
	}
	return nil
}
