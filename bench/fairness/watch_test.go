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
