package guard

import (
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// bindNamesSize is how much of a Bind message is looked at for its two names.
const bindNamesSize = 4096

// clientMessage handles the message that in begins with. It returns how much of
// in it consumed, or how many bytes it needs.
func (g *Guard) clientMessage(in []byte, ops *Ops) (n, need int) {
	t := in[0]
	limit := wire.LengthLimit(t)
	if limit == 0 && t != wire.Password {
		return g.poison(min(len(in), wire.HeaderSize), ops), 0
	}
	if len(in) < wire.HeaderSize {
		return 0, wire.HeaderSize
	}
	size := wire.Size(in)
	if size < wire.HeaderSize || limit > 0 && size-1 > limit {
		return g.poison(wire.HeaderSize, ops), 0
	}
	switch t {
	case wire.Query:
		return g.whole(in, size, ops, g.query)
	case wire.Parse:
		return g.whole(in, size, ops, g.parse)
	case wire.Bind:
		return g.bind(in, size, ops)
	case wire.Execute:
		return g.small(in, size, ops, g.execute)
	case wire.FunctionCall:
		return g.functionCall(in, size, ops)
	case wire.Close:
		return g.small(in, size, ops, g.close)
	case wire.Password:
		return g.password(in, size, ops)
	case wire.Describe, wire.Sync:
		g.replies.sent(request{kind: t})
	case wire.CopyDone, wire.CopyFail:
		g.replies.sent(request{kind: wire.CopyDone})
	}
	return g.client.forward(in, size, false, ops), 0
}

// poison passes the beginning of a message that the server answers with FATAL
// 08P01 as soon as it has read that much, and nothing more ever: where such a
// message ends is anybody's guess (SocketBackend in src/backend/tcop/postgres.c).
func (g *Guard) poison(n int, ops *Ops) int {
	g.poisoned = true
	ops.pass(n)
	return n
}

// handler judges the body of a whole message. Where it refuses it has appended a
// substitute to ops and returns true: the message itself is dropped.
type handler func(body []byte, ops *Ops) (refused bool)

// whole waits for a whole Query or Parse message, unless it is longer than what
// is to be inspected.
func (g *Guard) whole(in []byte, size int, ops *Ops, handle handler) (n, need int) {
	if size > g.cfg.InspectBytes {
		return g.uninspected(in, size, ops), 0
	}
	return g.small(in, size, ops, handle)
}

// small waits for a whole message that cannot be long.
func (g *Guard) small(in []byte, size int, ops *Ops, handle handler) (n, need int) {
	if len(in) < size {
		return 0, size
	}
	refused := handle(in[wire.HeaderSize:size], ops)
	return g.client.forward(in, size, refused, ops), 0
}

// uninspected handles a Query or Parse message that is too long to be judged.
func (g *Guard) uninspected(in []byte, size int, ops *Ops) int {
	j := g.decide(tooLong, nil)
	if in[0] == wire.Query {
		return g.client.forward(in, size, g.askQuery(j, ops), ops)
	}
	return g.client.forward(in, size, g.askParse(nil, j, ops), ops)
}

// query judges a simple query. What it starts with, the whole string is judged
// before any of it runs: it is one transaction.
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
func (g *Guard) query(body []byte, ops *Ops) bool {
	sql, _, err := wire.QueryText(body)
	if err != nil { // the server answers 08P01
		g.replies.sent(request{kind: wire.Query})
		return false
	}
	j := g.judge(sql)
	if j == g.clean {
		g.cfg.Observer.Passed()
		g.replies.sent(request{kind: wire.Query})
		return false
	}
	j = g.executed(j)
	if !j.denied() && !g.prepared(j) {
		j = g.decide(tooMany, sql)
	}
	return g.askQuery(j, ops)
}

// askQuery carries out the judgement of a query string.
func (g *Guard) askQuery(j *judged, ops *Ops) (refused bool) {
	g.count(j)
	if j.denied() {
		r := g.refuse(j, ops)
		g.replies.sent(request{kind: wire.Query, refusal: r})
		g.sendQuery(r, ops)
		return true
	}
	g.observe(j)
	g.replies.sent(request{kind: wire.Query, event: g.record(j, ops)})
	return false
}

func (g *Guard) sendQuery(r *refusal, ops *Ops) {
	at := len(g.toServer)
	g.toServer = wire.AppendQuery(g.toServer, g.substituteQuery(r.nonce))
	ops.send(g.toServer[at:])
}

// parse judges the text of a prepared statement.
func (g *Guard) parse(body []byte, ops *Ops) bool {
	name, sql, err := wire.ParseText(body)
	if err != nil { // the server answers 08P01
		g.replies.sent(request{kind: wire.Parse})
		return false
	}
	judge := g.judge
	if len(name) > 0 {
		judge = g.judgeKept
	}
	j := g.executed(judge(sql))
	if !j.denied() && !g.prepared(j) {
		j = g.decide(tooMany, sql)
	}
	return g.askParse(name, j, ops)
}

// askParse carries out the judgement of a Parse message. What it allows is
// counted and recorded when it is executed.
func (g *Guard) askParse(name []byte, j *judged, ops *Ops) (refused bool) {
	if !j.denied() && !g.statements.define(name, j) {
		j = g.decide(tooMany, nil)
	}
	if j.denied() {
		g.count(j)
		r := g.refuse(j, ops)
		g.replies.sent(request{kind: wire.Parse, refusal: r})
		at := len(g.toServer)
		g.toServer = wire.AppendParse(g.toServer, name, g.substituteQuery(r.nonce))
		ops.send(g.toServer[at:])
		return true
	}
	g.observe(j)
	g.defined(&g.statements, request{kind: wire.Parse, name: string(name), judged: j})
	return false
}

// defined notes a request that defines a name; one that the server will skip
// defines nothing.
func (g *Guard) defined(r *registry, q request) {
	if !g.replies.sent(q) {
		r.settle(q.name, q.judged, false)
	}
}

// bind judges the statement that a Bind message names. The parameters behind the
// two names are not looked at and may be of any length.
func (g *Guard) bind(in []byte, size int, ops *Ops) (n, need int) {
	if want := min(size, bindNamesSize); len(in) < want {
		return 0, want
	}
	portal, statement, err := wire.BindNames(in[wire.HeaderSize:min(size, len(in))])
	j := (*judged)(nil)
	switch {
	case err != nil && size <= len(in): // the server answers 08P01
		g.replies.sent(request{kind: wire.Bind})
		return g.client.forward(in, size, false, ops), 0
	case err != nil:
		j = g.decide(malformed, nil)
	default:
		j = g.resolve(&g.statements, statement)
	}
	if !j.denied() && !g.portals.define(portal, j) {
		j = g.decide(tooMany, nil)
	}
	if j.denied() {
		g.count(j)
		r := g.refuse(j, ops)
		g.replies.sent(request{kind: wire.Bind, refusal: r})
		at := len(g.toServer)
		g.toServer = wire.AppendBind(g.toServer, r.nonce)
		ops.send(g.toServer[at:])
		return g.client.forward(in, size, true, ops), 0
	}
	g.defined(&g.portals, request{kind: wire.Bind, name: string(portal), judged: j})
	return g.client.forward(in, size, false, ops), 0
}

// execute judges the portal that an Execute message names.
func (g *Guard) execute(body []byte, ops *Ops) bool {
	portal, err := wire.ExecutePortal(body)
	if err != nil { // the server answers 08P01
		g.replies.sent(request{kind: wire.Execute})
		return false
	}
	j := g.resolve(&g.portals, portal)
	g.count(j)
	if j.denied() {
		r := g.refuse(j, ops)
		g.replies.sent(request{kind: wire.Execute, refusal: r})
		at := len(g.toServer)
		g.toServer = wire.AppendExecute(g.toServer, r.nonce)
		ops.send(g.toServer[at:])
		return true
	}
	g.replies.sent(request{kind: wire.Execute, event: g.record(j, ops)})
	return false
}

// functionCall judges the function that a FunctionCall message calls.
func (g *Guard) functionCall(in []byte, size int, ops *Ops) (n, need int) {
	if want := min(size, wire.HeaderSize+4); len(in) < want {
		return 0, want
	}
	oid, err := wire.FunctionOID(in[wire.HeaderSize:min(size, len(in))])
	if err != nil { // the server answers 08P01
		g.replies.sent(request{kind: wire.FunctionCall})
		return g.client.forward(in, size, false, ops), 0
	}
	j := g.decide(g.calls.summary(oid), nil)
	g.count(j)
	if j.denied() {
		r := g.refuse(j, ops)
		g.replies.sent(request{kind: wire.FunctionCall, refusal: r})
		g.sendQuery(r, ops)
		return g.client.forward(in, size, true, ops), 0
	}
	g.replies.sent(request{kind: wire.FunctionCall, event: g.record(j, ops)})
	return g.client.forward(in, size, false, ops), 0
}

// close notes that a prepared statement or portal is to be closed.
func (g *Guard) close(body []byte, _ *Ops) bool {
	kind, name, err := wire.CloseTarget(body)
	q := request{kind: wire.Close}
	if err == nil {
		q.object, q.name = kind, string(name)
	}
	g.replies.sent(q)
	return false
}

// password passes what the client sends to authenticate itself, except a SASL
// response of which it is known that the server will misread it.
func (g *Guard) password(in []byte, size int, ops *Ops) (n, need int) {
	if g.login.sasl && g.login.hidden {
		if len(in) < min(size, wire.MaxStartupSize) {
			return 0, min(size, wire.MaxStartupSize)
		}
		if g.bindingConflict(in[wire.HeaderSize:min(size, len(in))]) {
			g.refuseLogin(ops)
			return 0, 1
		}
		g.login.sasl = false
	}
	return g.client.forward(in, size, false, ops), 0
}

// count tells the observer of a statement.
func (g *Guard) count(j *judged) {
	if j.summary == nil {
		g.cfg.Observer.Passed()
		return
	}
	d := policy.Decision{}
	if j.verdict != nil {
		d = j.verdict.decision
	}
	g.cfg.Observer.Judged(j.summary.Effects, d)
}

// record begins the event of a statement that is allowed but has to be recorded;
// nil where it has not.
func (g *Guard) record(j *judged, ops *Ops) *Event {
	if j.verdict == nil {
		return nil
	}
	e := &Event{
		Kind: Executed, Decision: j.verdict.decision, Summary: j.summary, SQL: j.verdict.sql,
		Rows: -1, pending: j.verdict.decision.Statement,
	}
	ops.begin(e)
	return e
}
