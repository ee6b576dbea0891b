package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/bench/figures"
	"github.com/pgcordon/pgcordon/bench/peer"
)

// journal is a load that writes down whom it was put on.
type journal struct {
	names []string
	spans []time.Duration
	fails string // at the second time
}

func (j *journal) Measure(_ context.Context, p *peer.Peer, span time.Duration) (figures.Sample, error) {
	j.spans = append(j.spans, span)
	if p.Name == j.fails && slices.Contains(j.names, p.Name) {
		return figures.Sample{}, errors.New("no more")
	}
	j.names = append(j.names, p.Name)
	return figures.Sample{Rate: float64(len(j.names))}, nil
}

func threePeers() map[string]*peer.Peer {
	return map[string]*peer.Peer{"a": {Name: "a"}, "b": {Name: "b"}, "c": {Name: "c"}}
}

func TestEachRoundHasAnotherOrderAndTheFirstIsNotCounted(t *testing.T) {
	j := &journal{}
	r := rounds{peers: threePeers(), count: 2, progress: io.Discard}
	cells, failures, err := r.run(t.Context(), []cell{{name: "x", peers: []string{"a", "b", "c"}, load: j}})
	if err != nil || len(failures) > 0 {
		t.Fatal(failures, err)
	}
	if want := []string{"a", "b", "c", "b", "c", "a", "c", "a", "b"}; !slices.Equal(j.names, want) {
		t.Errorf("order %v, want %v", j.names, want)
	}
	if got := cells[0].Samples["a"]; len(got) != 2 || got[0].Rate != 6 || got[1].Rate != 8 {
		t.Errorf("samples of a: %v", got)
	}
}

func TestRunsTakeAsManySlicesAsTheirCellSaysBehindTheRoundThatWarmsUp(t *testing.T) {
	j := &journal{}
	r := rounds{peers: threePeers(), count: 2, slice: time.Second, progress: io.Discard}
	cells := []cell{{peers: []string{"a"}, load: j}, {peers: []string{"a"}, load: j, slices: 4}}
	if _, _, err := r.run(t.Context(), cells); err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{1e9, 1e9, 1e9, 4e9, 1e9, 4e9}; !slices.Equal(j.spans, want) {
		t.Errorf("runs of %v, want %v", j.spans, want)
	}
}

func TestPeerThatFailsIsLeftOutAndTold(t *testing.T) {
	j := &journal{fails: "b"}
	r := rounds{peers: threePeers(), count: 3, progress: io.Discard}
	cells, failures, err := r.run(t.Context(), []cell{{name: "x", peers: []string{"a", "b", "c"}, load: j}})
	if err != nil || len(failures) != 1 {
		t.Fatal(failures, err)
	}
	if _, ok := cells[0].Samples["b"]; ok || len(cells[0].Samples["c"]) != 3 {
		t.Errorf("samples %v", cells[0].Samples)
	}
}

func TestSliceIsShortenedToKeepTheBudget(t *testing.T) {
	r := rounds{slice: 300 * time.Millisecond, budget: time.Hour, progress: io.Discard}
	// 100 slices took 30 s of 50, and each of 10 rounds of as many is to take 40.
	r.hurry(50*time.Second, 100, 100, 400*time.Second, 10)
	if r.slice != 200*time.Millisecond {
		t.Errorf("slice %s", r.slice)
	}
	r.hurry(40*time.Second, 100, 100, 400*time.Second, 10)
	if r.slice != 200*time.Millisecond {
		t.Errorf("slice %s, but there is time enough", r.slice)
	}
	// What comes has twice the slices, and 20 s beside them.
	r.hurry(40*time.Second, 100, 200, 400*time.Second, 10)
	if r.slice != 100*time.Millisecond {
		t.Errorf("slice %s for longer rounds", r.slice)
	}
}

func TestFirstRoundCountsWhereNothingHasToBeWarm(t *testing.T) {
	j := &journal{}
	r := rounds{peers: threePeers(), count: 2, cold: true, progress: io.Discard}
	cells, failures, err := r.run(t.Context(), []cell{{name: "x", peers: []string{"a", "b", "c"}, load: j}})
	if err != nil || len(failures) > 0 {
		t.Fatal(failures, err)
	}
	if len(j.names) != 6 || len(cells[0].Samples["a"]) != 2 {
		t.Errorf("order %v, samples %v", j.names, cells[0].Samples)
	}
}
