package guard

import "github.com/pgcordon/pgcordon/proxy/wire"

// completed notes that a statement has run; body is that of its CommandComplete,
// or nil where another message ends it.
func (g *Guard) completed(body []byte, ops *Ops) {
	q := g.replies.front(wire.Execute, wire.Query)
	if body != nil {
		g.temporary.done(body)
	}
	if q == nil {
		return
	}
	if q.part != nil && q.kind == wire.Execute {
		q.part.over = true
	}
	if q.part != nil && q.part.tally != nil {
		q.part.tally.ran = true
	}
	if q.part != nil && q.part.receipt != nil {
		q.part.receipt.ran = true
	}
	if q.event != nil {
		q.event.completed(body)
	}
	if q.kind == wire.Execute { // a Query ends with ReadyForQuery
		finish(q, wire.SuccessfulCompletion, ops)
		g.replies.pop()
	}
}

// completed counts one statement of the event's string as done, and takes the rows
// where it is the one that decided.
func (e *Event) completed(body []byte) {
	if e.pending == 0 {
		if n, ok := wire.RowsOf(body); ok {
			e.Rows = n
		}
	}
	e.pending--
}

// failed notes an error. In the extended protocol the server skips everything up
// to the next Sync; a simple query or function call ends with ReadyForQuery.
func (g *Guard) failed(body []byte, ops *Ops) {
	code := string(wire.ErrorField(body, 'C'))
	if !g.login.ready {
		ops.finish(&Event{
			Kind: AuthFailed, SQLSTATE: code, Rows: -1, Message: string(wire.ErrorField(body, 'M')),
		})
		return
	}
	g.temporary.failed()
	g.replies.copying = false
	g.replies.dropSilent()
	if g.replies.idle() {
		return
	}
	q := &g.replies.pending()[0]
	if p := q.part; p != nil && p.script != nil {
		p.script.fails(code)
	}
	if endsWithReady(q.kind) {
		if q.event != nil {
			q.event.SQLSTATE = code
		}
		return
	}
	finish(q, code, ops)
	g.skipToSync(ops)
}

// skipToSync drops the requests that the server will not look at.
func (g *Guard) skipToSync(ops *Ops) {
	for !g.replies.idle() {
		if g.replies.pending()[0].kind == wire.Sync {
			return
		}
		g.abandon(ops)
	}
	g.replies.skipping = true
}

// abandon drops the oldest request, to which no answer will come.
func (g *Guard) abandon(ops *Ops) {
	q := &g.replies.pending()[0]
	if p := q.part; p != nil && p.script != nil {
		p.script.breaks(false)
		p.over = true
	}
	switch {
	case q.part != nil && q.part.aside != nil:
	case q.kind == wire.Parse:
		g.statements.settle(q.name, q.judged, false)
	case q.kind == wire.Bind:
		g.portals.settle(q.name, q.judged, false)
	}
	finish(q, "", ops)
	g.replies.pop()
}

// readyForQuery notes the end of a simple query, a function call, or of what a
// Sync ends; the first one ends the login.
func (g *Guard) readyForQuery(body []byte, ops *Ops) {
	if !g.login.ready {
		g.login.ready = true
		ops.finish(&Event{Kind: LoggedIn, PID: g.login.pid(), Rows: -1})
		return
	}
	for !g.replies.idle() {
		q := &g.replies.pending()[0]
		if endsWithReady(q.kind) {
			finish(q, wire.SuccessfulCompletion, ops)
			g.replies.pop()
			break
		}
		g.abandon(ops)
	}
	g.replies.unreported = !g.replies.idle()
	g.meaning.context.Committed = false
	status, err := wire.TransactionStatus(body)
	if err == nil && status == 'I' {
		g.portals.clear()
	}
	g.temporary.ready(status)
	if g.status = status; g.transaction != nil {
		g.transaction.ready(status)
	}
}

// finish completes the request's event, if it has one. code is its SQLSTATE where
// no error came before.
func finish(q *request, code string, ops *Ops) {
	if q.event == nil {
		return
	}
	if q.event.SQLSTATE == "" {
		q.event.SQLSTATE = code
	}
	ops.finish(q.event)
	q.event = nil
}
