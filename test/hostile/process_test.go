package hostile

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// usage is what a leak would make grow.
type usage struct{ descriptors, goroutines int }

// usageOf reads the guard's open descriptors and its goroutines.
func usageOf(t testing.TB, guard *pgtest.Guard) usage {
	t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", guard.PID()))
	if err != nil {
		t.Fatal(err)
	}
	return usage{len(open), int(metric(t, guard, "go_goroutines"))}
}

// expectAgain waits until the guard uses no more than before. What the reader of
// the metrics itself takes is allowed for.
func (u usage) expectAgain(t testing.TB, guard *pgtest.Guard) {
	t.Helper()
	const spare = 3
	var now usage
	for range 600 {
		now = usageOf(t, guard)
		if now.descriptors <= u.descriptors+spare && now.goroutines <= u.goroutines+spare {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("%d descriptors and %d goroutines are left, %d and %d before",
		now.descriptors, now.goroutines, u.descriptors, u.goroutines)
}

var scraper = http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}

// metric sums the samples of a metric whose line contains all of the given labels,
// written as `name="value"`; 0 where there are none.
func metric(t testing.TB, guard *pgtest.Guard, name string, labels ...string) (sum float64) {
	t.Helper()
	response, err := scraper.Get("http://" + guard.Metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		sample, text, ok := strings.Cut(lines.Text(), "} ")
		if !ok {
			sample, text, _ = strings.Cut(lines.Text(), " ")
		}
		if own, _, _ := strings.Cut(sample, "{"); own != name || !containsAll(sample+"}", labels) {
			continue
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatalf("metric %s: %v", lines.Text(), err)
		}
		sum += value
	}
	return sum
}

func containsAll(text string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

// resident is the guard's resident memory in bytes.
func resident(t testing.TB, guard *pgtest.Guard) int64 {
	t.Helper()
	return statusBytes(t, guard, "VmRSS:")
}

// peak is the most memory that the guard ever had resident, in bytes.
func peak(t testing.TB, guard *pgtest.Guard) int64 {
	t.Helper()
	return statusBytes(t, guard, "VmHWM:")
}

// forgetPeak makes peak start again from what is resident now (proc(5), clear_refs).
func forgetPeak(t testing.TB, guard *pgtest.Guard) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", guard.PID()), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
}

func statusBytes(t testing.TB, guard *pgtest.Guard, field string) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", guard.PID()))
	if err != nil {
		t.Fatal(err)
	}
	_, value, _ := strings.Cut(string(status), field)
	var kib int64
	if _, err := fmt.Sscan(value, &kib); err != nil {
		t.Fatalf("%s in /proc/PID/status: %v", field, err)
	}
	return kib << 10
}

// until waits for a condition that must come true.
func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not %s after %s", what, patience)
		}
	}
}

// untilAsleep waits until a session's backend runs pg_sleep.
func untilAsleep(t testing.TB, server *pgtest.Server, s *session) {
	t.Helper()
	until(t, "asleep", func() bool {
		return server.Query(t, "postgres", fmt.Sprintf(
			"SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = %d", s.key.ProcessID)) == "1"
	})
}
