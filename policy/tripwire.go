package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/pgcordon/pgcordon/parser"
)

// Tripwire looks at all sessions of a source environment at a target together, for what
// no statement shows alone: that somebody is emptying table after table. It has one sign.
type Tripwire struct {
	Name       string
	Tables     int           // sign: so many distinct tables emptied or dropped; 0: another
	Refusals   int           // sign: so many statements refused; 0: another
	TestSuite  bool          // sign: what test suites do, once
	Within     time.Duration // how long a table or a refusal counts
	Quarantine time.Duration // 0: until it is released
	Mode       Mode          // Audit: tell of it only

	applications globs // with TestSuite: the names of such
	when         conditions
}

// TripwiresOf returns those that a session is under, in the order of the file.
func (p *Policy) TripwiresOf(t *Target, c Client) (held []*Tripwire) {
	for _, w := range p.Tripwires {
		if w.when.hold(t, c) {
			held = append(held, w)
		}
	}
	return held
}

// Tripwired tells whether the session is under a tripwire.
func (r *Ruleset) Tripwired() bool { return r.tripwired }

// readsText tells whether the sign is in the text of statements, also of those that are
// allowed.
func (w *Tripwire) readsText() bool { return w.Tables > 0 || w.TestSuite }

// Counts tells whether a string on which this was decided counts for the tripwire.
func (w *Tripwire) Counts(d *Decision) bool {
	switch {
	case w.Tables > 0:
		return d.Signs != nil
	case w.TestSuite:
		return d.Signs != nil && d.Signs.Suite
	}
	return d.Deny
}

// Names tells whether a session of such an application_name trips it by its login.
func (w *Tripwire) Names(application string) bool {
	return len(w.applications) > 0 && w.applications.match(application)
}

// Signs are what tripwires look for in a string. They do not change.
type Signs struct {
	Tables []parser.Relation // that it empties or drops, as far as its text tells
	Suite  bool              // it empties a list of tables and begins their sequences anew, as test suites do

	statement int
	act       parser.Act // the first of those that empty a table
}

// With returns the signs of two strings of which either may be meant.
func (s *Signs) With(other *Signs) *Signs {
	switch {
	case s == nil:
		return other
	case other == nil || other == s:
		return s
	}
	both := *s
	both.Tables = slices.Concat(s.Tables, other.Tables)
	both.Suite = s.Suite || other.Suite
	return &both
}

// emptying are the effects by which a table loses all that it holds.
var emptying = parser.SetOf(parser.Truncate, parser.Delete, parser.Drop)

// unbounded are the breadths of a DELETE that is meant to reach every row. One that
// text cannot measure is not among them: WHERE expired is how housekeeping looks.
var unbounded = breadthsOf([]parser.Breadth{parser.NoPredicate, parser.Tautology, parser.SameTable, parser.OpenRange})

// ofATable are the traits of a drop after which the table is still there.
var ofATable = parser.TraitsOf(parser.DropColumn, parser.DropConstraint, parser.DropIdentity, parser.DetachPartition)

// signs returns what tripwires look for in a string; nil where it has nothing of it, or
// where the session is under no tripwire that reads.
func (r *Ruleset) signs(s *parser.Summary, ctx *Context) *Signs {
	if !r.reads || !s.Effects.Intersects(emptying) {
		return nil
	}
	found := &Signs{}
	in := scope{path: r.path, changed: ctx.SearchPathChanged, temporaries: ctx.Temporary}
	for i := range s.Statements {
		st, before := &s.Statements[i], len(found.Tables)
		restarts := false
		for j := range st.Acts {
			act := r.bounds.hold(&st.Acts[j], *ctx)
			if all := everythingIn(act, st.Kind); all.Name != "" {
				found.add(act, i, all)
			}
			if !empties(act, st.Kind, in.traitsOf(act)) {
				continue
			}
			restarts = restarts || act.Effect == parser.Truncate && act.Traits.Has(parser.Restart)
			found.add(act, i, r.located(act, ctx))
			if table := r.table(act, ctx); table != nil {
				for _, other := range entailed(act, table) {
					if other.Effect != parser.Update { // ON DELETE SET NULL
						found.add(act, i, other.Relation)
					}
				}
			}
		}
		found.Suite = found.Suite || restarts && len(found.Tables) > before+1
	}
	if len(found.Tables) == 0 {
		return nil
	}
	return found
}

// empties tells whether an act leaves nothing of a table; kind is its statement's.
func empties(act *parser.Act, kind string, traits parser.TraitSet) bool {
	if act.Relation.Name == "" || traits&parser.TraitsOf(parser.Deferred, parser.Temporary) != 0 {
		return false
	}
	switch act.Effect {
	case parser.Truncate:
		return true
	case parser.Delete:
		return unbounded.has(act.Breadth)
	case parser.Drop:
		return traits&ofATable == 0 && (kind == "DROP TABLE" || !strings.HasPrefix(kind, "DROP "))
	}
	return false
}

// everythingIn returns what stands for all tables in what an act drops with everything in
// it: one that no text names, however many there are. Elsewhere it returns nothing.
func everythingIn(act *parser.Act, kind string) parser.Relation {
	switch {
	case act.Effect != parser.Drop:
	case kind == "DROP SCHEMA" && act.Traits.Has(parser.Cascade), kind == "DROP DATABASE", kind == "DROP OWNED":
		return parser.Relation{Schema: act.Object, Name: "*"}
	}
	return parser.Relation{}
}

// located returns the relation with the schema that its name is looked for in, where
// there is no doubt about it.
func (r *Ruleset) located(act *parser.Act, ctx *Context) parser.Relation {
	relation := act.Relation
	if relation.Schema == "" && !ctx.SearchPathChanged && len(r.path) == 1 {
		relation.Schema = r.path[0]
	}
	return relation
}

func (s *Signs) add(act *parser.Act, statement int, relation parser.Relation) {
	if len(s.Tables) == 0 {
		s.statement, s.act = statement, *act
	}
	if len(s.Tables) < mostTables && !slices.Contains(s.Tables, relation) {
		s.Tables = append(s.Tables, relation)
	}
}
