package main

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/bench/figures"
)

func TestWhatANetworkWouldAddIsComputedFromTheTripsThatALimitAdds(t *testing.T) {
	trips := func(n float64) []figures.Sample { return []figures.Sample{{Trips: n}} }
	r := &report{Groups: map[string]group{limitTrips: {{Load: "UPDATE", Samples: map[string][]figures.Sample{
		"direct": trips(1), "pgcordon": trips(2), "pgcordon-rows": trips(3), "pgcordon-effects": trips(6),
	}}}}}
	var b strings.Builder
	if err := r.underLimits(&b); err != nil {
		t.Fatal(err)
	}
	if want := "| UPDATE | 1 | 2 | 3 | 6 | 0.5 | 2 |\n"; !strings.Contains(b.String(), want) {
		t.Errorf("no %q in\n%s", want, b.String())
	}
	if strings.Contains(b.String(), "time of a transaction") {
		t.Error("times are shown that were not measured")
	}
}

func TestTimesAreShownOfEveryWayAndAgainstNoLimit(t *testing.T) {
	times := map[string][]figures.Sample{}
	for _, way := range limitWays {
		times[way] = []figures.Sample{{P50: 1e-4, P99: 2e-4}}
	}
	r := &report{Groups: map[string]group{limitTimes: {{Load: "UPDATE", Samples: times}}}}
	var b strings.Builder
	if err := r.underLimits(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| UPDATE | 100 | 200 | 100 | 200 | 100 | 200 | 100 | 200 |\n",
		"| UPDATE | 1.00 1.00-1.00 | 1.00 1.00-1.00 | 1.00 1.00-1.00 | 1.00 1.00-1.00 |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
