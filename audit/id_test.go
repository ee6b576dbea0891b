package audit

import (
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"
)

var idForm = regexp.MustCompile(`^pgc(-[0-9a-hjkmnp-tv-z]{6}){3}$`)

func TestIDsAreReadableAndGrow(t *testing.T) {
	last := ""
	for range 10_000 {
		id := NewID()
		if !idForm.MatchString(id) || len(id) > 24 {
			t.Fatalf("%q", id)
		}
		if id <= last {
			t.Fatalf("%q follows %q", id, last)
		}
		last = id
	}
}

func TestIDsGrowWhenTheClockGoesBack(t *testing.T) {
	before := NewID()
	lastID.Store(time.Now().Add(time.Hour).UnixMicro())
	defer lastID.Store(0)
	a, b := NewID(), NewID()
	if !slices.IsSorted([]string{before, a, b}) || a == b {
		t.Errorf("%q, %q, %q", before, a, b)
	}
}

func TestIDsAreDistinctAcrossGoroutines(t *testing.T) {
	const goroutines, each = 8, 2000
	ids := make([][]string, goroutines)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for range each {
				ids[g] = append(ids[g], NewID())
			}
		})
	}
	wg.Wait()
	all := slices.Concat(ids...)
	slices.Sort(all)
	if got := len(slices.Compact(all)); got != goroutines*each {
		t.Errorf("%d distinct of %d", got, goroutines*each)
	}
}
