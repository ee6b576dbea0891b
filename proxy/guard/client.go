package guard

import "github.com/pgcordon/pgcordon/proxy/wire"

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
	if size < wire.HeaderSize || limit > 0 && size-1 > limit || g.astray(t) {
		return g.poison(wire.HeaderSize, ops), 0
	}
	if g.untrusted(t) || g.rules.readOnly && !g.mayProceed(t, ops) || g.transaction != nil && (!g.mayBegin(t) || g.learns(t, in[:min(size, len(in))], ops)) {
		return 0, awaitServer
	}
	if g.transaction != nil {
		g.transaction.outdates(t)
	}
	g.meaning.context.Temporary = g.temporary.certain(&g.replies)
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
	case wire.Describe:
		return g.small(in, size, ops, g.describe)
	case wire.Sync:
		if g.syncBounded(ops) {
			return g.client.forward(in, size, true, ops), 0
		}
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

// awaitServer is a need that only an answer of the server can meet.
const awaitServer = -1

// whole waits for a whole Query or Parse message, unless it is longer than what
// is to be inspected. Of a client that has not logged in nothing long is held: a
// stranger could fill the memory with it.
func (g *Guard) whole(in []byte, size int, ops *Ops, handle handler) (n, need int) {
	switch {
	case size > g.cfg.InspectBytes:
		return g.uninspected(in, size, ops), 0
	case size > maxHeld && !g.login.accepted:
		return 0, awaitServer
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
		g.temporary.sends(tooLong, false)
		return g.client.forward(in, size, g.askQuery(j, j, nil, ops), ops)
	}
	return g.client.forward(in, size, g.askParse(nil, j, ops), ops)
}
