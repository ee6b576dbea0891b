package guard

import (
	"hash"

	"github.com/pgcordon/pgcordon/parser"
)

// facts are what decides, besides what meaning follows, on what a text does without showing
// in it. They are followed only where operators may let statements through, and are part of
// what is let through.
type facts struct {
	// How literals of dates, times and intervals are read, as the server reports it
	// (documentation, 55.2.7): '01/02/2026' is of two months.
	date, interval, zone string
	// touched is set once the session has changed that: what holds is then uncertain until
	// the server has told.
	touched bool
	// temporaries is set once the session may have temporary objects, which hide others.
	temporaries bool
}

// styled are words of which one stands in every text that may change how dates, times and
// intervals are read.
var styled = []string{"datestyle", "intervalstyle", "timezone", "zone", "reset"}

// reported notes a ParameterStatus.
func (f *facts) reported(name, value []byte) {
	switch string(name) {
	case "DateStyle":
		f.date = string(value)
	case "IntervalStyle":
		f.interval = string(value)
	case "TimeZone":
		f.zone = string(value)
	}
}

// observe notes what a string does that is let through.
func (f *facts) observe(s *parser.Summary) {
	for i := range s.Statements {
		for _, act := range s.Statements[i].Acts {
			switch {
			case act.Effect == parser.Create && act.Traits.Has(parser.Temporary):
				f.temporaries = true
			case act.Effect == parser.Settings:
				f.set(act.Object)
			}
		}
	}
}

// set notes that a parameter may be set; "" stands for any.
func (f *facts) set(name string) {
	switch name {
	case "datestyle", "intervalstyle", "timezone", "all", "":
		f.touched = true
	}
}

// certain tells whether what was reported holds for what comes now. quiet tells whether
// nothing is under way that could change it.
func (f *facts) certain(quiet bool) bool { return !f.touched || quiet }

// write writes what is known.
func (f *facts) write(sum hash.Hash) {
	mark := "\x00"
	if f.temporaries {
		mark = "\x01"
	}
	sum.Write([]byte(f.date + "\x00" + f.interval + "\x00" + f.zone + mark))
}
