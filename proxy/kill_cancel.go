package proxy

import (
	"context"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// maxCuts bounds the connections that are open at a time to have servers stop: a drain
// may end every session at once.
const maxCuts = 32

// Cut implements relay.Observer. A server notices that its client has gone when it next
// talks to it, and until then goes on with what it was asked: it has to be told. A
// CancelRequest ends the statement that runs; what was sent in the same pipeline behind
// the next Sync may still run.
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
func (s *session) Cut(cancelKey string) {
	if s.working.Load() <= 0 || cancelKey == "" {
		return
	}
	s.server.wait.Add(1) // a drain waits; the session still counts, so that it has not ended
	go func() {
		defer s.server.wait.Done()
		s.server.cuts <- struct{}{}
		defer func() { <-s.server.cuts }()
		if err := s.place.cancel(wire.CancelRequest(cancelKey)); err != nil {
			s.log().Warn("the server could not be told to stop what it does for a session that was ended", "error", err)
		}
	}()
}

// cancel sends the target's server a CancelRequest of our own. It takes no longer than
// limits.dial_timeout and cancelWait.
func (p *place) cancel(packet []byte) error {
	ctx, stop := context.WithTimeout(context.Background(), p.policy.Limits.DialTimeout)
	defer stop()
	conn, err := p.dial(ctx)
	if err != nil {
		return err
	}
	return deliverCancel(conn, packet)
}
