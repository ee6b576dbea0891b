package figures

import (
	"strings"
	"testing"
	"time"
)

func TestRatiosAreTakenWithinARound(t *testing.T) {
	// The machine was half as fast in the second round; the ratio was the same.
	c := Cell{Samples: map[string][]Sample{
		"a": {{Rate: 100, CPU: 2}, {Rate: 50, CPU: 4}, {Rate: 90, CPU: 3}},
		"b": {{Rate: 200, CPU: 1}, {Rate: 100, CPU: 2}, {Rate: 100, CPU: 1}},
	}}
	if s, ok := c.Ratio(Rate, "a", "b"); !ok || s != (Spread{0.5, 0.5, 0.9}) {
		t.Errorf("rate: %v, %v", s, ok)
	}
	if s, ok := c.Ratio(CPU, "a", "b"); !ok || s != (Spread{2, 2, 3}) {
		t.Errorf("cpu: %v, %v", s, ok)
	}
}

func TestMedianOfAnEvenNumberLiesBetween(t *testing.T) {
	if s, _ := spread([]float64{4, 1, 3, 2}); s != (Spread{2.5, 1, 4}) {
		t.Error(s)
	}
}

func TestWhatWasNotMeasuredIsShownAsMissing(t *testing.T) {
	c := Cell{Load: "x", Samples: map[string][]Sample{"direct": {{Rate: 1}}, "proxy": {{Rate: 1, CPU: 1}}}}
	for _, column := range []Column{
		{Metric: CPU, Of: "proxy", To: "direct"}, {Metric: CPU, Of: "direct", Unit: 1}, {Metric: Rate, Of: "proxy", To: "absent"},
	} {
		if got := column.show(&c); got != Missing {
			t.Errorf("%+v: %s", column, got)
		}
	}
}

func TestTableIsAligned(t *testing.T) {
	cells := []Cell{
		{Load: "short", Samples: map[string][]Sample{"p": {{Rate: 1000}}, "q": {{Rate: 500}}}},
		{Load: "a longer name", Samples: map[string][]Sample{"p": {{Rate: 9}}, "q": {{Rate: 90}}}},
	}
	columns := []Column{{Title: "p", Metric: Rate, Of: "p", Unit: 1}, {Title: "p : q", Metric: Rate, Of: "p", To: "q"}}
	var b strings.Builder
	if err := Compare("Title", "Note.", cells, columns).Print(&b); err != nil {
		t.Fatal(err)
	}
	want := `
Title
Note.

                  p           p : q
short          1000  2.00 2.00-2.00
a longer name  9.00     .10 .10-.10
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestPercentIsTheSameRatio(t *testing.T) {
	c := Cell{Samples: map[string][]Sample{"a": {{Rate: 93}, {Rate: 88}, {Rate: 102}}, "b": {{Rate: 100}, {Rate: 100}, {Rate: 100}}}}
	if got := (Column{Of: "a", To: "b", Percent: true}).show(&c); got != "93 88-102" {
		t.Error(got)
	}
}

func TestPercentileIsANeighbour(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for _, c := range []struct {
		of      []time.Duration
		percent float64
		want    time.Duration
	}{{hundred, 50, 50}, {hundred, 99, 99}, {hundred[:10], 99, 10}, {hundred[:1], 50, 1}, {hundred[:3], 50, 2}} {
		if got := Percentile(c.of, c.percent); got != c.want {
			t.Errorf("%v %% of %d: %d, want %d", c.percent, len(c.of), got, c.want)
		}
	}
}
