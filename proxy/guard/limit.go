package guard

import (
	"bytes"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// A limit on rows holds before they are committed. In the extended protocol the server
// tells how many rows a statement changed when that has run, and commits when it reads
// a Sync. So the client is not listened to from an Execute on until the tag has come,
// for which a Flush asks. If there are too many rows, the tag is dropped and the next
// thing that the server reads is an Execute that it must reject. It then skips to the
// Sync and rolls back, as after any error.
//
// A Query commits before it tells its tag. It is translated, and its tag is held until
// ReadyForQuery, for the commit may fail: docs/decisions/0010-rows-before-commit.md.

// tally is a statement whose rows are being counted.
type tally struct {
	limit  *policy.Limit
	judged *judged
	state  countState
	asked  bool // a Flush has been sent behind it
	query  bool // it was a Query
	nonce  string
	tag    []byte // of a Query: its CommandComplete, until it is committed
}

type countState uint8

const (
	running  countState = iota
	within              // it changed no more rows than it may
	exceeded            // it changed too many
	failed              // the server has answered it with an error
	skipped             // the server has not looked at it
)

// counts tells whether the tag of a string counts all rows that the string changes.
func counts(s *parser.Summary) bool { return len(s.Statements) == 1 && s.Statements[0].Counted }

// limitedLike returns the judgement with the lower of both limits.
func (j *judged) limitedLike(other *judged) *judged {
	if other.limit == nil || j.limit != nil && j.limit.Rows <= other.limit.Rows && j.counted == other.counted {
		return j
	}
	both := *j
	if both.verdict == nil {
		both.verdict = other.verdict
	}
	both.counted = other.counted && (j.limit == nil || j.counted)
	if j.limit == nil || other.limit.Rows < j.limit.Rows {
		both.limit = other.limit
	}
	return &both
}

// countable returns a refusal in place of a judgement whose limit cannot hold: where the
// tag does not count the rows, or does not come before the commit. own is the judgement
// of the string itself, which may EXECUTE what run is about.
func (g *Guard) countable(own, run *judged, all bool) *judged {
	if run.limit == nil || run.denied() {
		return run
	}
	if statements := own.summary.Statements; len(statements) == 1 && all && !g.cfg.Replication {
		switch st := &statements[0]; {
		case st.Prepares != "": // it runs when it is executed
			prepared := *run
			prepared.limit = nil
			return &prepared
		case run.counted && (st.Counted || st.Kind == "EXECUTE"):
			return run
		}
	}
	return g.beyond(run, run.limit, -1)
}

// beyond returns the refusal of a statement that changed more rows than it may; nil
// where it did not.
func (g *Guard) beyond(j *judged, l *policy.Limit, rows int64) *judged {
	d := l.Exceeded(rows)
	if !d.Deny {
		return nil
	}
	refused := *j
	refused.verdict = &verdict{decision: d, sql: j.verdict.sql}
	return &refused
}

// newTally returns what counts the rows of a statement; nil where they are not limited.
func (g *Guard) newTally(j *judged) *tally {
	if j.limit == nil {
		return nil
	}
	return &tally{limit: j.limit, judged: j}
}

// await makes the client wait until the rows of the statement are known that its last
// message executes. sent tells whether the server will look at it.
func (g *Guard) await(c *tally, sent bool) {
	if c != nil && sent {
		g.tally = c
	}
}

// released tells whether the client may go on, and tells the server what became of the
// statement that it waits for.
func (g *Guard) released(ops *Ops) bool {
	c := g.tally
	if c == nil {
		return true
	}
	at := len(g.toServer)
	switch c.state {
	case running:
		if !c.asked {
			c.asked = true
			g.toServer = wire.AppendFlush(g.toServer)
			ops.send(g.toServer[at:])
		}
		return false
	case exceeded:
		g.toServer = wire.AppendExecute(g.toServer, c.nonce)
	}
	if c.query && c.state != skipped {
		g.toServer = wire.AppendSync(g.toServer)
	}
	if len(g.toServer) > at {
		ops.send(g.toServer[at:])
	}
	g.tally = nil
	return true
}

// translate sends a Query in the extended protocol. The unnamed statement and portal,
// which a Query takes from the client, are then this one.
func (g *Guard) translate(j *judged, sql []byte, ops *Ops) (sent bool) {
	c := g.newTally(j)
	c.asked, c.query = true, true
	if !g.replies.sent(request{kind: wire.Query, event: g.record(j, ops), tally: c}) {
		return false
	}
	g.statements.unnamed, g.portals.unnamed = slot{committed: j}, slot{committed: j}
	at := len(g.toServer)
	g.toServer = wire.AppendParse(g.toServer, nil, string(sql))
	g.toServer = wire.AppendBind(g.toServer, "")
	g.toServer = wire.AppendDescribePortal(g.toServer, "")
	g.toServer = wire.AppendExecute(g.toServer, "")
	g.toServer = wire.AppendFlush(g.toServer)
	ops.send(g.toServer[at:])
	g.tally = c
	return true
}

// counted handles the tag of a statement whose rows are limited. It returns false for
// any other, and where the client is to receive the tag at once.
func (g *Guard) counted(message []byte, ops *Ops) bool {
	q := g.replies.front(wire.Execute, wire.Query)
	if q == nil || q.tally == nil || q.tally.state != running {
		return false
	}
	c, body := q.tally, message[wire.HeaderSize:]
	rows, known := wire.RowsOf(body)
	if !known {
		rows = -1
	}
	if j := g.beyond(c.judged, c.limit, rows); j != nil {
		c.state = exceeded
		q.refusal = g.refuse(j, ops)
		q.event, c.nonce = nil, q.refusal.nonce
		ops.drop(len(message))
		return true
	}
	c.state = within
	if !c.query {
		return false
	}
	g.completed(body, ops)
	c.tag = bytes.Clone(message)
	ops.drop(len(message))
	return true
}

// uncounted notes that the server answers with an error.
func (g *Guard) uncounted() {
	for i := range g.replies.pending() {
		c := g.replies.pending()[i].tally
		switch {
		case c == nil:
		case i == 0 && c.state == running:
			c.state = failed
		case i == 0:
			c.tag = nil // the commit failed
		}
	}
}

// hides tells whether a message answers what a Query was translated to.
func (g *Guard) hides(t byte) bool {
	if t != wire.ParseComplete && t != wire.BindComplete && t != wire.NoData {
		return false
	}
	pending := g.replies.pending()
	return len(pending) > 0 && pending[0].tally != nil && pending[0].tally.query
}

// heldTag returns the tag that the client is to receive in front of ReadyForQuery.
func (g *Guard) heldTag() []byte {
	if pending := g.replies.pending(); len(pending) > 0 && pending[0].tally != nil {
		return pending[0].tally.tag
	}
	return nil
}
