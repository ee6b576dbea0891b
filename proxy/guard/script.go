package guard

import (
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// A script is what the guard has to tell the server, and to learn from it, before the
// client may go on. While there is one, the client is not listened to, unless the server
// waits for its COPY data.
type script struct {
	steps []step
	// end is taken last, whatever became of the others; nil for none.
	end   step
	at    int
	state scriptState
	// flushed is true once the server has been asked for what the step waits for.
	flushed bool
	refusal *refusal // of what the server is to reject next
	// undone is true where the transaction has to be rolled back first: its commit is refused.
	undone bool
	chunk  *part // that was sent last, of a Query

	query  bool   // it stands for a Query, and else for a Sync, an Execute, or the wait behind one
	event  *Event // of a Query; nil where nothing is recorded
	record int    // which of its statements the event is about
	tag    []byte // of its last statement, until that is committed
	status []byte // what the server has told of settings, for the client to receive in front of ReadyForQuery
	kept   []byte // what the client is to receive together with what comes next
	flows  bool   // that was more than a server would keep of the chunk
	synced bool   // its Sync has been sent
	over   bool   // the ReadyForQuery of that has come
}

// step does one thing. It returns false where it has to be called again, when the server
// has said something.
type step func(g *Guard, s *script, ops *Ops) (done bool)

type scriptState uint8

const (
	running scriptState = iota
	failed              // the server has rejected a part of it
	skipped             // the server skips it, for an error that came before it
)

// begins starts a script.
func (g *Guard) begins(s *script, ops *Ops) {
	g.script = s
	g.released(ops)
}

// released carries on with what the client waits for, and tells whether it may go on.
func (g *Guard) released(ops *Ops) bool {
	s := g.script
	if s == nil {
		return true
	}
	for ; s.at < len(s.steps) && s.state == running; s.at++ {
		if s.refusal == nil && !s.steps[s.at](g, s, ops) {
			return false
		}
		if s.refusal != nil {
			break
		}
		s.flushed = false
	}
	if s.chunk != nil && !s.chunk.over {
		return false
	}
	if s.refusal != nil {
		g.reject(s, ops)
	}
	if s.state == skipped { // what failed came in front of the COMMIT
		g.transaction.ending = false
	}
	s.at = len(s.steps)
	if s.end != nil && !s.end(g, s, ops) {
		return false
	}
	if g.script = g.settlement(); g.script != nil {
		return g.released(ops)
	}
	if g.reloaded { // it may have been for this script only that transactions were followed
		g.bounded()
	}
	return true
}

// until waits for something that the server has to say, or for an error.
func until(ready func() bool) step {
	return func(g *Guard, s *script, ops *Ops) bool {
		switch {
		case s.state != running, ready():
			return true
		case g.replies.copying: // it is the client's turn
			s.flushed = false
		case !s.flushed:
			s.flushed = true
			at := len(g.toServer)
			g.toServer = wire.AppendFlush(g.toServer)
			ops.send(g.toServer[at:])
		}
		return false
	}
}

// reject sends what the server must reject with the nonce of the refusal.
func (g *Guard) reject(s *script, ops *Ops) {
	if s.undone || g.transaction.own {
		g.command("ROLLBACK", ops)
		g.transaction.begin(false)
	}
	g.replies.sent(request{kind: wire.Execute, refusal: s.refusal, part: &part{script: s}})
	at := len(g.toServer)
	g.toServer = wire.AppendExecute(g.toServer, s.refusal.nonce)
	ops.send(g.toServer[at:])
	s.refusal, s.state, s.tag = nil, failed, nil
}

// ending commits a block of the guard's own, and waits for the ReadyForQuery that answers
// the client.
func ending(g *Guard, s *script, ops *Ops) bool {
	switch {
	case s.over:
		return true
	case s.synced:
		return false
	case s.state == skipped && s.query: // the Sync that the server skips to is the client's
		if s.event != nil {
			ops.finish(s.event)
		}
		return true
	}
	s.synced = true
	own := g.transaction.own
	if own && s.state == running {
		g.ask(&aside{frank: true, then: s.tell}, "COMMIT", ops)
	}
	g.sync(&part{script: s, within: own || g.transaction.ending}, ops)
	return false
}

// tell lets the client know what has been kept from it until the commit.
func (s *script) tell(ops *Ops) {
	if s.tag != nil {
		ops.send(s.tag)
		s.tag = nil
	}
}

// left handles a ReadyForQuery, and tells whether it answers the client.
func (g *Guard) left(p *part, status byte, ops *Ops) bool {
	s := p.script
	switch p.over = true; {
	case p.unheard, p.chunk != nil && !g.transaction.own && s.state == running && (!p.final || s.refusal != nil):
		return false
	case status != 'I' && (p.within || p.aside != nil || p.chunk != nil && g.transaction.own && s.state != running):
		s.end, s.synced = rollingBack, false
		return false
	case p.chunk != nil && g.transaction.own && s.state == running:
		return false
	}
	s.tell(ops)
	g.report(s.status, ops)
	s.status = nil
	if s.over = true; s.event != nil {
		if s.event.SQLSTATE == "" {
			s.event.SQLSTATE = wire.SuccessfulCompletion
		}
		ops.finish(s.event)
		s.event = nil
	}
	return true
}

// rollingBack ends a block of the guard's own. Where a request to cancel strikes it, it is
// said again. It is no Query, which would take the unnamed statement along
// (exec_simple_query in src/backend/tcop/postgres.c).
func rollingBack(g *Guard, s *script, ops *Ops) bool {
	switch {
	case s.over:
		return true
	case !s.synced:
		s.synced, s.tag = true, nil
		g.ask(&aside{silent: true}, "ROLLBACK", ops)
		g.sync(&part{script: s, within: true}, ops)
	}
	return false
}

// fails notes that the server has rejected a part of the script.
func (s *script) fails(code string) {
	s.tag, s.refusal = nil, nil
	if s.breaks(true); s.event != nil && s.event.SQLSTATE == "" {
		s.event.SQLSTATE = code
	}
}

// breaks notes that a request has failed, which is the script's own or came before it.
func (s *script) breaks(own bool) {
	switch {
	case s.state != running:
	case own:
		s.state = failed
	default:
		s.state = skipped
	}
}
