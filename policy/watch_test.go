package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/parser"
)

// watched is a policy with tripwires, and a time that the test moves.
type watched struct {
	t      *testing.T
	policy *Policy
	watch  *Watch
	now    time.Time
	events int
}

func newWatched(t *testing.T, tripwires string) *watched {
	w := &watched{t: t, policy: mustParse(t, oneTarget+"builtin: false\ntripwires:\n"+tripwires), now: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)}
	incidents := 0
	w.watch = NewWatch(func() time.Time { return w.now }, func() string { incidents++; return fmt.Sprintf("incident-%d", incidents) })
	return w
}

// tell counts a deed of a client from an environment.
func (w *watched) tell(source string, deed Deed) *Trip {
	target := w.policy.Targets[0]
	client := Client{Source: from(source), User: "app", Database: deed.Database, Application: deed.Application}
	w.events++
	deed.Event, deed.User = fmt.Sprintf("event-%d", w.events), "app"
	return w.watch.Count(Between{source, target.Name}, w.policy.TripwiresOf(target, client), target.Mode == Audit, &deed)
}

// sends tells of a string that is about to execute, and whether it trips.
func (w *watched) sends(source, sql string, trips bool) *Trip {
	w.t.Helper()
	d := w.policy.Ruleset(w.policy.Targets[0], Client{Source: from(source), User: "app"}).Decide(parser.Summarize(sql, parser.Options{}), Context{})
	trip := w.tell(source, Deed{Signs: d.Signs})
	if (trip != nil) != trips {
		w.t.Errorf("%s from %s at %s: %+v", sql, source, w.now.Format(time.TimeOnly), trip)
	}
	return trip
}

func TestDistinctTablesOfASourceTripWithinTheTime(t *testing.T) {
	w := newWatched(t, "  - {name: w, tables: 3, within: 1m, quarantine: 30m}\n")
	w.sends("staging", "TRUNCATE a", false)
	w.sends("staging", "DELETE FROM b", false)
	w.sends("staging", "TRUNCATE public.a", false)
	w.sends("ci", "TRUNCATE c", false)
	trip := w.sends("staging", "DROP TABLE c", true)
	if trip.Audit || trip.Tripwire != "w" || trip.Source != "staging" || trip.Target != "shop" || trip.Quarantine != 30*time.Minute ||
		trip.Incident != "incident-1" || trip.Reason != "3 tables emptied or dropped within 1m: public.b, public.a, public.c" {
		t.Errorf("%+v", trip)
	}
	if len(trip.Causes) != 3 || trip.Causes[0].Event != "event-2" || trip.Causes[2].Event != "event-5" || trip.Causes[2].Tables[0] != "public.c" ||
		trip.Causes[1].Refused || !trip.Causes[2].Refused {
		t.Errorf("causes %+v", trip.Causes)
	}
	if again := w.sends("staging", "TRUNCATE a", true); again != trip {
		t.Errorf("another trip: %+v", again)
	}
	w.sends("ci", "TRUNCATE a", false)
	w.watch.Forget(Between{"staging", "shop"})
	w.sends("staging", "TRUNCATE d", false)
	if !trip.Open() || trip.Open() {
		t.Error("an incident is opened once")
	}
}

func TestWindowSlides(t *testing.T) {
	w := newWatched(t, "  - {name: w, tables: 3, within: 1m}\n")
	w.sends("staging", "TRUNCATE a", false)
	w.now = w.now.Add(40 * time.Second)
	w.sends("staging", "TRUNCATE b", false)
	w.now = w.now.Add(20 * time.Second) // a has just gone
	w.sends("staging", "TRUNCATE c", false)
	w.sends("staging", "TRUNCATE b", false) // counts from here on
	w.now = w.now.Add(59 * time.Second)
	w.sends("staging", "TRUNCATE d", true)
}

func TestNamesOfOneTableAreOneTable(t *testing.T) {
	w := newWatched(t, "  - {name: w, tables: 3, within: 1m}\n")
	w.policy.Targets[0].SearchPath = []string{"app", "public"}
	for _, sql := range []string{"TRUNCATE a", "TRUNCATE app.a", "TRUNCATE a", "TRUNCATE other.a", "TRUNCATE a", "TRUNCATE app.a"} {
		w.sends("staging", sql, false)
	}
	w.sends("staging", "TRUNCATE third.a", true)

	w = newWatched(t, "  - {name: w, tables: 2, within: 1m}\n")
	a := &Signs{Tables: []parser.Relation{{Schema: "public", Name: "a"}}}
	for range 2 {
		if w.tell("staging", Deed{Actor: Actor{Database: "one"}, Signs: a}) != nil {
			t.Error("one table is two")
		}
	}
	trip := w.tell("staging", Deed{Actor: Actor{Database: "two"}, Signs: a})
	if trip == nil {
		t.Fatal("tables of two databases are one")
	}
	if want := ": one.public.a, two.public.a"; !strings.HasSuffix(trip.Reason, want) {
		t.Errorf("%s, want %s", trip.Reason, want)
	}
}

func TestListThatNamesEnoughTablesTripsAtOnce(t *testing.T) {
	w := newWatched(t, "  - {name: w, tables: 3, within: 1m}\n")
	w.sends("staging", "TRUNCATE a, b", false)
	w.sends("ci", "TRUNCATE a, b, c, d", true)
	w.sends("staging", "TRUNCATE a, b, c", true)
}

func TestRefusalsTrip(t *testing.T) {
	w := newWatched(t, "  - {name: w, refusals: 3, within: 1m}\n")
	for range 2 {
		w.sends("staging", "TRUNCATE a", false)
		if w.tell("staging", Deed{Refused: true}) != nil || w.tell("staging", Deed{LoggedIn: true}) != nil {
			t.Error("trips too early")
		}
	}
	w.now = w.now.Add(time.Minute)
	if w.tell("staging", Deed{Refused: true}) != nil {
		t.Error("refusals count for ever")
	}
	if w.tell("ci", Deed{Refused: true}) != nil || w.tell("staging", Deed{Refused: true}) != nil {
		t.Error("trips too early")
	}
	if trip := w.tell("staging", Deed{Refused: true}); trip == nil || trip.Reason != "3 statements refused within 1m" || !trip.Causes[2].Refused {
		t.Errorf("%+v", trip)
	}
}

func TestTestSuitesTripAtOnce(t *testing.T) {
	const suite = "  - {name: w, test_suite: true, applications: \"pytest*\"}\n"
	w := newWatched(t, suite)
	w.sends("staging", "TRUNCATE a, b", false)
	if w.tell("staging", Deed{Actor: Actor{Application: "psql"}, LoggedIn: true}) != nil || w.tell("staging", Deed{Actor: Actor{Application: "pytest"}, Refused: true}) != nil {
		t.Error("trips by something else")
	}
	if trip := w.sends("staging", "TRUNCATE a, b RESTART IDENTITY", true); trip.Reason != "TRUNCATE with RESTART IDENTITY, as test suites do: public.a, public.b" {
		t.Error(trip.Reason)
	}
	w = newWatched(t, suite)
	trip := w.tell("staging", Deed{Actor: Actor{Application: "pytest-7"}, LoggedIn: true})
	if trip == nil || trip.Reason != `a session of application "pytest-7" logged in` {
		t.Errorf("%+v", trip)
	}
}

func TestInAuditModeATripwireTellsOnceInAWhile(t *testing.T) {
	for name, w := range map[string]*watched{
		"tripwire": newWatched(t, "  - {name: w, tables: 1, within: 1m, quarantine: 30m, mode: audit}\n"),
		"target":   newWatched(t, "  - {name: w, tables: 1, within: 1m, quarantine: 30m}\n"),
	} {
		if name == "target" {
			w.policy.Targets[0].Mode = Audit
		}
		if trip := w.sends("staging", "TRUNCATE a", true); !trip.Audit {
			t.Errorf("%s: locks out", name)
		}
		w.now = w.now.Add(29 * time.Minute)
		w.sends("staging", "TRUNCATE a", false)
		w.now = w.now.Add(time.Minute)
		w.sends("staging", "TRUNCATE a", true)
	}
}

func TestWouldBeRefusalsCount(t *testing.T) {
	w := newWatched(t, "  - {name: w, refusals: 1, within: 1m}\n")
	w.policy.Targets[0].Mode = Audit
	if trip := w.tell("staging", Deed{WouldDeny: true}); trip == nil || trip.Causes[0].Refused {
		t.Errorf("%+v", trip)
	}
}

func TestATripwireThatLocksOutGoesFirst(t *testing.T) {
	w := newWatched(t, "  - {name: tells, tables: 1, within: 1m, mode: audit}\n  - {name: locks, tables: 1, within: 1m}\n")
	if trip := w.sends("staging", "TRUNCATE a", true); trip.Tripwire != "locks" {
		t.Errorf("%s", trip.Tripwire)
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	w := newWatched(t, "  - {name: w, refusals: 50, within: 1h, mode: audit}\n  - {name: v, tables: 100, within: 1h, mode: audit}\n")
	long := strings.Repeat("x\n", 5000)
	for i := range 1000 {
		w.tell("staging", Deed{
			Actor: Actor{Application: long, Database: long}, Refused: true,
			Signs: &Signs{Tables: []parser.Relation{{Schema: long, Name: fmt.Sprint(i, long)}}},
		})
	}
	signs := 0
	for _, list := range w.watch.counts {
		signs += len(list)
		for _, s := range list {
			for _, text := range []string{s.table.Schema, s.table.Name, s.cause.Application, s.cause.Database} {
				if len(text) > longestName || strings.Contains(text, "\n") {
					t.Fatalf("%q is remembered", text)
				}
			}
		}
	}
	if signs > 150 {
		t.Errorf("%d signs are remembered", signs)
	}
}

func TestSignsSurviveAReload(t *testing.T) {
	w := newWatched(t, "  - {name: w, tables: 3, within: 1m}\n")
	w.sends("staging", "TRUNCATE a", false)
	w.sends("staging", "TRUNCATE b", false)
	w.policy = mustParse(t, oneTarget+"builtin: false\ntripwires: [{name: w, tables: 2, within: 1m}]\n")
	w.sends("staging", "TRUNCATE b", true)
}
