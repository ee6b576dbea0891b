package policy

import (
	"fmt"
	"strings"

	"github.com/pgcordon/pgcordon/catalog"
	"github.com/pgcordon/pgcordon/parser"
)

// Reach is a table that a statement empties, deletes from or changes, of which the
// text may not say a word.
type Reach struct {
	Relation string
	Rows     int64 // as the server last estimated them; negative where it never did
}

// judgeAct takes an act through the rules as the catalog sees it, and then what goes
// with it in other tables.
func (r *Ruleset) judgeAct(act *parser.Act, statement int, ctx *Context, v *verdict) bool {
	table := r.table(act, ctx)
	if table == nil {
		return r.judge(r.bounds.hold(act, *ctx), statement, v)
	}
	if r.judge(r.bounds.hold(keyed(act, table), *ctx), statement, v) {
		return true
	}
	for _, other := range entailed(act, table) {
		if r.judge(&other, statement, v) {
			return true
		}
	}
	return false
}

// table returns what the catalog knows of the table that an act deletes from, updates
// or empties; nil where it does not, or where the name may be another table's.
func (r *Ruleset) table(act *parser.Act, ctx *Context) *catalog.Table {
	if ctx.Catalog == nil || ctx.SearchPathChanged || act.Relation.Name == "" || act.Traits.Has(parser.Temporary) {
		return nil
	}
	switch act.Effect {
	case parser.Delete, parser.Update, parser.Truncate:
		return ctx.Catalog.Find(act.Relation.Schema, act.Relation.Name, r.path)
	}
	return nil
}

// keyed returns the act, of breadth key where its predicate is an equality with the
// whole of one. Nothing but what the text bounds anyway becomes a key.
func keyed(act *parser.Act, table *catalog.Table) *parser.Act {
	if act.Breadth != parser.Bounded || act.Ties == "" {
		return act
	}
	rows, ok := table.AtMost(act.Ties.All())
	if !ok {
		return act
	}
	narrow := *act
	narrow.Breadth, narrow.Values, narrow.Limited = parser.Key, rows, false
	return &narrow
}

// entailed returns what an act does to other tables by their foreign keys. As far as a
// DELETE is bounded, so are the rows that refer to what it deletes.
func entailed(act *parser.Act, table *catalog.Table) []parser.Act {
	var acts []parser.Act
	switch {
	case act.Effect == parser.Truncate && act.Traits.Has(parser.Cascade):
		for _, t := range table.Emptied() {
			acts = append(acts, onTable(*act, t, parser.Truncate))
		}
	case act.Effect == parser.Delete:
		for _, reached := range table.Deleted() {
			effect := parser.Update
			if reached.Deleted {
				effect = parser.Delete
			}
			acts = append(acts, onTable(*act, reached.Table, effect))
		}
	}
	return acts
}

func onTable(act parser.Act, t *catalog.Table, e parser.Effect) parser.Act {
	act.Effect, act.Relation = e, parser.Relation{Schema: t.Name.Schema, Name: t.Name.Table}
	act.Values, act.Limited, act.Ties = 0, false, ""
	return act
}

// reaching adds to a decision which tables the act that decided reaches, and whose act it
// is where the text does not have it.
func (r *Ruleset) reaching(d Decision, s *parser.Summary, ctx *Context) Decision {
	if ctx.Catalog == nil || !d.Deny && !d.WouldDeny && !d.Record || d.Statement >= len(s.Statements) {
		return d
	}
	acts := s.Statements[d.Statement].Acts
	for i := range acts {
		table := r.table(&acts[i], ctx)
		if table == nil {
			continue
		}
		others := entailed(&acts[i], table)
		if !concerns(&d.Act, &acts[i], others) {
			continue
		}
		d.Reaches = r.reaches(table, others, ctx)
		if d.Reason != "" && acts[i].Relation != d.Act.Relation {
			d.Reason += fmt.Sprintf(", which %s entails by its foreign keys", subjectOf(&acts[i]))
		}
		if d.Reason != "" {
			d.Reason += "; tables: " + namesOf(d.Reaches)
		}
		return d
	}
	return d
}

// concerns tells whether the act that decided is this one or one that it entails.
func concerns(decided, act *parser.Act, others []parser.Act) bool {
	if decided.Effect == act.Effect && decided.Relation == act.Relation {
		return true
	}
	for i := range others {
		if decided.Effect == others[i].Effect && decided.Relation == others[i].Relation {
			return true
		}
	}
	return false
}

func (r *Ruleset) reaches(table *catalog.Table, others []parser.Act, ctx *Context) []Reach {
	all := []Reach{{table.Name.String(), table.Rows}}
	for i := range others[:min(len(others), mostReaches)] {
		if t := r.table(&others[i], ctx); t != nil && t != table {
			all = append(all, Reach{t.Name.String(), t.Rows})
		}
	}
	return all
}

// mostReaches is how many tables a decision lists beside the one that is named.
const mostReaches = 100

// mostNames is how many tables a message lists.
const mostNames = 8

// namesOf lists tables with their rows: "public.a (about 1200 rows), public.b".
func namesOf(all []Reach) string {
	var names []string
	for _, t := range all[:min(len(all), mostNames)] {
		if t.Rows >= 0 {
			names = append(names, fmt.Sprintf("%s (about %d rows)", t.Relation, t.Rows))
		} else {
			names = append(names, t.Relation)
		}
	}
	if more := len(all) - mostNames; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
