//go:build linux

package epoll

import (
	"errors"
	"io"
)

// TLS runs inside the loop: the handshake was done by a goroutine, and from then on
// crypto/tls reads and writes through a socket that never waits.

// receiveTLS is receive for a leg with TLS. What crypto/tls has read from the socket
// and not given out yet shows in no event, so ahead tells of it: each Read that does not
// fill its buffer has used up one record, at least.
func (e *end) receiveTLS(into []byte) int {
	got, err := e.tls.Read(into)
	switch {
	case err == nil && got == len(into):
		e.ahead = true
	case err == nil:
		e.taken++
		e.ahead = e.taken < e.underlay.Records()
	case errors.Is(err, errAgain):
		e.taken, e.ahead = e.underlay.Records(), false
	case errors.Is(err, io.ErrUnexpectedEOF): // closed without close_notify, as many do
		e.over, e.ahead = io.EOF, false
	default:
		e.over, e.ahead = err, false
	}
	return got
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
	return len(b), s.end.transmit(b)
}

// sendTLS writes b as one or several records, which go out together.
func (e *end) sendTLS(b []byte) error {
	l := e.session.loop
	l.sealed, l.sealing = l.sealed[:0], true
	_, err := e.tls.Write(b)
	l.sealing = false
	if err != nil {
		return err
	}
	return e.transmit(l.sealed)
}

// wouldBlock is a net.Error that is temporary: crypto/tls keeps what it has read of a
// record and goes on with it at the next Read (conn.go, readRecordOrCCS).
type wouldBlock struct{}

func (wouldBlock) Error() string   { return "would block" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

var errAgain error = wouldBlock{}
