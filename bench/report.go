package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pgcordon/pgcordon/bench/figures"
	"github.com/pgcordon/pgcordon/bench/idle"
)

// report is everything that a comparison has found. It is kept as JSON, from which
// tables and plot can be made again.
type report struct {
	Date     time.Time        `json:"date"`
	Machine  machine          `json:"machine"`
	Relay    string           `json:"relay"` // of pgcordon; empty: its own choice
	Rounds   int              `json:"rounds"`
	Slice    time.Duration    `json:"slice"`
	Groups   map[string]group `json:"groups"`
	Added    []added          `json:"added"`
	Idle     []idle.Cost      `json:"idle"`
	Micro    []microResult    `json:"micro"`
	Failures []string         `json:"failures"`
}

// group are the cells of one table.
type group = []figures.Cell

// tables are all.
func (r *report) tables() []*figures.Table { return append(r.comparisons(), r.limitTables()...) }

// comparisons are the tables of pgcordon beside other proxies, and of its parts.
func (r *report) comparisons() []*figures.Table {
	var list []*figures.Table
	for _, t := range []struct{ group, title, unit string }{
		{queries, "Queries", "query"},
		{bulk, "Bulk", "MB"},
		{logins, "Logins and one SELECT 1, of 8 clients", "login"},
		{inTLS, "TLS on the client's leg", "query or MB"},
	} {
		list = append(list, r.compare(t.group, t.title, t.unit)...)
	}
	list = append(list, r.fairnessTable(), r.fairnessAgainstDirect(), r.addedTable(), r.idleTable(), r.microTable())
	return withRows(list...)
}

// withRows leaves out tables in which nothing was measured.
func withRows(list ...*figures.Table) []*figures.Table {
	return slices.DeleteFunc(list, func(t *figures.Table) bool { return len(t.Rows) == 0 })
}

// Units of figures.
const (
	micros = 1e-6
	kib    = 1024
)

var (
	cpuOfPgBouncer = []figures.Column{
		{Title: "PgBouncer", Metric: figures.CPU, Of: "pgbouncer", Unit: micros},
		{Title: "bare relay", Metric: figures.CPU, Of: "bare", To: "pgbouncer"},
		{Title: "HAProxy", Metric: figures.CPU, Of: "haproxy", To: "pgbouncer"},
		{Title: "Pgpool-II", Metric: figures.CPU, Of: "pgpool", To: "pgbouncer"},
		{Title: "pgcordon", Metric: figures.CPU, Of: "pgcordon", To: "pgbouncer"},
		{Title: "over unix", Metric: figures.CPU, Of: "pgcordon-unix", To: "pgbouncer"},
	}
	rateOfDirect = []figures.Column{
		{Title: "direct", Metric: figures.Rate, Of: "direct", Unit: 1},
		{Title: "PgBouncer", Metric: figures.Rate, Of: "pgbouncer", To: "direct", Percent: true},
		{Title: "bare relay", Metric: figures.Rate, Of: "bare", To: "direct", Percent: true},
		{Title: "HAProxy", Metric: figures.Rate, Of: "haproxy", To: "direct", Percent: true},
		{Title: "Pgpool-II", Metric: figures.Rate, Of: "pgpool", To: "direct", Percent: true},
		{Title: "pgcordon", Metric: figures.Rate, Of: "pgcordon", To: "direct", Percent: true},
		{Title: "over unix", Metric: figures.Rate, Of: "pgcordon-unix", To: "direct", Percent: true},
	}
	guardAgainst = []figures.Column{
		{Title: "CPU", Metric: figures.CPU, Of: "pgcordon", Unit: micros},
		{Title: "CPU:HAProxy", Metric: figures.CPU, Of: "pgcordon", To: "haproxy"},
		{Title: "CPU:no rules", Metric: figures.CPU, Of: "pgcordon", To: "pgcordon-empty"},
		{Title: "rate:PgBouncer", Metric: figures.Rate, Of: "pgcordon", To: "pgbouncer"},
		{Title: "unix:PgBouncer", Metric: figures.Rate, Of: "pgcordon-unix", To: "pgbouncer"},
	}
)

func (r *report) compare(group, title, unit string) []*figures.Table {
	cells := r.Groups[group]
	return []*figures.Table{
		figures.Compare(title+": processor time of the proxy",
			"PgBouncer: µs a "+unit+". The others: ratio to PgBouncer, median and range.", cells, cpuOfPgBouncer),
		figures.Compare(title+": throughput",
			"Direct: a second, each a "+unit+". The others: percent of direct, median and range.", cells, rateOfDirect),
		figures.Compare(title+": pgcordon against others",
			"CPU: µs a "+unit+". The others: ratios of processor time or rate, median and range.", cells, guardAgainst),
	}
}

func (r *report) idleTable() *figures.Table {
	t := &figures.Table{Title: "Idle sessions", Note: "Resident memory a session, and processor time a second of all together.",
		Header: []string{"", "sessions", "KiB each", "CPU ms/s"}}
	for _, c := range r.Idle {
		name := c.Peer
		if c.TLS {
			name += ", TLS"
		}
		const milli = 1e-3
		t.Rows = append(t.Rows, []string{name, fmt.Sprint(c.Sessions), figures.Short(c.Memory, kib), figures.Short(c.CPU, milli)})
	}
	return t
}

func (r *report) circumstances() []string {
	lines := r.Machine.lines()
	if r.Relay != "" {
		lines = append(lines, "pgcordon's relay: "+r.Relay)
	}
	return lines
}

// print writes the report for a terminal of 100 columns.
func (r *report) print(w io.Writer) error {
	for _, line := range r.circumstances() {
		fmt.Fprintln(w, line)
	}
	for _, t := range r.tables() {
		if err := t.Print(w); err != nil {
			return err
		}
	}
	for _, f := range r.Failures {
		fmt.Fprintln(w, "\nfailed:", f)
	}
	return nil
}

// markdown writes the report for a reader who was not there.
func (r *report) markdown(w io.Writer) error {
	fmt.Fprintf(w, "# Comparison of %s\n\n", r.Date.Format(time.DateOnly))
	if err := r.preface(w); err != nil {
		return err
	}
	for _, t := range r.tables() {
		if err := t.Markdown(w, "##"); err != nil {
			return err
		}
	}
	if len(r.Failures) > 0 {
		fmt.Fprintf(w, "\n## Failures\n\n- %s\n", strings.Join(r.Failures, "\n- "))
	}
	return nil
}

// preface writes how and where the figures were made.
func (r *report) preface(w io.Writer) error {
	fmt.Fprintf(w, "Made by `make bench` on %s: %d rounds through all peers, each round in another order, about %s a run.\n"+
		"A ratio is taken within a round; the median of the rounds is shown, and the smallest and greatest.\n"+
		"The proxies' configurations are those of bench/peer.\n\n", r.Date.Format(time.DateOnly), r.Rounds, r.Slice)
	_, err := fmt.Fprintf(w, "- %s\n", strings.Join(r.circumstances(), "\n- "))
	return err
}
