package guard

import (
	"slices"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
)

// What cannot be held in front of its commit is refused where rows or effects are bounded.

// impossible refuses what cannot be held in front of its commit.
func (p *plan) impossible(st *parser.Statement) policy.Decision {
	why, several := "", len(p.statements) > 1
	switch {
	case !p.own.summary.Parsed:
		why = notUnderstood
	case st.Boundary == parser.AtCommit && p.g.transaction.bounds != nil:
		why = atCommit
	case p.g.transaction.bounds != nil && blinds(p.statements):
		why = blinding
	case several && !p.readable():
		why = "the statements of the string cannot be told apart in this encoding"
	case several && !p.open && (st.Boundary == parser.Marks || st.Boundary == parser.Alone || st.Kind == "PREPARE TRANSACTION"):
		why = st.Kind + " does not run in the transaction that the statements of a string are"
	default:
		return policy.Decision{}
	}
	return p.g.unaccountable(p.own, p.run, why)
}

// blinds tells whether a string switches the server's counters off, or on again.
func blinds(statements []parser.Statement) bool {
	for i := range statements {
		if slices.ContainsFunc(statements[i].Acts, func(a parser.Act) bool { return a.Effect == parser.Settings && a.Object == "track_counts" }) {
			return true
		}
	}
	return false
}

// Why some statements cannot be held in front of their commit, as clauses.
const (
	notUnderstood = "the text is not understood"
	atCommit      = "the query of a cursor WITH HOLD runs when the transaction commits"
	blinding      = "without track_counts the server counts nothing"
	bySQL         = "PREPARE in SQL made it and Bind names it; EXECUTE in SQL would do"
	replicating   = "on a replication connection no statement is held"
)

// unaccountable is the decision on what cannot be held in front of its commit.
func (g *Guard) unaccountable(own, run *judged, why string) policy.Decision {
	if run.limit != nil {
		return run.limit.Uncountable(why)
	}
	return g.transaction.bounds.Unaccountable(own.firstAct(), why)
}

func (j *judged) firstAct() parser.Act {
	if j.summary != nil {
		for i := range j.summary.Statements {
			if acts := j.summary.Statements[i].Acts; len(acts) > 0 {
				return acts[0]
			}
		}
	}
	return parser.Act{Effect: parser.Unknown}
}

// readable tells whether places in the text are places in what the client sent.
func (p *plan) readable() bool {
	o := p.g.options()
	return !o.NonConforming && (parser.IsASCII([]byte(p.sql)) || p.g.encoding() == "UTF8")
}

// executable returns a refusal in place of the judgement of a portal that cannot be held
// in front of its commit.
func (g *Guard) executable(own, run *judged) *judged {
	if own.summary == nil || run.denied() {
		return run
	}
	if d := g.needsCopy(own, run); d.Deny {
		return own.refusedBy(d, nil).barred(uncopied)
	}
	switch t := g.transaction; {
	case t == nil && run.limit != nil:
		return own.refusedBy(run.limit.Uncountable(replicating), nil)
	case t == nil:
	case own.adopted && (run.limit != nil || t.bounds != nil && len(own.summary.Statements) != 1):
		return own.refusedBy(g.unaccountable(own, run, bySQL), nil)
	case !own.summary.Parsed && (run.limit != nil || t.bounds != nil):
		return own.refusedBy(g.unaccountable(own, run, notUnderstood), nil)
	case t.bounds != nil && slices.ContainsFunc(own.summary.Statements, func(st parser.Statement) bool { return st.Boundary == parser.AtCommit }):
		return own.refusedBy(g.unaccountable(own, run, atCommit), nil)
	case t.bounds != nil && blinds(own.summary.Statements):
		return own.refusedBy(g.unaccountable(own, run, blinding), nil)
	}
	return run
}
