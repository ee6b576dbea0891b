package proxy

import (
	"errors"
	"io"
	"time"

	"github.com/pgcordon/pgcordon/proxy/relay"
)

// forwardForeign lets the server refuse a protocol version that pgcordon does not
// speak: the wording names what the server supports. Nothing but its answer goes
// through.
func (s *session) forwardForeign(o *opening) error {
	admission := s.place.policy.MayAdmit(s.place.target, s.client.Source)
	if !admission.Allowed {
		s.refusal(admission, s.client.Source).Tell(o.conn)
		return fail(KindRefused, "session", errRefused)
	}
	conn, err := s.dial()
	if err != nil {
		dialFailure(s.place.target.Name).Tell(o.conn)
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(s.place.policy.Limits.DialTimeout))
	if _, err := conn.Write(o.packet); err != nil {
		return fail(KindUpstream, "send the startup packet", err)
	}
	const longestAnswer = 1 << 16
	_, _ = io.Copy(o.conn, io.LimitReader(conn, longestAnswer))
	relay.CloseGently(o.conn)
	return fail(KindVersion, "startup", errors.New("unsupported protocol version"))
}
