package policy

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// builtinTripwire stands where a rule would in what a tripwire refuses.
const builtinTripwire = builtinPrefix + "tripwire"

// Actor is a session, as an incident tells of it.
type Actor struct {
	Session, Address            string
	User, Database, Application string
}

// Cause is what a session did towards an incident.
type Cause struct {
	Actor
	Time    time.Time
	Event   string   // that tells of it in the audit log
	Refused bool     // it was refused, and took no effect
	Tables  []string // that were emptied or dropped, or were to be
}

// Trip is a tripwire that tripped. Its fields do not change.
type Trip struct {
	Incident   string // its id
	Tripwire   string // name
	Target     string // name
	Source     string // environment
	Time       time.Time
	Quarantine time.Duration // 0: until it is released
	Audit      bool          // tell of it only: nobody is locked out
	Reason     string        // "3 tables emptied or dropped within 1m: a, b, c"
	Causes     []Cause       // oldest first

	opened atomic.Bool
}

// Open returns true once: whoever is told so opens the incident.
func (t *Trip) Open() bool { return t.opened.CompareAndSwap(false, true) }

// quietTime is how long a tripwire that only tells is silent when it has told.
func (t *Trip) quietTime() time.Duration {
	if t.Quarantine == 0 {
		return time.Hour
	}
	return t.Quarantine
}

// Refusal is the decision on a string that has come too far.
func (t *Trip) Refusal(s *Signs) Decision {
	return Decision{
		Deny: true, Rule: builtinTripwire, Statement: s.statement, Act: s.act, Signs: s, Trip: t,
		Reason: fmt.Sprintf("tripwire %s, incident %s: %s", t.Tripwire, t.Incident, t.Reason),
		Hint:   fmt.Sprintf("source environment %s is being locked out of target %s; see the incident in the audit log", t.Source, t.Target),
	}
}

// sign adds to a decision what tripwires look for, nil for nothing. What nobody else
// explains is then about the first table.
func (d *Decision) sign(s *Signs) {
	if d.Signs = s; s != nil && !d.Deny && !d.WouldDeny && !d.Record {
		d.Statement, d.Act = s.statement, s.act
	}
}

// reason says what tripped the wire.
func (w *Tripwire) reason(causes []Cause, what *Deed) string {
	names := namesIn(causes)
	switch {
	case w.Tables > 0:
		return fmt.Sprintf("%d tables emptied or dropped within %s: %s", len(names), Period(w.Within), listed(names))
	case w.Refusals > 0:
		return fmt.Sprintf("%d statements refused within %s", len(causes), Period(w.Within))
	case what.LoggedIn:
		return fmt.Sprintf("a session of application %q logged in", what.Application)
	}
	return "TRUNCATE with RESTART IDENTITY, as test suites do: " + listed(names)
}

// namesIn returns the tables, with their databases where there are several.
func namesIn(causes []Cause) (names []string) {
	several := slices.ContainsFunc(causes, func(c Cause) bool { return c.Database != causes[0].Database })
	for i := range causes {
		for _, table := range causes[i].Tables {
			if several {
				table = causes[i].Database + "." + table
			}
			names = append(names, table)
		}
	}
	return names
}

// listed names the first few.
func listed(names []string) string {
	text := strings.Join(names[:min(len(names), mostNames)], ", ")
	if more := len(names) - mostNames; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// longestName is NAMEDATALEN - 1, in bytes: PostgreSQL cuts what is longer. What an
// incident remembers of a session is cut there, too, so that none can fill the memory.
const longestName = 63

// shown is a name as an incident tells it. The characters of a quoted name can be any.
func shown(name string) string {
	if len(name) > longestName {
		name = strings.ToValidUTF8(name[:longestName], "")
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, strings.Clone(name))
}
