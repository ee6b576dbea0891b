package proxy

import (
	"errors"
	"io"
	"time"
)

// forwardForeign lets the server refuse a protocol version that pgcordon does not
// speak: the wording names what the server supports. Nothing but its answer goes
// through.
func (s *session) forwardForeign(o *opening) error {
	admission := s.place.policy.MayAdmit(s.place.target, s.client.Source)
	if !admission.Allowed {
		tell(o.conn, s.refusal(admission))
		return &Error{Kind: KindRefused, Op: "session", Err: errRefused, Told: true}
	}
	conn, err := s.place.dialUpstream(s.ctx)
	if err != nil {
		tell(o.conn, dialFailure(s.place.target.Name))
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(s.place.policy.Limits.DialTimeout))
	if _, err := conn.Write(o.packet); err != nil {
		return fail(KindUpstream, "send the startup packet", err)
	}
	const longestAnswer = 1 << 16
	_, _ = io.Copy(o.conn, io.LimitReader(conn, longestAnswer))
	closeGently(o.conn)
	drain(o.conn)
	return fail(KindVersion, "startup", errors.New("unsupported protocol version"))
}
