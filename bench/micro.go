package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"

	"github.com/pgcordon/pgcordon/bench/figures"
)

// microResult is what a Go benchmark of hotpath has found.
type microResult struct {
	Name   string  `json:"name"`
	Time   float64 `json:"time"`   // seconds
	Allocs float64 `json:"allocs"` // allocations
}

// micro runs the Go benchmarks.
func micro(ctx context.Context, each time.Duration) ([]microResult, error) {
	fmt.Fprintln(os.Stderr, "Go benchmarks")
	cmd := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench=.", "-benchmem", "-benchtime="+each.String(), "./bench/hotpath")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("run the Go benchmarks: %w\n%s", err, out)
	}
	var list []microResult
	reader := benchfmt.NewReader(bytes.NewReader(out), "hotpath")
	for reader.Scan() {
		if r, ok := reader.Result().(*benchfmt.Result); ok {
			seconds, _ := r.Value("sec/op") // the reader's own unit for ns/op
			allocs, _ := r.Value("allocs/op")
			list = append(list, microResult{withoutProcs(r.Name), seconds, allocs})
		}
	}
	if len(list) == 0 {
		return nil, errors.Join(fmt.Errorf("the Go benchmarks printed no result:\n%s", out), reader.Err())
	}
	return list, reader.Err()
}

// withoutProcs leaves the number of processors out of a name.
func withoutProcs(name benchfmt.Name) string {
	full := name.String()
	if _, parts := name.Parts(); len(parts) > 0 {
		full = strings.TrimSuffix(full, string(parts[len(parts)-1]))
	}
	return full
}

func (r *report) microTable() *figures.Table {
	t := &figures.Table{Title: "Parts of the hot path", Note: "Go benchmarks of bench/hotpath.",
		Header: []string{"", "µs", "allocations"}}
	for _, m := range r.Micro {
		t.Rows = append(t.Rows, []string{m.Name, fmt.Sprintf("%.3f", m.Time/micros), fmt.Sprintf("%.0f", m.Allocs)})
	}
	return t
}
