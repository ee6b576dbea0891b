package figures

import (
	"math"
	"slices"
)

// Sample is what one run of a load measured. A unit is a query, a transaction, a
// login or a megabyte.
type Sample struct {
	Rate float64 `json:"rate"` // units a second
	CPU  float64 `json:"cpu"`  // seconds of the proxy's processor time a unit; 0 without a proxy
	// Seconds that half of the units took at most, and 99 of 100; 0 where it was not measured.
	P50 float64 `json:"p50,omitempty"`
	P99 float64 `json:"p99,omitempty"`
	// Trips are round trips to the server a unit; 0 where they were not counted.
	Trips float64 `json:"trips,omitempty"`
}

// Cell is one load and what each peer did with it. Samples has a sample a round
// for each peer, in the order of the rounds.
type Cell struct {
	Load    string              `json:"load"`
	Unit    string              `json:"unit"`
	Samples map[string][]Sample `json:"samples"`
}

// Metric is one figure of a sample.
type Metric int

// The metrics.
const (
	Rate Metric = iota
	CPU
	P50
	P99
	Trips
)

func (m Metric) of(s Sample) float64 {
	switch m {
	case Rate:
		return s.Rate
	case P50:
		return s.P50
	case P99:
		return s.P99
	case Trips:
		return s.Trips
	}
	return s.CPU
}

// Spread is what several rounds measured.
type Spread struct {
	Median, Min, Max float64
}

// Ratio relates a metric of one peer to the same of another. It returns false
// where there is nothing to relate.
func (c *Cell) Ratio(m Metric, of, to string) (Spread, bool) {
	return spread(c.Ratios(m, of, to))
}

// Ratios are the ratios round by round, without those that have no meaning.
func (c *Cell) Ratios(m Metric, of, to string) []float64 {
	var ratios []float64
	above, below := c.Samples[of], c.Samples[to]
	for i := range min(len(above), len(below)) {
		if r := m.of(above[i]) / m.of(below[i]); r > 0 && !math.IsInf(r, 0) {
			ratios = append(ratios, r)
		}
	}
	return ratios
}

// Absolute is a metric of one peer.
func (c *Cell) Absolute(m Metric, of string) (Spread, bool) {
	var values []float64
	for _, s := range c.Samples[of] {
		values = append(values, m.of(s))
	}
	return spread(values)
}

func spread(values []float64) (Spread, bool) {
	if len(values) == 0 {
		return Spread{}, false
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (median + sorted[middle-1]) / 2
	}
	return Spread{median, sorted[0], sorted[len(sorted)-1]}, true
}
