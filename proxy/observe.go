package proxy

import (
	"errors"
	"time"

	"github.com/pgcordon/pgcordon/metrics"
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/guard"
)

// outcome names the end of a relayed session in metrics.
func (s *session) outcome(err error) string {
	var e *Error
	_, over := s.ending.Over()
	switch {
	case s.cause != "":
		return "not_read_only"
	case over:
		return "ended"
	case errors.As(err, &e):
		return string(e.Kind)
	}
	return "closed"
}

// Moved implements relay.Observer.
func (s *session) Moved(fromClient, fromServer int) {
	if fromClient > 0 {
		s.bytes.client.Add(int64(fromClient))
		s.metrics.FromClient(fromClient)
	}
	if fromServer > 0 {
		s.bytes.server.Add(int64(fromServer))
		s.metrics.FromServer(fromServer)
	}
}

// Spent implements relay.Observer.
func (s *session) Spent(d time.Duration) { s.metrics.Judged(d) }

// Passed implements guard.Observer.
func (s *session) Passed() {
	s.judged.Add(1)
	s.metrics.Statement(0, metrics.Allow)
}

// Judged implements guard.Observer.
func (s *session) Judged(effects parser.EffectSet, d policy.Decision) {
	s.judged.Add(1)
	decision := metrics.Allow
	switch {
	case d.Deny:
		decision = metrics.Deny
	case d.WouldDeny:
		decision = metrics.WouldDeny
	case d.Record:
		decision = metrics.Record
	}
	s.metrics.Statement(uint32(effects), decision)
}

// Working implements guard.Observer.
func (s *session) Working(w guard.Work) {
	switch w {
	case guard.Active:
		s.working.Store(time.Now().UnixMilli())
	case guard.IdleInTransaction:
		s.working.Store(-s.working.Load())
	default:
		s.working.Store(0)
	}
}
