package proxy

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// cancelWait bounds how long the server may take to close after a CancelRequest.
const cancelWait = 10 * time.Second

// forwardCancel hands a CancelRequest to the server, verbatim, whatever the length
// of its key, and waits until the server has closed: that is how a client knows
// that the signal is on its way.
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
func (s *session) forwardCancel(packet []byte) error {
	admission := s.place.policy.MayAdmit(s.place.target, s.client.Source)
	switch {
	case !admission.Allowed:
		s.recordCancel("refused", admission)
		return fail(KindRefused, "cancel request", errRefused)
	case !s.server.cancels.allow(s.facts.Address, s.place.policy.Limits.CancelsPerSecond):
		s.recordCancel("rate_limited", admission)
		return fail(KindLimit, "cancel request", errCancelRate)
	}
	conn, err := s.dial()
	if err != nil {
		s.recordCancel("failed", admission)
		return err
	}
	if err := deliverCancel(conn, packet); err != nil {
		s.recordCancel("failed", admission)
		return err
	}
	s.recordCancel("forwarded", admission)
	return nil
}

// deliverCancel sends a CancelRequest, and closes the connection when the server has.
func deliverCancel(conn net.Conn, packet []byte) error {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(cancelWait))
	if _, err := conn.Write(packet); err != nil {
		return fail(KindUpstream, "send a cancel request", err)
	}
	_, _ = io.Copy(io.Discard, conn)
	return nil
}

// cancelRates limits cancel requests by source address.
type cancelRates struct {
	mu  sync.Mutex
	per map[netip.Addr]*rate.Limiter
}

// maxCancelSources bounds the addresses that are remembered.
const maxCancelSources = 4096

func (c *cancelRates) allow(from netip.Addr, perSecond int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit, burst := rate.Limit(perSecond), max(1, perSecond)
	l := c.per[from]
	if l == nil {
		if c.per == nil || len(c.per) >= maxCancelSources {
			c.per = map[netip.Addr]*rate.Limiter{}
		}
		l = rate.NewLimiter(limit, burst)
		c.per[from] = l
	}
	l.SetLimit(limit) // a reload may have changed it
	l.SetBurst(burst)
	return l.Allow()
}
