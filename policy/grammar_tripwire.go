package policy

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/identity"
)

const (
	mostTables    = 100
	mostRefusals  = 1000
	longestWindow = 24 * time.Hour
)

var tripwire = checked(mapping(
	Tripwire{},
	must(field("name", name, func(w *Tripwire) *string { return &w.Name },
		"Name of the tripwire in incidents and metrics.")),
	field("when", mapping(conditions{}, sessionKeys(func(c *conditions) *conditions { return c })...),
		func(w *Tripwire) *conditions { return &w.when },
		"Which sessions it looks at: conditions, all of which must hold. Without any, all."),
	field("tables", count(1, mostTables), func(w *Tripwire) *int { return &w.Tables },
		"Trips when a source is about to have emptied or dropped so many distinct tables within the time; the last one is refused."),
	field("refusals", count(1, mostRefusals), func(w *Tripwire) *int { return &w.Refusals },
		"Trips when a source was refused so many statements within the time."),
	field("test_suite", mustBeTrue, func(w *Tripwire) *bool { return &w.TestSuite },
		"Trips when a source does what test suites do: TRUNCATE of several tables with RESTART IDENTITY."),
	field("applications", mapped(listOf(glob), asGlobs), func(w *Tripwire) *globs { return &w.applications },
		"With test_suite: trips, too, when a session of such an application_name has logged in, globs."),
	field("within", duration(time.Second, longestWindow), func(w *Tripwire) *time.Duration { return &w.Within },
		"How long a table or a refusal counts: 30s, 1m."),
	field("quarantine", quarantineTime, func(w *Tripwire) *time.Duration { return &w.Quarantine },
		"How long the source stays locked out: 30m, or until_released. Default until_released."),
	field("mode", mode, func(w *Tripwire) *Mode { return &w.Mode },
		"audit opens an incident and locks nobody out. Default enforce."),
), checkTripwire)

const untilReleased = "until_released"

// quarantineTime reads a time, or the word for one that a person ends, which is 0.
var quarantineTime = func() kind[time.Duration] {
	span := duration(time.Second, 366*24*time.Hour)
	return kind[time.Duration]{
		schema: schema{"anyOf": []schema{span.schema, {"const": untilReleased}}},
		read: func(d *decoder, n *yaml.Node) (time.Duration, bool) {
			if n.Value == untilReleased {
				return 0, true
			}
			return span.read(d, n)
		},
	}
}()

func checkTripwire(d *decoder, n *yaml.Node, w *Tripwire) {
	signs := 0
	for _, given := range []bool{w.Tables > 0, w.Refusals > 0, w.TestSuite} {
		if given {
			signs++
		}
	}
	switch counts := w.Tables > 0 || w.Refusals > 0; {
	case signs != 1:
		d.errorf(n, "a tripwire has one sign: tables, refusals or test_suite; %d are given", signs)
	case counts && w.Within == 0:
		d.errorf(n, "within is missing: how long a table or a refusal counts, such as 1m")
	case !counts && w.Within != 0:
		d.errorf(lookup(n, "within"), "within goes with tables and refusals: a test suite trips the wire at once")
	case !w.TestSuite && len(w.applications) > 0:
		d.errorf(lookup(n, "applications"), "applications goes with test_suite: true; to look at some applications only, name them under when")
	}
}

// warnOfLockedDoors tells of tripwires that can lock a target's own environment out, and
// of those that nobody could release, or that a restart would.
func warnOfLockedDoors(d *decoder, n *yaml.Node, p *Policy) {
	for i, w := range p.Tripwires {
		own := slices.IndexFunc(p.Targets, w.guardsAgainstItself)
		switch node := when(n, "tripwires", i); {
		case own >= 0:
			t := p.Targets[own]
			d.warnf(node, "tripwire %s can lock out the whole environment %s, which target %s belongs to; "+
				"name the sources that are meant under when.source, or set mode: audit", w.Name, t.Environment, t.Name)
		case w.Mode == Enforce && w.Quarantine == 0 && p.Admin.Socket == "":
			d.warnf(node, "tripwire %s locks out until pgcordon release, which needs admin.socket; set that, or a time under quarantine", w.Name)
		case w.Mode == Enforce && w.Quarantine == 0 && p.Admin.State == "":
			d.warnf(node, "tripwire %s locks out until pgcordon release, but a restart lifts that too; name a file under admin.state", w.Name)
		}
	}
}

// guardsAgainstItself tells whether the tripwire can lock a target's own environment out.
func (w *Tripwire) guardsAgainstItself(t *Target) bool {
	return w.Mode == Enforce && t.Mode == Enforce && w.when.reach(t, identity.Match{Environment: t.Environment})
}
