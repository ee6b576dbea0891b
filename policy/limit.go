package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/parser"
)

// Limit is how many rows a string may change: the bounds of every rule that let an act of
// it pass. Whoever executes it compares, before the rows are committed. It is immutable.
type Limit struct {
	bounds []bound
}

// bound is what one rule sets.
type bound struct {
	maxRows
	rule string
	act  parser.Act // the first that the rule let pass
}

// maxRows are bounds on rows; 0 is none.
type maxRows struct {
	statement   int
	transaction int     // of all statements of a transaction under the rule
	share       float64 // of the rows of a relation: more than 0, up to 1
	estimate    int     // of the planner, before the statement runs
}

// changing are the effects whose rows are counted.
var changing = parser.SetOf(parser.Insert, parser.Update, parser.Delete, parser.Merge)

func checkLimit(d *decoder, n *yaml.Node, r *statementRule) {
	switch at := lookup(n, "max_rows"); {
	case r.maxRows == nil:
	case r.action != allow:
		d.errorf(at, "max_rows is for rules with action allow: it says how many rows the rule allows")
	case r.effects&^(changing.With(parser.CopyIn)) != 0:
		d.errorf(at, "max_rows is for the effects %s, whose rows are counted; name them under effect", changing.With(parser.CopyIn))
	}
}

// rowsOrBounds reads a number, which bounds a statement, or a mapping of bounds.
var rowsOrBounds = kind[maxRows]{
	schema: schema{"anyOf": []schema{rowCount.schema, rowBounds.schema}},
	read: func(d *decoder, n *yaml.Node) (maxRows, bool) {
		if n.Kind == yaml.MappingNode {
			return rowBounds.read(d, n)
		}
		rows, ok := rowCount.read(d, n)
		return maxRows{statement: rows}, ok
	},
}

var rowCount = count(1, 1_000_000_000)

var rowBounds = checked(mapping(maxRows{},
	field("statement", rowCount, func(m *maxRows) *int { return &m.statement },
		"Rows that one statement may change."),
	field("transaction", rowCount, func(m *maxRows) *int { return &m.transaction },
		"Rows that all statements of a transaction under this rule may change together."),
	field("share", percent, func(m *maxRows) *float64 { return &m.share },
		"Share of a relation's rows that one statement may update and delete, by the server's statistics: 10%."),
	field("estimate", rowCount, func(m *maxRows) *int { return &m.estimate },
		"Rows that the planner may expect; a statement for which it expects more does not run at all."),
), func(d *decoder, n *yaml.Node, m *maxRows) {
	if *m == (maxRows{}) {
		d.errorf(n, "nothing is bounded: write statement, transaction, share or estimate")
	}
})

// percent reads a share, from above 0 to 100 %.
var percent = parsed(schema{"type": "string", "pattern": `^[0-9]+(\.[0-9]+)?%$`}, func(s string) (float64, error) {
	number, found := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(number, 64)
	if !found || err != nil || !(v > 0 && v <= 100) {
		return 0, fmt.Errorf("%q is not a share; write it like 10%% or 0.5%%", s)
	}
	return v / 100, nil
})

// bound adds what a rule sets. What is only defined changes nothing yet.
func (v *verdict) bound(rule *statementRule, act *parser.Act) {
	if rule.maxRows == nil || act.Traits.Has(parser.Deferred) {
		return
	}
	v.limit = v.limit.With(&Limit{[]bound{{maxRows: *rule.maxRows, rule: rule.name, act: *act}}})
}

// With returns the bounds of both, either of which may be nil.
func (l *Limit) With(other *Limit) *Limit {
	if l == nil || other == nil {
		return cmp.Or(l, other)
	}
	both := slices.Clone(l.bounds)
	for _, b := range other.bounds {
		if !slices.ContainsFunc(both, func(known bound) bool { return known.rule == b.rule }) {
			both = append(both, b)
		}
	}
	return &Limit{both}
}

// Rules are the names of the rules that bound the rows.
func (l *Limit) Rules() []string {
	names := make([]string, len(l.bounds))
	for i := range l.bounds {
		names[i] = l.bounds[i].rule
	}
	return names
}

// ByRelation tells whether it must be known which relation the rows are of.
func (l *Limit) ByRelation() bool {
	return slices.ContainsFunc(l.bounds, func(b bound) bool { return b.share > 0 })
}

// ByPlan tells whether the planner is to be asked first.
func (l *Limit) ByPlan() bool {
	return slices.ContainsFunc(l.bounds, func(b bound) bool { return b.estimate > 0 })
}

// Exceeded is the decision on a statement that changed so many rows; before are those that
// statements under a rule have changed in this transaction before. It is the zero Decision
// where every bound holds.
func (l *Limit) Exceeded(rows int64, before func(rule string) int64) Decision {
	for i := range l.bounds {
		b := &l.bounds[i]
		if b.statement > 0 && rows > int64(b.statement) {
			return b.refusal("It changed %d rows and may change %d; none is committed.", rows, b.statement)
		}
		if all := rows + before(b.rule); b.transaction > 0 && all > int64(b.transaction) {
			return b.refusal("The transaction has changed %d rows under this rule and may change %d; none is committed.", all, b.transaction)
		}
	}
	return Decision{}
}

// Excessive is the decision on a statement that did this to relations, of which it may
// change a share.
func (l *Limit) Excessive(all []Changes) Decision {
	for i := range l.bounds {
		b := &l.bounds[i]
		for j := range all {
			c := &all[j]
			// As many rows as it deleted were there, whatever the statistics say.
			rows := max(c.Rows, float64(c.Deleted))
			if changed := float64(c.Updated + c.Deleted); b.share > 0 && changed > b.share*rows {
				return b.refusal("It changed %.0f of about %.0f rows of %s and may change %s of them; none is committed.",
					changed, rows, c.Relation, strconv.FormatFloat(b.share*100, 'f', -1, 64)+"%")
			}
		}
	}
	return Decision{}
}

// Expected is the decision on a statement of which the planner expects to change so many
// rows. It has not run.
func (l *Limit) Expected(rows int64) Decision {
	for i := range l.bounds {
		if b := &l.bounds[i]; b.estimate > 0 && rows > int64(b.estimate) {
			return b.refusal("The planner expects it to change %d rows, and may expect %d; it did not run.", rows, b.estimate)
		}
	}
	return Decision{}
}

// Uncountable is the decision on a statement whose rows are not known before they are
// committed; why is a clause that says so.
func (l *Limit) Uncountable(why string) Decision {
	d := l.bounds[0].refusal("The rows that it may change are bounded: %s.", why)
	d.Hint = "Run it as a statement of its own."
	return d
}

func (b *bound) refusal(reason string, values ...any) Decision {
	return Decision{
		Deny: true, Rule: b.rule, Act: b.act, Reason: fmt.Sprintf(reason, values...),
		Hint: "Narrow the statement, or run it in batches.",
	}
}
