package guard

import (
	"cmp"
	"fmt"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// An aside is a query of the guard's own that the server runs in the client's session and
// transaction. It goes out in the extended protocol between two messages of the client's,
// without a Sync, under a name that no client can guess, and leaves nothing behind. The
// client hears nothing of its replies. Like anything else in a section the server skips
// it after an error.
type aside struct {
	rows  [][]string // as text; a null is ""
	types []uint32   // of its parameters, where the server does not find them out
	// then is told of all rows, while the server's bytes are looked at; nil for nobody.
	then func(ops *Ops)
	// frank is set where the aside fails as the client's own statement would: its error is
	// passed on, with its position shifted.
	frank bool
	shift int
	// failing is what the client reads where the server rejects the aside; empty for what
	// it does not learn of the transaction then. Of a silent one it reads nothing.
	failing string
	silent  bool
	tagged  int64 // the rows that its tag counts
}

// part is what is special about a request whose replies the client does not receive as
// they are.
type part struct {
	script  *script  // nil unless its failure is the script's
	aside   *aside   // nil unless it is of one, and the client hears nothing of it
	tally   *tally   // nil unless its rows are counted
	calm    bool     // a BEGIN inside a block of the guard's own
	within  bool     // a Sync that must leave the session idle: a block of the guard's own, or one whose COMMIT fails
	doubt   *judged  // of a Parse: the refusal of a text that the server may not understand either
	unheard bool     // its ReadyForQuery the client does not hear
	over    bool     // what answers it has come
	receipt *receipt // nil unless a receipt of it is made

	// Of a Query that is a chunk of the client's.
	chunk *chunk
	seen  int  // how many of its statements have run
	final bool // its ReadyForQuery answers the client
	last  bool // its last tag waits for the commit
	shift int  // how many characters of the string stand in front of it; of an aside that is frank, too
}

// answered waits for the ReadyForQuery.
func (p *part) answered() step {
	return func(*Guard, *script, *Ops) bool { return p.over }
}

// awaited is answered for what the server does not answer before it is asked to.
func (p *part) awaited() step { return until(func() bool { return p.over }) }

// ask sends an aside. values are those of its parameters. The server answers when it is
// asked to: by a Flush, or the next Sync.
func (g *Guard) ask(a *aside, sql string, ops *Ops, values ...wire.Parameter) {
	p := &part{aside: a, script: g.script, shift: a.shift}
	g.run(p, request{kind: wire.Execute, part: p}, sql, ops, values...)
}

// run sends a statement of the guard's own, of which the client hears at most what answers execute.
func (g *Guard) run(p *part, execute request, sql string, ops *Ops, values ...wire.Parameter) {
	_, name := g.cfg.NewRefusal()
	for _, kind := range [...]byte{wire.Parse, wire.Bind, wire.Execute, wire.Close, wire.Close} {
		if kind == wire.Execute {
			g.replies.sent(execute)
		} else {
			g.replies.sent(request{kind: kind, part: p})
		}
	}
	at := len(g.toServer)
	g.toServer = wire.AppendParse(g.toServer, []byte(name), sql, p.aside.types...)
	g.toServer = wire.AppendBind(g.toServer, name, name, values...)
	g.toServer = wire.AppendExecute(g.toServer, name)
	g.toServer = wire.AppendClose(g.toServer, wire.KindPortal, name)
	g.toServer = wire.AppendClose(g.toServer, wire.KindStatement, name)
	ops.send(g.toServer[at:])
}

// command has the server run a command of the guard's own, as an aside. It can only fail
// for what the client has done.
func (g *Guard) command(sql string, ops *Ops) { g.ask(&aside{frank: true}, sql, ops) }

// sync sends a Sync of the guard's own.
func (g *Guard) sync(p *part, ops *Ops) {
	g.replies.sent(request{kind: wire.Sync, part: p})
	at := len(g.toServer)
	g.toServer = wire.AppendSync(g.toServer)
	ops.send(g.toServer[at:])
}

// part returns what is special about the request that the server answers now; nil where
// nothing is.
func (r *replies) part() *part {
	if r.idle() {
		return nil
	}
	r.dropSilent()
	if r.idle() {
		return nil
	}
	return r.queue[r.head].part
}

// hides tells whether the client does not hear of a message: of asynchronous ones it does.
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-ASYNC
func (p *part) hides(t byte) bool {
	switch {
	case t == wire.NotificationResponse:
		return false
	case p.aside != nil, p.doubt != nil && t == wire.ParseComplete:
		return true
	}
	return p.chunk != nil && p.script.refusal != nil // what follows a statement that is to fail
}

// apart handles a message of the server's that the client does not receive as it is, and
// tells whether it did.
func (g *Guard) apart(p *part, message []byte, ops *Ops) bool {
	body, kept := message[wire.HeaderSize:], false
	switch message[0] {
	case wire.DataRow:
		p.aside.add(body)
		kept = true
	case wire.CommandComplete:
		kept = g.tagApart(p, message, ops)
	case wire.NoticeResponse:
		kept = (p.aside != nil || p.calm || p.chunk != nil && p.chunk.calm) && aboutBlocks(body)
	case wire.ParameterStatus:
		if kept = p.script != nil && p.script.query; kept {
			g.reported(body)
			p.script.status = append(p.script.status, message...)
		}
	case wire.ErrorResponse:
		kept = g.errorApart(p, message, ops)
	case wire.ReadyForQuery:
		kept = g.readyApart(p, body, ops)
	}
	if kept {
		ops.drop(len(message))
	}
	return kept
}

// tagApart handles a CommandComplete.
func (g *Guard) tagApart(p *part, message []byte, ops *Ops) bool {
	switch {
	case p.chunk != nil:
		return g.tag(p, message, ops)
	case p.receipt != nil && g.receiptTagged(p, message, ops):
		g.completed(nil, ops)
		return true
	case p.tally != nil:
		return g.tagged(p, message, ops)
	case p.aside == nil:
		return false
	}
	g.replies.pop()
	p.aside.tagged, _ = wire.RowsOf(message[wire.HeaderSize:])
	if p.aside.then != nil {
		p.aside.then(ops)
	}
	return true
}

// errorApart handles an ErrorResponse.
func (g *Guard) errorApart(p *part, message []byte, ops *Ops) bool {
	body, at := message[wire.HeaderSize:], len(g.toClient)
	switch {
	case p.aside != nil && p.aside.silent:
		g.failed(body, ops)
		return true
	case p.aside != nil && !p.aside.frank:
		g.toClient = wire.AppendError(g.toClient, misunderstood(body, p.aside.failing))
	case p.doubt != nil && string(wire.ErrorField(body, 'R')) == "exec_parse_message": // several statements
		g.toClient = wire.AppendError(g.toClient, g.refuse(p.doubt, ops).fields)
	case p.shift != 0 && g.refusalIn(message) == nil:
		g.toClient = wire.ShiftPosition(g.toClient, message, p.shift)
	default:
		return false
	}
	g.failed(body, ops)
	ops.send(g.toClient[at:])
	return true
}

// readyApart handles a ReadyForQuery.
func (g *Guard) readyApart(p *part, body []byte, ops *Ops) bool {
	status, err := wire.TransactionStatus(body)
	if err != nil || p.script == nil && !p.unheard || g.left(p, status, ops) {
		return false
	}
	g.replies.pop()
	g.replies.unreported = !g.replies.idle()
	g.transaction.between(status)
	return true
}

func (a *aside) add(body []byte) {
	values, err := wire.RowValues(body)
	if err != nil {
		return // the row counts as not there; the server is broken
	}
	row := make([]string, len(values))
	for i, v := range values {
		row[i] = string(v)
	}
	a.rows = append(a.rows, row)
}

// aboutBlocks tells whether a notice says that there is, or is not, a transaction block
// (src/backend/access/transam/xact.c): what the guard asked for by an aside.
func aboutBlocks(body []byte) bool {
	code := string(wire.ErrorField(body, 'C'))
	return code == "25001" || code == "25P01"
}

// misunderstood is what a client reads where the server rejected an aside: the transaction
// is lost, because nobody can say what it did. A request to cancel, and whatever else
// comes from outside, is the client's business and stays as it is.
func misunderstood(body []byte, failing string) wire.ErrorFields {
	field := func(code byte) string { return string(wire.ErrorField(body, code)) }
	f := wire.ErrorFields{
		Severity: field('S'), Unlocal: field('V'), Code: field('C'), Message: field('M'), Detail: field('D'), Hint: field('H'),
	}
	if class := f.Code[:min(2, len(f.Code))]; class == "57" || class == "40" || class == "53" {
		return f
	}
	f.Detail = fmt.Sprintf("The server says: %s.", f.Message)
	f.Message = cmp.Or(failing, "pgcordon could not learn what the transaction did")
	return f
}
