package load

import (
	"strings"
	"testing"
)

const printed = `pgbench (15.20)
number of transactions actually processed: 640/640
number of failed transactions: 0 (0.000%)
latency average = 0.1 ms
initial connection time = 3.2 ms
tps = 12345.678901 (without initial connection time)
`

func TestRateIsReadFromWhatPgbenchPrints(t *testing.T) {
	if rate, err := tps(printed); err != nil || rate != 12345.678901 {
		t.Errorf("%v, %v", rate, err)
	}
}

func TestUnfinishedRunIsNoResult(t *testing.T) {
	for _, out := range []string{"", strings.Replace(printed, "640/640", "639/640", 1), strings.Replace(printed, "tps", "fps", 1)} {
		if rate, err := tps(out); err == nil {
			t.Errorf("%v from %q", rate, out)
		}
	}
}

func TestPaceFollowsWhatWasMeasured(t *testing.T) {
	p := Pace{"slow": 10}
	for name, want := range map[string]int{"slow": 5, "unknown": 50} {
		if got := p.amount(name, 5e8, 100); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}
