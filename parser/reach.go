package parser

import "math"

// reach is how much of a table a condition lets through.
type reach struct {
	breadth Breadth
	// values is at most how many values a column has in the rows that are let through, where
	// breadth is Bounded: 1 for an equality; 0 where the text does not say; -1 for no row.
	values int64
	// limited is set where a LIMIT is what counts the values.
	limited bool
}

// one is the reach of an equality, none that of a condition that is never true.
var (
	one  = reach{breadth: Bounded, values: 1}
	none = reach{breadth: Bounded, values: -1}
)

// wide returns the reach of a breadth that counts nothing.
func wide(b Breadth) reach { return reach{breadth: b} }

// counted returns the reach of so many values. None at all reach no row, which is as
// narrow as one.
func counted(n float64) reach {
	return reach{breadth: Bounded, values: int64(min(max(n, 1), math.MaxInt32))}
}

// and returns the reach of two conditions that both hold: the narrower one's.
func (r reach) and(o reach) reach {
	switch {
	case r.breadth != o.breadth:
		if r.breadth > o.breadth {
			return r
		}
		return o
	case r.values == 0 || o.values != 0 && o.values < r.values:
		return o
	}
	return r
}

// or returns the reach of two conditions of which one holds: the wider one's, and
// where both are Bounded the values of both.
func (r reach) or(o reach) reach {
	switch {
	case r.breadth < o.breadth:
		return r
	case r.breadth > o.breadth:
		return o
	case r.breadth != Bounded:
		return r
	}
	switch {
	case r == none:
		return o
	case o == none:
		return r
	}
	both := reach{breadth: Bounded, limited: r.limited || o.limited}
	if r.values != 0 && o.values != 0 {
		both.values = min(r.values+o.values, math.MaxInt32)
	}
	return both
}

// atMost returns the reach, but no narrower than the breadth.
func (r reach) atMost(b Breadth) reach {
	if r.breadth > b {
		return wide(b)
	}
	return r
}
