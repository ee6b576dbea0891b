package relay

import (
	"io"
	"net"
)

// Underlay is the connection beneath a tls.Conn. It can be given bytes that were read
// before TLS began, and a relay can move it to other means of reading and writing
// once the handshake is over.
type Underlay struct {
	net.Conn
	prefix  []byte
	via     io.ReadWriter
	records records
}

// NewUnderlay returns an Underlay of conn whose first bytes are prefix, which it keeps.
func NewUnderlay(conn net.Conn, prefix []byte) *Underlay {
	return &Underlay{Conn: conn, prefix: prefix}
}

// Rebind makes everything that is read and written from now on go through via.
func (u *Underlay) Rebind(via io.ReadWriter) { u.via = via }

// Records returns how many records of TLS have been read to their end.
func (u *Underlay) Records() uint64 { return u.records.whole }

// Read implements net.Conn.
func (u *Underlay) Read(b []byte) (int, error) {
	n, err := u.read(b)
	u.records.pass(b[:n])
	return n, err
}

func (u *Underlay) read(b []byte) (int, error) {
	switch {
	case len(u.prefix) > 0:
		n := copy(b, u.prefix)
		u.prefix = u.prefix[n:]
		return n, nil
	case u.via != nil:
		return u.via.Read(b)
	}
	return u.Conn.Read(b)
}

// Write implements net.Conn.
func (u *Underlay) Write(b []byte) (int, error) {
	if u.via != nil {
		return u.via.Write(b)
	}
	return u.Conn.Write(b)
}
