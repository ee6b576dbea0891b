package guard

import (
	"strings"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// transaction follows the transactions of a session in which rows or effects are bounded.
// Such a session's sections go to the server one at a time, so that it is known what is
// open when one begins.
type transaction struct {
	bounds *policy.Transaction // nil: only the rows of statements are bounded
	open   bool                // the client has opened a block
	failed bool                // which has failed
	own    bool                // the guard has, for want of one
	// ending is true while the server is asked in front of the client's COMMIT: an error then
	// is that of the COMMIT, behind which the session is idle.
	ending bool
	// touched is set by a statement that may have changed something, and cleared when all
	// of it has been counted.
	touched bool
	// basis is what was there before the transaction's first such statement; nil until it is
	// known. based is set when it has been asked for.
	basis *basis
	based bool
	// known are the relations of which the counters may not be zero. Where the session
	// has done what was not counted, unsure is set: they may be others.
	known  map[string]bool
	unsure bool
	// spent are the rows that statements under each rule have changed.
	spent map[string]int64
	last  *judged // of what touched last
	// unsettled are the receipts of what is open; nil where there are none.
	unsettled *unsettled
	// told are the values of settings that the client knows of.
	told map[string]string
	// bound are values with which rows may have to be copied; nil for none.
	bound *boundValues
}

// maxKnown bounds the relations that are remembered of a session.
const maxKnown = 1 << 12

// newTransaction begins to follow a session, in which nothing is known of what it did
// before; status is that of its last ReadyForQuery, 0 where there was none.
func newTransaction(rules *Rules, status byte) *transaction {
	t := &transaction{bounds: rules.ruleset.Transaction(), known: map[string]bool{}, told: map[string]string{}, unsure: status != 0}
	t.ready(max(status, 'I'))
	return t
}

// begin forgets the transaction that is over. What it touched is counted for good, or
// has become something that nobody has counted.
func (t *transaction) begin(open bool) {
	t.unsure = t.unsure || t.touched
	t.open, t.failed, t.own, t.ending, t.touched, t.based, t.basis = open, false, false, false, false, false, nil
	clear(t.spent)
}

// ready takes note of ReadyForQuery with the state of the transaction.
func (t *transaction) ready(status byte) {
	if status == 'I' {
		t.begin(false)
	}
	t.open, t.failed = status != 'I', status == 'E'
}

// between takes note of a ReadyForQuery in the middle of what the client sees as one.
func (t *transaction) between(status byte) {
	t.failed, t.open = status == 'E', status != 'I' && !t.own
}

// remember takes note of relations whose counters are not zero.
func (t *transaction) remember(oid string) {
	if t.known[oid] = true; len(t.known) > maxKnown {
		clear(t.known)
		t.unsure = true
	}
}

// touches notes that something is about to run that may change anything.
func (g *Guard) touches(j *judged, ops *Ops) {
	if t := g.transaction; t.bounds != nil && !t.failed {
		g.lay(ops)
		t.touched, t.last = true, j
	}
}

// lay asks for the basis, once a transaction, before anything is changed.
func (g *Guard) lay(ops *Ops) {
	t := g.transaction
	if t.based {
		return
	}
	t.based = true
	a, all := &aside{}, t.unsure
	a.then = func(*Ops) {
		t.basis, t.unsure = basisIn(a.rows), t.unsure && !all
		for oid := range t.basis.counters {
			t.remember(oid)
		}
	}
	if all {
		g.ask(a, basisOfAll, ops)
	} else {
		g.ask(a, basisOf, ops, wire.Parameter{Value: []byte(t.knownAsArray())})
	}
}

func (t *transaction) knownAsArray() string {
	oids := make([]string, 0, len(t.known))
	for oid := range t.known {
		oids = append(oids, oid)
	}
	return "{" + strings.Join(oids, ",") + "}"
}

// settle makes deferred triggers run now, for what they do counts too; at the commit they
// would run all the same.
const settle = "SET CONSTRAINTS ALL IMMEDIATE"

// account are the steps that decide whether the transaction may commit; sql is what
// commits it.
func (g *Guard) account(sql string) []step {
	t := g.transaction
	if t.bounds == nil {
		return nil
	}
	counted := false
	return []step{
		func(g *Guard, s *script, ops *Ops) bool {
			if !t.touched || t.failed {
				counted = true
				return true
			}
			t.ending = t.open
			g.command(settle, ops)
			a := &aside{}
			a.then = func(ops *Ops) {
				counted, t.ending = true, false
				g.judgeChanges(a.rows, sql, ops)
			}
			g.ask(a, probe, ops)
			return true
		},
		until(func() bool { return counted }),
	}
}

// blind is why nothing can be counted.
const blind = "the server does not count rows, because track_counts is off"

// judgeChanges decides on what the transaction did.
func (g *Guard) judgeChanges(rows [][]string, sql string, ops *Ops) {
	t := g.transaction
	t.touched = false
	for _, row := range rows {
		t.remember(row[0])
	}
	d := t.bounds.Judge(changes(rows, t.basis))
	if t.basis.blind {
		d = t.bounds.Unaccountable(t.last.firstAct(), blind)
	}
	if !notable(d) {
		return
	}
	j := t.last.refusedBy(d, []byte(sql))
	if d.Deny {
		g.script.refusal, g.script.undone = g.refuse(j, ops), t.open
		return
	}
	ops.finish(&Event{Kind: Executed, Decision: d, Summary: j.summary, SQL: sql, Rows: -1, SQLSTATE: "00000"})
}
