package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/bench/fairness"
	"github.com/pgcordon/pgcordon/bench/figures"
	"github.com/pgcordon/pgcordon/bench/idle"
)

const root = ".."

func TestDocumentsHaveAPartForResults(t *testing.T) {
	if _, err := (&report{}).products(root); err != nil {
		t.Error(err)
	}
}

func TestDocumentsSayWhatTheNewestResultSays(t *testing.T) {
	if _, err := newest(root); errors.Is(err, errNone) {
		return // there is nothing that they could differ from
	}
	for _, path := range differences(t, root) {
		t.Errorf("%s is not what the newest result makes of it; run make bench-plot", path)
	}
}

// differences are the products that are not what the newest result makes of them.
func differences(t *testing.T, root string) []string {
	t.Helper()
	path, err := newest(root)
	if err != nil {
		t.Fatal(err)
	}
	r, err := readReport(path)
	if err != nil {
		t.Fatal(err)
	}
	products, err := r.products(root)
	if err != nil {
		t.Fatal(err)
	}
	var different []string
	for _, p := range products {
		is, err := os.ReadFile(p.path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(is, p.content) {
			different = append(different, p.path)
		}
	}
	return different
}

func TestPartIsReplacedAndNothingElse(t *testing.T) {
	part := func(text string) string { return string(partBegins) + text + string(partEnds) }
	got, err := filledIn([]byte("before\n"+part("old\n")+"between\n"+part("old\n")+"after\n"), []byte("1\n"), []byte("2\n"))
	if want := "before\n" + part("1\n") + "between\n" + part("2\n") + "after\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
}

func TestDocumentWithoutMarksForEachPartIsAnError(t *testing.T) {
	one := string(partBegins) + string(partEnds)
	for _, text := range []string{"", string(partBegins), string(partEnds) + string(partBegins), one, one + one + one} {
		if got, err := filledIn([]byte(text), nil, nil); err == nil {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// small is a report of two rounds.
func small() *report {
	samples := func(rate, cpu float64) []figures.Sample {
		return []figures.Sample{{Rate: rate, CPU: cpu}, {Rate: rate, CPU: cpu}}
	}
	took := func(p99 float64) map[string][]figures.Sample {
		s := []figures.Sample{{Rate: 800, P50: 1e-4, P99: p99}, {Rate: 800, P50: 1e-4, P99: p99}}
		return map[string][]figures.Sample{"direct": s, "pgcordon": s}
	}
	return &report{Rounds: 2, Groups: map[string]group{
		queries: {{Load: "select1 simple    8", Unit: "query", Samples: map[string][]figures.Sample{
			"direct": samples(1000, 0), "pgbouncer": samples(500, 20e-6), "haproxy": samples(500, 16e-6),
			"pgcordon": samples(600, 12e-6), "pgcordon-unix": samples(700, 10e-6)}}},
		fair: {{Load: fairness.Nobody, Samples: took(1e-4)}, {Load: fairness.Stream, Samples: took(3e-4)},
			{Load: fairness.Statements, Samples: took(2e-4)}, {Load: fairness.SlowReader, Samples: took(1e-4)}},
	}, Idle: []idle.Cost{{Peer: "pgcordon", Sessions: 10, Memory: 1024}, {Peer: "pgcordon", TLS: true, Sessions: 10, Memory: 20480}}}
}

func TestSummaryHasEveryRatioWithItsRange(t *testing.T) {
	var b strings.Builder
	if err := small().summary(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| `SELECT 1`, simple, 8 clients | 12.0 | .60 .60-.60 | .75 .75-.75 | .50 .50-.50 | .63 .63-.63 | 60 60-60 |\n",
		"pgcordon 1.00 KiB; with TLS: pgcordon 20.0 KiB",
		"| pgcordon | 3.00 3.00-3.00 | 2.00 2.00-2.00 | 1.00 1.00-1.00 |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestTablesWithoutCellsAreLeftOut(t *testing.T) {
	var titles []string
	for _, table := range small().tables() {
		titles = append(titles, table.Title)
	}
	for _, title := range titles {
		if !strings.HasPrefix(title, "Queries") && !strings.HasPrefix(title, "Fairness") && title != "Idle sessions" {
			t.Errorf("%s has nothing to show", title)
		}
	}
	if len(titles) != 6 {
		t.Errorf("tables %q", titles)
	}
}

func TestWhatIsKeptMakesTheSameProductsAgain(t *testing.T) {
	root := t.TempDir()
	for _, d := range documents {
		path := filepath.Join(root, d.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.Repeat(slices.Concat(partBegins, partEnds), len(d.fills)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := small().keep(root); err != nil {
		t.Fatal(err)
	}
	if different := differences(t, root); len(different) > 0 {
		t.Errorf("different: %q", different)
	}
	readme := filepath.Join(root, "README.md")
	if err := os.WriteFile(readme, slices.Concat(partBegins, []byte("by hand\n"), partEnds), 0o600); err != nil {
		t.Fatal(err)
	}
	if different := differences(t, root); !slices.Equal(different, []string{readme}) {
		t.Errorf("README was changed by hand, but different are %q", different)
	}
}
