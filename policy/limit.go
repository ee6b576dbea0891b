package policy

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/parser"
)

// Limit is how many rows a statement may change. Whoever executes it compares, before
// the rows are committed.
type Limit struct {
	Rows int64
	Rule string
	Act  parser.Act // the first that the rule let pass
}

// changing are the effects whose rows a command's tag counts.
var changing = parser.SetOf(parser.Insert, parser.Update, parser.Delete, parser.Merge)

func checkLimit(d *decoder, n *yaml.Node, r *statementRule) {
	switch at := lookup(n, "max_rows"); {
	case r.maxRows == 0:
	case r.action != allow:
		d.errorf(at, "max_rows is for rules with action allow: it says how many rows the rule allows")
	case r.effects&^changing != 0:
		d.errorf(at, "max_rows is for the effects %s, whose rows are counted; name them under effect", changing)
	}
}

// bound keeps the lowest limit. What is only defined changes nothing yet.
func (v *verdict) bound(rule *statementRule, act *parser.Act) {
	if rule.maxRows == 0 || act.Traits.Has(parser.Deferred) || v.limit != nil && v.limit.Rows <= int64(rule.maxRows) {
		return
	}
	v.limit = &Limit{Rows: int64(rule.maxRows), Rule: rule.name, Act: *act}
}

// Exceeded is the decision on a statement that changed so many rows; -1 where its rows
// cannot be counted. It is the zero Decision where the limit holds.
func (l *Limit) Exceeded(rows int64) Decision {
	d := Decision{Deny: true, Rule: l.Rule, Act: l.Act, Hint: "Narrow the statement, or run it in batches."}
	switch {
	case rows < 0:
		d.Reason = fmt.Sprintf("It may change %d rows, and the server does not count the rows of such a statement.", l.Rows)
		d.Hint = "Run it as a statement of its own, and fetch all of its rows at once."
	case rows > l.Rows:
		d.Reason = fmt.Sprintf("It changed %d rows and may change %d; none is committed.", rows, l.Rows)
	default:
		return Decision{}
	}
	return d
}
