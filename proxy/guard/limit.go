package guard

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// A limit on rows holds before they are committed. In the extended protocol the server
// tells how many rows a statement changed when that has run, and commits when it reads
// a Sync. So the client is not listened to from an Execute on until the tag has come,
// for which a Flush asks. If there are too many rows, the tag is dropped and the next
// thing that the server reads is an Execute that it must reject. It then skips to the
// Sync and rolls back, as after any error: docs/decisions/0010-rows-before-commit.md.
//
// Where the tag does not tell, the server's counters do, which are asked for in front of
// the statement and behind it (effects.go).

// tally counts the rows of one statement.
type tally struct {
	limit  *policy.Limit
	judged *judged
	byTag  bool
	ran    bool // the statement has
	before *basis
	tag    []byte // the client's, until the counters are known
	last   bool   // which then waits for the commit
}

// counts tells whether the tag of a string counts all rows that the string changes.
func counts(s *parser.Summary) bool { return len(s.Statements) == 1 && tagCounts(&s.Statements[0]) }

// tagCounts is also true of COPY FROM, whose tag counts what triggers let through
// (CopyFrom in src/backend/commands/copyfrom.c).
func tagCounts(st *parser.Statement) bool {
	return st.Counted || st.Kind == "COPY" && len(st.Acts) > 0 && st.Acts[0].Effect == parser.CopyIn
}

// limitedLike returns the judgement with the limits of both.
func (j *judged) limitedLike(other *judged) *judged {
	if other.limit == nil || other.limit == j.limit {
		return j
	}
	both := *j
	if both.verdict == nil {
		both.verdict = other.verdict
	}
	both.counted = other.counted && (j.limit == nil || j.counted)
	both.limit = j.limit.With(other.limit)
	return &both
}

// limitOf returns the limit of one of a string's statements, nil where it has none, and
// whether its tag counts all its rows. own is the judgement of the string itself, which
// may EXECUTE what run is about.
func (g *Guard) limitOf(own, run *judged, sql []byte, i int) (l *policy.Limit, byTag bool) {
	st := &own.summary.Statements[i]
	if st.Prepares != "" { // it runs when it is executed
		return nil, false
	}
	if len(own.summary.Statements) == 1 {
		return run.limit, tagCounts(st) || st.Kind == "EXECUTE" && run.counted
	}
	one := &parser.Summary{Statements: own.summary.Statements[i : i+1], Effects: own.summary.Effects, Parsed: true}
	l, byTag = g.rules.ruleset.Decide(one, g.context(g.meaning.within(own.summary))).Limit, tagCounts(st)
	if st.Executes != "" {
		inner := g.executes([]byte(st.Executes), sql, i)
		l, byTag = l.With(inner.limit), inner.counted
	}
	return l, byTag
}

// refused is the refusal of a statement for what it changed; nil where a limit holds.
func (c *tally) refused(d policy.Decision) *judged {
	if !d.Deny {
		return nil
	}
	refused := *c.judged
	refused.verdict = &verdict{decision: d, sql: c.judged.verdict.sql, appeal: &Appeal{Barred: limited}}
	return &refused
}

// asks tells whether the counters have to be asked.
func (c *tally) asks() bool { return !c.byTag || c.limit.ByRelation() }

// mark asks for the counters in front of the statement.
func (c *tally) mark(g *Guard, ops *Ops) {
	if !c.asks() {
		return
	}
	a := &aside{}
	a.then = func(*Ops) { c.before = basisIn(a.rows) }
	g.ask(a, basisOfAll, ops)
	done := &aside{}
	done.then = func(*Ops) { c.before.emptied = emptiedIn(done.rows) }
	g.ask(done, probe, ops)
}

// steps wait for the statement and decide.
func (c *tally) steps() []step {
	return append([]step{until(func() bool { return c.ran })}, c.weighs()...)
}

// weighs are the steps that ask the counters behind the statement, where that is necessary.
func (c *tally) weighs() []step {
	if !c.asks() {
		return nil
	}
	counted := false
	return []step{func(g *Guard, _ *script, ops *Ops) bool {
		a := &aside{}
		a.then = func(ops *Ops) {
			counted = true
			g.weigh(c, changes(a.rows, c.before), ops)
		}
		g.ask(a, probe, ops)
		return true
	}, until(func() bool { return counted })}
}

// exceeds decides by the tag, where that counts the rows.
func (g *Guard) exceeds(s *script, c *tally, tag []byte, ops *Ops) bool {
	if !c.byTag {
		return false
	}
	d := c.limit.Uncountable("the server does not tell its rows")
	if rows, known := wire.RowsOf(tag); known {
		if d = c.limit.Exceeded(rows, g.transaction.spentUnder); !d.Deny {
			g.transaction.spend(c.limit, rows)
		}
	}
	j := c.refused(d)
	if j != nil {
		s.refusal = g.refuse(j, ops)
	}
	return j != nil
}

// tagged handles the tag that an Execute under a limit ends with. It returns false where
// the client is to receive it at once.
func (g *Guard) tagged(p *part, message []byte, ops *Ops) bool {
	switch c := p.tally; {
	case g.exceeds(p.script, c, message[wire.HeaderSize:], ops):
		g.replies.front(wire.Execute).event = nil
		g.completed(nil, ops)
	case c.asks():
		g.completed(message[wire.HeaderSize:], ops)
		c.tag = bytes.Clone(message)
	default:
		return false
	}
	return true
}

// weigh decides on what the counters say of a statement, and lets its tag go.
func (g *Guard) weigh(c *tally, all []policy.Changes, ops *Ops) {
	d := c.limit.Excessive(all)
	if c.before.blind {
		d = c.limit.Uncountable(blind)
	}
	if !d.Deny && !c.byTag {
		rows := int64(0)
		for i := range all {
			rows += all[i].Total()
			if all[i].Truncated {
				d = c.limit.Uncountable("it truncated " + all[i].Relation.String())
			}
		}
		if !d.Deny {
			d = c.limit.Exceeded(rows, g.transaction.spentUnder)
		}
		if !d.Deny {
			g.transaction.spend(c.limit, rows)
		}
	}
	if j := c.refused(d); j != nil {
		g.script.refusal = g.refuse(j, ops)
		return
	}
	switch {
	case c.tag == nil: // another message ended the statement
	case c.last:
		g.script.tag = c.tag
	default:
		ops.send(c.tag)
	}
}

// spentUnder returns the rows that statements under a rule have changed in this
// transaction; what was rolled back to a savepoint counts.
func (t *transaction) spentUnder(rule string) int64 { return t.spent[rule] }

func (t *transaction) spend(l *policy.Limit, rows int64) {
	if t.spent == nil {
		t.spent = map[string]int64{}
	}
	for _, rule := range l.Rules() {
		t.spent[rule] += rows
	}
}

// explain is put in front of a statement to learn what the planner expects of it.
const explain = "EXPLAIN "

// estimate are the steps that refuse a statement of which the planner expects too much.
func (c *tally) estimate(text string, shift int) []step {
	known := false
	return []step{func(g *Guard, s *script, ops *Ops) bool {
		a := &aside{frank: true, shift: shift - len(explain)}
		a.then = func(ops *Ops) {
			known = true
			if j := c.refused(c.limit.Expected(expectedRows(a.rows))); j != nil {
				s.refusal = g.refuse(j, ops)
			}
		}
		g.ask(a, explain+text, ops)
		return true
	}, until(func() bool { return known })}
}

// expectedRows returns the rows that flow into the top of a plan, which itself returns
// none: "Delete on t  (cost=0.00..1.00 rows=0 width=0)", then "  ->  Seq Scan on t  (cost=0.00..1.00 rows=20 width=6)".
func expectedRows(plan [][]string) int64 {
	for _, row := range plan {
		if len(row) == 0 || !strings.Contains(row[0], "->") {
			continue
		}
		_, rest, _ := strings.Cut(row[0], " rows=")
		number, _, _ := strings.Cut(rest, " ")
		n, _ := strconv.ParseInt(number, 10, 64)
		return n
	}
	return 0
}
