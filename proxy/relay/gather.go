package relay

import (
	"errors"
	"net"

	"github.com/pgcordon/pgcordon/proxy/guard"
)

// errEnded reports that the guard wants the session to end.
var errEnded = errors.New("session ended by the guard")

// gather carries operations out, with one write for as many of them as possible.
type gather struct {
	to       net.Conn
	observer Observer
	parts    net.Buffers
	// writing is what parts.WriteTo works on: it consumes its receiver.
	writing net.Buffers
}

// carryOut performs the operations on the bytes that they consume and returns how
// many that were. It returns errEnded behind an End operation.
func (g *gather) carryOut(ops guard.Ops, in []byte) (consumed int, err error) {
	g.parts = g.parts[:0]
	for _, op := range ops {
		switch op.Kind {
		case guard.Pass:
			g.parts = append(g.parts, in[consumed:consumed+op.N])
			consumed += op.N
		case guard.Drop:
			consumed += op.N
		case guard.Send:
			g.parts = append(g.parts, op.Bytes)
		case guard.Begin:
			g.observer.Begin(op.Event)
		case guard.Finish:
			g.observer.Finish(op.Event, true)
		case guard.End:
			if err := g.flush(); err != nil {
				return consumed, err
			}
			return consumed, errEnded
		}
	}
	return consumed, g.flush()
}

func (g *gather) flush() error {
	switch len(g.parts) {
	case 0:
		return nil
	case 1:
		_, err := g.to.Write(g.parts[0])
		return err
	}
	g.writing = g.parts
	_, err := g.writing.WriteTo(g.to)
	return err
}
