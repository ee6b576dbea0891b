//go:build linux

package epoll

import (
	"crypto/tls"
	"errors"
	"io"

	"golang.org/x/sys/unix"

	"github.com/pgcordon/pgcordon/proxy/relay"
)

// TLS runs inside the loop: the handshake was done by a goroutine, and from then on
// crypto/tls reads and writes through a socket that never waits.

// secured is TLS on one leg.
type secured struct {
	conn     *tls.Conn
	underlay *relay.Underlay // beneath it
	taken    uint64          // how many of its records have been used up
	// ahead is true while TLS may have read more than it has given out; prompted,
	// that the loop has been told to come back for it.
	ahead, prompted bool
}

// secure has an end read and write through the TLS of its leg, if it has any.
func (e *end) secure(l leg) {
	if l.tls == nil {
		return
	}
	l.underlay.Rebind(socket{e})
	e.secured = &secured{conn: l.tls, underlay: l.underlay, ahead: true} // a handshake's last read may have got more
}

// receiveTLS is receive for a leg with TLS. What crypto/tls has read from the socket
// and not given out yet shows in no event, so ahead tells of it: each Read that does not
// fill its buffer has used up one record, at least.
func (e *end) receiveTLS(into []byte) int {
	s := e.secured
	got, err := s.conn.Read(into)
	s.ahead = false
	switch {
	case err == nil && got == len(into):
		s.ahead = true
	case err == nil:
		s.taken++
		s.ahead = s.taken < s.underlay.Records()
	case errors.Is(err, errAgain):
		s.taken = s.underlay.Records()
	case errors.Is(err, io.ErrUnexpectedEOF): // closed without close_notify, as many do
		e.over = io.EOF
	default:
		e.over = err
	}
	return got
}

func (e *end) ahead() bool { return e.secured != nil && e.secured.ahead }

// prompt has the loop read this end again although no event will say so.
func (e *end) prompt() {
	if e.secured.prompted {
		return
	}
	e.secured.prompted = true
	e.session.loop.post(func() {
		e.secured.prompted = false
		if e.fd >= 0 {
			e.happened(unix.EPOLLIN)
		}
	})
}

// socket is what crypto/tls sees of an end's socket.
type socket struct{ end *end }

// Read returns errAgain, which crypto/tls takes as a passing condition, where it would
// have to wait.
func (s socket) Read(b []byte) (int, error) {
	n, errno := read(s.end.fd, b)
	switch {
	case again(errno):
		return 0, errAgain
	case errno != 0:
		return 0, errno
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write takes everything. While sendTLS runs it gathers records for one write of all;
// an alert, and what a handshake that goes on has to say, is written at once.
func (s socket) Write(b []byte) (int, error) {
	if s.end.fd < 0 {
		return 0, io.ErrClosedPipe
	}
	if l := s.end.session.loop; l.sealing {
		l.sealed = append(l.sealed, b...)
		return len(b), nil
	}
	return len(b), s.end.transmit(b, false)
}

// sendTLS writes b as one or several records, which go out together.
func (e *end) sendTLS(b []byte) error {
	l := e.session.loop
	l.sealed, l.sealing = l.sealed[:0], true
	_, err := e.secured.conn.Write(b)
	l.sealing = false
	if err != nil {
		return err
	}
	return e.transmit(l.sealed, false)
}

// wouldBlock is a net.Error that is temporary: crypto/tls keeps what it has read of a
// record and goes on with it at the next Read (conn.go, readRecordOrCCS).
type wouldBlock struct{}

func (wouldBlock) Error() string   { return "would block" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

var errAgain error = wouldBlock{}
