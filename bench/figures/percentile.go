package figures

import (
	"math"
	"time"
)

// Percentile is the least of the sorted durations that so many of a hundred are at most.
func Percentile(sorted []time.Duration, percent float64) time.Duration {
	return sorted[max(1, int(math.Ceil(float64(len(sorted))*percent/100)))-1]
}
