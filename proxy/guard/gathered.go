package guard

import (
	"maps"
	"slices"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// A server keeps what it says of a Query until it is done with it, 8 KiB have gathered, or it has an
// error or a notice to tell (PQ_SEND_BUFFER_SIZE in src/backend/libpq/pqcomm.c;
// send_message_to_frontend in src/backend/utils/error/elog.c). Of a Query that goes in
// chunks it is done with each, and a client that reads the answers to the first chunk may wait
// for those to the next without looking at anything else: libpq's PQgetResult does, when
// PQisBusy told that something has come. So the guard keeps what a server would.

// serverBuffer is how much a server keeps, in bytes.
const serverBuffer = 8 << 10

// gathers tells whether what answers it is kept: all but what the last chunk says, or what comes
// behind more than the server would keep.
func (p *part) gathers() bool {
	return p != nil && p.script != nil && p.script.query && !p.final && !p.script.flows
}

// gather handles a whole message that answers p, and keeps what the client is to receive of it.
func (g *Guard) gather(p *part, message []byte, ops *Ops) {
	var said Ops
	s := p.script
	g.heard(p, message, len(message), &said)
	for _, op := range said {
		switch op.Kind {
		case Pass:
			s.kept = append(s.kept, message...)
			ops.drop(op.N)
		case Send:
			s.kept = append(s.kept, op.Bytes...)
		case Drop:
			ops.drop(op.N)
		case End:
			s.flush(ops)
			ops.end()
		default:
			*ops = append(*ops, op)
		}
	}
	if s.flows = len(s.kept) > serverBuffer; s.flows || s.over || pressing(message[0]) {
		s.flush(ops)
	}
}

// pressing tells which messages a server does not keep.
func pressing(t byte) bool {
	return t == wire.NoticeResponse || t == wire.ErrorResponse || t == wire.CopyInResponse
}

// flush lets the client have what was kept, which the driver reads before the next call.
func (s *script) flush(ops *Ops) {
	if len(s.kept) > 0 {
		ops.send(s.kept)
		s.kept = nil
	}
}

// report lets the client know of settings. The server tells of what has changed right in
// front of ReadyForQuery (ReportChangedGUCOptions in src/backend/utils/misc/guc.c); in the middle of a
// string the client hears nothing, nor ever of what was changed back. changed are
// ParameterStatus messages.
func (g *Guard) report(changed []byte, ops *Ops) {
	last := map[string][]byte{}
	for rest := changed; len(rest) > 0; rest = rest[wire.Size(rest):] {
		name, _, _ := wire.Status(rest[wire.HeaderSize:])
		last[string(name)] = rest[:wire.Size(rest)]
	}
	for _, name := range slices.Sorted(maps.Keys(last)) {
		if _, value, _ := wire.Status(last[name][wire.HeaderSize:]); g.transaction.tells(name, string(value)) {
			ops.send(last[name])
		}
	}
}

// tells tells whether the client does not know yet that a setting has this value.
func (t *transaction) tells(name, value string) bool {
	was, told := t.told[name]
	if told || len(t.told) < maxTold {
		t.told[name] = value
	}
	return !told || was != value
}

// maxTold bounds the settings that are remembered: PostgreSQL reports fewer than 20.
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-ASYNC
const maxTold = 64
