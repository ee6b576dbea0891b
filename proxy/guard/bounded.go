package guard

import (
	"slices"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// The extended protocol in a session whose rows or transactions are bounded. Where a
// message commits, what was done is counted in front of it; a script then sends it on.

// executeBounded carries out an Execute that the rules allow: of own, which may EXECUTE
// what run is about, with the values of its portal, if they are known. It returns true where the message itself is dropped.
func (g *Guard) executeBounded(own, run *judged, values *boundValues, body []byte, ops *Ops) (dropped bool) {
	st := &own.summary.Statements[0]
	t := g.transaction
	if t.bounds != nil && !g.replies.skipping && g.follow(st, own, body, ops) {
		return true
	}
	if t.failed = t.failed && st.Boundary != parser.Marks; t.failed { // the server rejects it
		g.replies.sent(request{kind: wire.Execute, event: g.record(run, ops)})
		return false
	}
	rows, _ := wire.ExecuteRows(body)
	var c *tally
	if limit, byTag := g.limitOf(own, run, nil, 0); limit != nil && st.Boundary == parser.Within {
		// One row that is asked for changes all rows at once, and then no tag comes.
		c = &tally{limit: limit, judged: run, byTag: byTag && rows == 0}
	}
	if unreceiptable(own) == "" {
		if r := g.newReceipt(run, run.text(), values); r != nil {
			if len(g.scratch) != 1 {
				r.leaves("it is not certain which statement the name stands for")
			}
			g.executeReceipted(r, run, body, c, ops)
			return true
		}
	}
	if c == nil {
		g.replies.sent(request{kind: wire.Execute, event: g.record(run, ops)})
		return false
	}
	s := &script{}
	if g.script = s; !g.replies.skipping {
		c.mark(g, ops)
	}
	g.script = nil
	if g.replies.sent(request{kind: wire.Execute, event: g.record(run, ops), part: &part{script: s, tally: c}}) {
		s.steps = c.steps()
		g.script = s
	}
	return false
}

// follow takes note of what a statement is to the transaction. It returns true where a
// script sends the message on.
func (g *Guard) follow(st *parser.Statement, own *judged, body []byte, ops *Ops) bool {
	t := g.transaction
	switch own.boundary() {
	case parser.Commits, parser.RollsBack:
		if t.open || t.own || t.touched {
			g.begins(g.ends(st, own, body), ops)
			return true
		}
	case parser.Begins:
		if t.own {
			g.begins(g.adopts(own, body), ops)
			return true
		}
		if len(g.scratch) == 1 { // else it may be another statement
			t.open = true
		}
	case parser.Within:
		if t.failed {
			return false
		}
		if mayCommit(st) && !t.open && !t.own {
			g.opens(ops)
		}
		g.touches(own, ops)
	}
	return false
}

// ends is the script of an Execute that ends a transaction: a block of the guard's own in front of
// it, and what is open when it has run. Behind an error the server would skip it.
func (g *Guard) ends(st *parser.Statement, own *judged, body []byte) *script {
	t, message := g.transaction, wire.AppendMessage(nil, wire.Execute, body)
	how, s := "ROLLBACK", &script{}
	if st.Boundary == parser.Commits {
		how, s.steps = "COMMIT", g.account(own.text())
	}
	block, again := t.own && st.Kind != "PREPARE TRANSACTION", how
	if st.Chains {
		again += " AND CHAIN"
	}
	if t.own {
		ended := false
		s.steps = append(s.steps, func(g *Guard, _ *script, ops *Ops) bool {
			g.ask(&aside{frank: true, then: func(*Ops) { ended = true }}, how, ops)
			return true
		}, until(func() bool { return ended }), begins(false))
	}
	p := &part{script: s}
	s.steps = append(s.steps, func(g *Guard, _ *script, ops *Ops) bool {
		execute := request{kind: wire.Execute, event: g.record(own, ops), part: p}
		if block { // whose end has taken the client's portal along
			g.run(&part{aside: &aside{}, script: s}, execute, again, ops)
			return true
		}
		g.replies.sent(execute)
		ops.send(message)
		return true
	}, p.awaited(), begins(t.open && st.Chains))
	return s
}

// mixed tells whether the name that was resolved last can stand for statements of which
// one ends a transaction and another does not, where it must be known which.
func (g *Guard) mixed() bool {
	if g.transaction == nil || g.transaction.bounds == nil {
		return false
	}
	return slices.ContainsFunc(g.scratch, func(j *judged) bool { return j.boundary() != g.scratch[0].boundary() })
}

// learns tells whether the client has to wait until it is known which of several things the
// name in a Bind or an Execute stands for. The server is asked for what it has to say so far.
func (g *Guard) learns(t byte, message []byte, ops *Ops) bool {
	if g.replies.idle() || g.replies.skipping {
		return false
	}
	r, name, err := &g.portals, []byte(nil), error(nil)
	switch body := message[wire.HeaderSize:]; t {
	case wire.Bind:
		r = &g.statements
		_, name, err = wire.BindNames(body)
	case wire.Execute:
		name, err = wire.ExecutePortal(body)
	default:
		return false
	}
	if g.scratch = r.candidates(name, g.replies.section, g.scratch[:0]); err != nil || len(g.scratch) < 2 {
		return false
	}
	g.begins(&script{steps: []step{until(g.replies.idle)}}, ops)
	return true
}

// boundary is that of a prepared statement. What PREPARE in SQL has made changes rows or looks at them.
func (j *judged) boundary() parser.Boundary {
	if j.adopted {
		return parser.Within
	}
	if j.summary == nil || len(j.summary.Statements) == 0 {
		return parser.Quiet
	}
	return j.summary.Statements[0].Boundary
}

// adopts is the script of a BEGIN in a block of the guard's own, which is the client's from then
// on. It does not hear that there is one already; where the server rejects the
// transaction's modes, the block stays the guard's.
func (g *Guard) adopts(own *judged, body []byte) *script {
	message, s := wire.AppendMessage(nil, wire.Execute, body), &script{}
	p := &part{script: s, calm: true}
	s.steps = []step{func(g *Guard, _ *script, ops *Ops) bool {
		g.replies.sent(request{kind: wire.Execute, event: g.record(own, ops), part: p})
		ops.send(message)
		return true
	}, p.awaited(), func(g *Guard, _ *script, _ *Ops) bool {
		g.transaction.open, g.transaction.own = true, false
		return true
	}}
	return s
}

// syncBounded handles a Sync. It returns true where a script sends it on.
func (g *Guard) syncBounded(ops *Ops) (dropped bool) {
	t := g.transaction
	if t == nil || t.bounds == nil || g.replies.copying || !t.ending && (t.open || !t.touched && !t.own) {
		return false
	}
	s := &script{end: ending}
	if g.replies.skipping {
		s.state = failed
	} else {
		s.steps = g.account(t.last.text())
	}
	g.begins(s, ops)
	return true
}

// text is what the events of a judgement show.
func (j *judged) text() string {
	if j == nil || j.verdict == nil {
		return ""
	}
	return j.verdict.sql
}

// callable returns the refusal of a FunctionCall, which commits by itself outside of a
// block; the zero Decision where it may be sent.
func (g *Guard) callable(j *judged, ops *Ops) policy.Decision {
	t := g.transaction
	if t == nil || t.bounds == nil || t.failed {
		return policy.Decision{}
	}
	if !t.open {
		return t.bounds.Unaccountable(j.firstAct(), "a function that is called by its number commits at once")
	}
	g.touches(j, ops)
	return policy.Decision{}
}

// mayBegin tells whether a message of the client may reach the server now: a section does
// when it is known what the one before has left open.
func (g *Guard) mayBegin(t byte) bool {
	return g.replies.copying || t == wire.Terminate || !g.replies.awaitReady()
}

// astray tells whether a message comes amid the COPY data for which a script waits. The
// server rejects it by its type, and closes the connection (CopyGetData in
// src/backend/commands/copyfromparse.c).
func (g *Guard) astray(t byte) bool {
	switch t {
	case wire.CopyData, wire.CopyDone, wire.CopyFail, wire.Flush, wire.Sync, wire.Terminate:
		return false
	}
	return g.script != nil && g.replies.copying
}
