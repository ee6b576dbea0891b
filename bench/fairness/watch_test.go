package fairness

import (
	"testing"
	"time"
)

func TestWhatWaitsForASlowAnswerIsLate(t *testing.T) {
	const halt = 10 * interval
	asked := 0
	begin := time.Now()
	took, err := paced(begin, begin.Add(4*interval), func() error {
		if asked++; asked == 1 {
			time.Sleep(halt)
		}
		return nil
	})
	if err != nil || len(took) != 4 {
		t.Fatal(took, err)
	}
	for i, d := range took {
		// It was due i intervals later and could not be asked before the halt was over.
		if least := halt - time.Duration(i)*interval; d < least {
			t.Errorf("query %d took %s, want %s at least", i, d, least)
		}
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
		if got := percentile(c.of, c.percent); got != c.want {
			t.Errorf("%v %% of %d: %d, want %d", c.percent, len(c.of), got, c.want)
		}
	}
}
