package policy

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pgcordon/pgcordon/parser"
)

// Watch counts the signs of all sessions, for each tripwire, target and source
// environment, and knows which tripwires have tripped. It outlives a reload: a tripwire
// goes by its name. It is safe for concurrent use.
//
// It holds no more signs for a tripwire than make it trip, under names that all come
// from the configuration.
type Watch struct {
	now     func() time.Time
	newID   func() string
	mu      sync.Mutex
	counts  map[counted][]sign
	tripped map[Between]*Trip     // until Forget: what more comes is refused by it
	quiet   map[counted]time.Time // of a tripwire that only tells: until when it has told
}

// Between is a source environment and a target, by its name.
type Between struct{ Source, Target string }

type counted struct {
	Between
	tripwire string
}

// sign is one that counts. Of a table there is the newest alone.
type sign struct {
	table parser.Relation // in database; zero for a refusal
	cause Cause
}

// Deed is what a session did, or is about to do.
type Deed struct {
	Actor
	Event     string // that tells of it in the audit log
	Signs     *Signs // of the string; nil for none
	Refused   bool   // the string was refused
	WouldDeny bool   // the string was let pass, because the target is in audit mode
	LoggedIn  bool   // the session was let in
}

// NewWatch returns one that has counted nothing. now is asked for the time of each deed,
// newID for the id of each incident.
func NewWatch(now func() time.Time, newID func() string) *Watch {
	return &Watch{now: now, newID: newID, counts: map[counted][]sign{}, tripped: map[Between]*Trip{}, quiet: map[counted]time.Time{}}
}

// Count counts a deed for the tripwires that its session is under. It returns the trip
// where one trips by it, or has tripped before and not been forgotten; one that locks
// nobody out is returned once in the time for which it would have. audit is whether the
// target is in audit mode. What it returns nil for, and only that, may be done.
func (w *Watch) Count(who Between, wires []*Tripwire, audit bool, what *Deed) *Trip {
	if len(wires) == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if t := w.tripped[who]; t != nil {
		return t
	}
	now := w.now()
	var told *Trip
	for _, wire := range wires {
		causes := w.add(counted{who, wire.Name}, wire, what, now)
		if causes == nil {
			continue
		}
		t := &Trip{Tripwire: wire.Name, Target: who.Target, Source: who.Source, Time: now, Quarantine: wire.Quarantine,
			Audit: audit || wire.Mode == Audit, Causes: causes, Reason: wire.reason(causes, what)}
		if !t.Audit {
			causes[len(causes)-1].Refused = !what.LoggedIn // it trips, and goes no further
			maps.DeleteFunc(w.counts, func(key counted, _ []sign) bool { return key.Between == who })
			w.tripped[who] = t
			return w.incident(t)
		}
		delete(w.counts, counted{who, wire.Name})
		if told == nil && !now.Before(w.quiet[counted{who, wire.Name}]) {
			told = t
		}
	}
	if told != nil {
		w.quiet[counted{who, told.Tripwire}] = now.Add(told.quietTime())
		return w.incident(told)
	}
	return nil
}

func (w *Watch) incident(t *Trip) *Trip {
	t.Incident = w.newID()
	return t
}

// Forget makes the tripwires between a source and a target ready again, when the
// quarantine is over. They count from the beginning.
func (w *Watch) Forget(who Between) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.tripped, who)
}

// add counts a deed for one tripwire, and returns its causes where it trips.
func (w *Watch) add(key counted, wire *Tripwire, what *Deed, now time.Time) []Cause {
	cause := Cause{Actor: what.Actor.shown(), Time: now, Event: what.Event, Refused: what.Refused}
	switch {
	case wire.TestSuite && what.LoggedIn && wire.Names(what.Application):
		return []Cause{cause}
	case wire.TestSuite && what.Signs != nil && what.Signs.Suite:
		return causesOf(signsOf(what, cause))
	case wire.Tables > 0 && what.Signs != nil:
		signs := w.fresh(key, wire, now)
		for _, s := range signsOf(what, cause) {
			signs = s.join(signs)
		}
		return w.keep(key, signs, wire.Tables)
	case wire.Refusals > 0 && (what.Refused || what.WouldDeny):
		return w.keep(key, append(w.fresh(key, wire, now), sign{cause: cause}), wire.Refusals)
	}
	return nil
}

// fresh returns the signs that still count.
func (w *Watch) fresh(key counted, wire *Tripwire, now time.Time) []sign {
	return slices.DeleteFunc(w.counts[key], func(s sign) bool { return now.Sub(s.cause.Time) >= wire.Within })
}

// keep remembers the signs, and returns their causes where they are enough.
func (w *Watch) keep(key counted, signs []sign, enough int) []Cause {
	w.counts[key] = signs
	if len(signs) < enough {
		return nil
	}
	return causesOf(signs)
}

// signsOf returns a sign for each table of a deed.
func signsOf(what *Deed, cause Cause) (signs []sign) {
	for _, table := range what.Signs.Tables {
		signs = append(signs, sign{parser.Relation{Schema: shown(table.Schema), Name: shown(table.Name)}, cause})
	}
	return signs
}

// join adds a sign, in place of an older one about the same table: of the same name, in
// the same database, and in the same schema as far as both are known.
func (s sign) join(signs []sign) []sign {
	same := slices.IndexFunc(signs, func(other sign) bool {
		return s.table.Name == other.table.Name && s.cause.Database == other.cause.Database &&
			(s.table.Schema == other.table.Schema || s.table.Schema == "" || other.table.Schema == "")
	})
	if same >= 0 {
		s.table.Schema = cmp.Or(s.table.Schema, signs[same].table.Schema)
		signs = slices.Delete(signs, same, same+1)
	}
	return append(signs, s)
}

// causesOf joins the signs of one deed.
func causesOf(signs []sign) (causes []Cause) {
	for _, s := range signs {
		if last := len(causes) - 1; last < 0 || causes[last].Event != s.cause.Event || s.cause.Event == "" {
			causes = append(causes, s.cause)
		}
		if s.table.Name != "" {
			c := &causes[len(causes)-1]
			c.Tables = append(c.Tables, s.table.String())
		}
	}
	return causes
}

func (a Actor) shown() Actor {
	a.User, a.Database, a.Application = shown(a.User), shown(a.Database), shown(a.Application)
	return a
}
