package proxy

import (
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// listener accepts clients at one endpoint. What is behind it may change with a
// reload; the socket stays.
type listener struct {
	net.Listener
	endpoint policy.Endpoint
	place    atomic.Pointer[place]
}

// acceptPause is how long a listener waits after a failure such as a lack of file
// descriptors, which passes only when sessions end.
const acceptPause = 50 * time.Millisecond

// accept serves clients until the listener is closed.
func (s *Server) accept(l *listener) {
	for {
		conn, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			s.log.Error("accept failed", "listen", l.endpoint.Address, "error", err)
			time.Sleep(acceptPause)
			continue
		}
		s.admitConnection(l, conn)
	}
}

// admitConnection starts a session, or turns the client away where there are too
// many.
func (s *Server) admitConnection(l *listener, conn net.Conn) {
	p := l.place.Load()
	if !s.reserve(p.policy.Limits) {
		s.metrics.StartupFailed(p.target.Name, string(KindLimit))
		s.turnAway(conn)
		return
	}
	s.wait.Add(1)
	go s.serve(p, l, conn)
}

// turnAway tells a client that there are too many sessions. It must not wait for
// it: what does not fit into the socket's buffer is lost.
func (s *Server) turnAway(conn net.Conn) {
	full := relay.Farewell{Code: wire.TooManyConnections, Message: "pgcordon: too many sessions (limits.sessions, limits.prelogin_sessions)"}
	_ = conn.SetDeadline(time.Now().Add(acceptPause))
	_, _ = conn.Write(full.Encode())
	_ = conn.Close()
}

// reserve counts a session that begins; false where the limits are reached.
func (s *Server) reserve(limits policy.Limits) bool {
	open, inLogin := s.open.Add(1), s.inLogin.Add(1)
	if open <= int64(limits.Sessions) && inLogin <= int64(limits.PreLoginSessions) {
		return true
	}
	s.open.Add(-1)
	s.inLogin.Add(-1)
	return false
}
