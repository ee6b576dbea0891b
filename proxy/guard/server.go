package guard

import "github.com/pgcordon/pgcordon/proxy/wire"

// maxHeld is the longest message from the server that is held to be read as a
// whole. Those that matter are short; a longer one is passed as it comes.
const maxHeld = 1 << 16

// serverMessage handles the message that in begins with. It returns how much of
// in it consumed, or how many bytes it needs.
func (g *Guard) serverMessage(in []byte, ops *Ops) (n, need int) {
	size := wire.Size(in)
	if size < wire.HeaderSize { // where the next message begins is lost
		g.end(wire.ProtocolViolation, "pgcordon: the server broke the protocol", "A message's length is below 4.", "", ops)
		return 0, maxHeld
	}
	p := g.replies.part()
	if t := g.transaction; t != nil && t.unsettled != nil && (len(in) >= size || size > maxHeld) {
		t.unsettled.sees(in[:min(len(in), size)])
	}
	if p.gathers() && size <= serverBuffer {
		if len(in) < size {
			return 0, size
		}
		g.gather(p, in[:size], ops)
		return size, 0
	}
	if p != nil && p.script != nil {
		p.script.flush(ops)
	}
	return g.heard(p, in, size, ops)
}

// heard handles a message of the given size that answers p, as serverMessage does.
func (g *Guard) heard(p *part, in []byte, size int, ops *Ops) (n, need int) {
	if (held(in[0]) || p != nil && p.aside != nil && in[0] == wire.DataRow) && size <= maxHeld {
		if len(in) < size {
			return 0, size
		}
		if p == nil || !g.apart(p, in[:size], ops) {
			g.serverWhole(in[0], in[:size], ops)
		}
		return size, 0
	}
	hidden := p != nil && p.hides(in[0])
	g.reply(in[0], ops)
	return g.server.forward(in, size, hidden, ops), 0
}

// held tells which messages are read as a whole.
func held(t byte) bool {
	switch t {
	case wire.CommandComplete, wire.ErrorResponse, wire.ReadyForQuery, wire.ParameterStatus, wire.Authentication,
		wire.NoticeResponse, wire.ParameterDescription, wire.BackendKeyData:
		return true
	}
	return false
}

func (g *Guard) serverWhole(t byte, message []byte, ops *Ops) {
	body := message[wire.HeaderSize:]
	switch t {
	case wire.Authentication:
		g.authentication(message, ops)
		return
	case wire.ParameterStatus:
		g.reported(body)
		g.told(body)
	case wire.BackendKeyData:
		g.keyData(body)
	case wire.ParameterDescription:
		g.described(body)
	case wire.CommandComplete:
		g.completed(body, ops)
	case wire.ReadyForQuery:
		g.readyForQuery(body, ops)
		if g.rules.readOnly && !g.readOnly.kept {
			g.endReadOnly(ops)
			return
		}
	case wire.NoticeResponse:
		if g.refusalIn(message) != nil { // about a substitute, which the client did not send
			ops.drop(len(message))
			return
		}
	case wire.ErrorResponse:
		rewritten, ours := g.rewrite(message)
		g.failed(body, ops)
		if ours {
			ops.drop(len(message))
			ops.send(rewritten)
			return
		}
	}
	ops.pass(len(message))
}

// reported notes a ParameterStatus.
func (g *Guard) reported(body []byte) {
	if name, value, err := wire.Status(body); err == nil {
		g.meaning.reported(name, value)
		g.readOnly.reported(name, value)
		if g.glass != nil {
			g.glass.reported(name, value)
		}
	}
}

// told notes what the client now knows of a setting.
func (g *Guard) told(body []byte) {
	if name, value, err := wire.Status(body); err == nil && g.transaction != nil {
		g.transaction.tells(string(name), string(value))
	}
}

// reply follows a message of which only the type matters.
func (g *Guard) reply(t byte, ops *Ops) {
	switch t {
	case wire.ParseComplete:
		g.settled(wire.Parse)
	case wire.BindComplete:
		g.settled(wire.Bind)
	case wire.CloseComplete:
		g.settled(wire.Close)
	case wire.RowDescription, wire.NoData:
		g.settled(wire.Describe)
	case wire.PortalSuspended, wire.EmptyQueryResponse:
		g.completed(nil, ops)
	case wire.CopyInResponse:
		g.replies.copyIn()
	}
}

// settled notes that the server has done what the oldest request of this kind
// asked for.
func (g *Guard) settled(kind byte) {
	q := g.replies.front(kind)
	if q == nil {
		return
	}
	if q.part != nil {
		q.part.over = true
	}
	switch {
	case q.part != nil && q.part.aside != nil: // it has a name of its own
	case kind == wire.Parse:
		g.statements.settle(q.name, q.judged, true)
	case kind == wire.Bind:
		g.portals.settle(q.name, q.judged, true)
	case kind == wire.Close:
		if q.object == wire.KindStatement {
			g.statements.remove(q.name)
		} else {
			g.portals.remove(q.name)
		}
	}
	g.replies.pop()
}
