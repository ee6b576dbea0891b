package proxy

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// opening is what a client's first bytes amount to.
type opening struct {
	conn   net.Conn // the client, inside TLS where it asked for it
	tls    *tls.Conn
	packet []byte       // the StartupMessage or CancelRequest, verbatim
	start  wire.Startup // unless cancel or foreign
	cancel bool         // a CancelRequest
	// foreign is true for a protocol version that pgcordon does not speak: the
	// server is to refuse it.
	foreign bool
	behind  []byte // what the client sent behind the packet
}

// negotiator reads startup packets. What it reads too much stays in buf, so that
// nothing which came before a TLS handshake can be taken for what came inside it
// (CVE-2021-23214).
type negotiator struct {
	conn     net.Conn
	buf      []byte
	tls      *tls.Conn
	config   *tls.Config // nil: no TLS for clients
	required bool
	ssl, gss bool // asked for, and answered
}

// open answers the requests that may precede the StartupMessage, in any order, and
// returns it. ProcessStartupPacket in src/backend/tcop/backend_startup.c.
func (n *negotiator) open() (*opening, error) {
	if err := n.direct(); err != nil {
		return nil, err
	}
	for {
		packet, err := n.packet()
		if err != nil {
			return nil, err
		}
		switch code := wire.StartupCode(packet); {
		case code == wire.SSLRequestCode && !n.ssl:
			n.ssl = true
			err = n.answerSSL()
		case code == wire.GSSENCRequestCode && !n.gss:
			n.gss = true
			err = n.answer('N')
		default:
			return n.opened(packet)
		}
		if err != nil {
			return nil, err
		}
	}
}

// direct starts TLS at once where the first byte is that of a TLS record
// (PostgreSQL 17: sslnegotiation=direct).
func (n *negotiator) direct() error {
	if err := n.fill(1); err != nil {
		return err
	}
	const recordTypeHandshake = 0x16
	if n.buf[0] != recordTypeHandshake {
		return nil
	}
	if n.config == nil {
		return fail(KindClientTLS, "direct TLS", errors.New("TLS is not configured for this target"))
	}
	if err := n.handshake(); err != nil {
		return err
	}
	if n.tls.ConnectionState().NegotiatedProtocol != "postgresql" {
		return fail(KindClientTLS, "direct TLS", errors.New("the client did not name the protocol postgresql by ALPN"))
	}
	return nil
}

func (n *negotiator) answerSSL() error {
	if n.config == nil || n.tls != nil {
		return n.answer('N')
	}
	if len(n.buf) > 0 {
		return fail(KindInjected, "SSLRequest", errors.New("received unencrypted data after SSL request"))
	}
	if err := n.answer('S'); err != nil {
		return err
	}
	n.gss = true // an accepted request closes both (be-secure.c)
	return n.handshake()
}

func (n *negotiator) answer(b byte) error {
	if _, err := n.conn.Write([]byte{b}); err != nil {
		return fail(KindClient, "answer an encryption request", err)
	}
	if len(n.buf) > 0 && b == 'N' {
		// libpq waits for the answer; so must everybody, or a client that asked
		// for encryption would be taken to have given it up.
		return fail(KindInjected, "encryption request", errors.New("received unencrypted data after an encryption request"))
	}
	return nil
}

func (n *negotiator) handshake() error {
	n.tls = tls.Server(relay.NewUnderlay(n.conn, n.buf), n.config)
	n.buf = nil
	if err := n.tls.Handshake(); err != nil {
		return fail(kindOfRead(err, KindClientTLS), "TLS handshake with the client", err)
	}
	n.conn = n.tls
	return nil
}

// packet reads one startup packet.
func (n *negotiator) packet() ([]byte, error) {
	if err := n.fill(4); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint32(n.buf))
	if size < wire.MinStartupSize || size > wire.MaxStartupSize {
		return nil, fail(KindStartup, "startup packet", fmt.Errorf("invalid length %d", size))
	}
	if err := n.fill(size); err != nil {
		return nil, err
	}
	packet := n.buf[:size:size]
	n.buf = n.buf[size:]
	return packet, nil
}

// fill reads until buf holds at least want bytes.
func (n *negotiator) fill(want int) error {
	for len(n.buf) < want {
		chunk := make([]byte, 1024)
		got, err := n.conn.Read(chunk)
		n.buf = append(n.buf, chunk[:got]...)
		if err != nil && len(n.buf) < want {
			if len(n.buf) == 0 && errors.Is(err, io.EOF) {
				return fail(KindProbe, "startup", err)
			}
			return fail(kindOfRead(err, KindStartup), "read the startup packet", err)
		}
	}
	return nil
}

func (n *negotiator) opened(packet []byte) (*opening, error) {
	o := &opening{conn: n.conn, tls: n.tls, packet: packet}
	if len(n.buf) > 0 { // else it would keep the packet
		o.behind = n.buf
	}
	code := wire.StartupCode(packet)
	switch {
	case code == wire.CancelRequestCode:
		o.cancel = true
		return o, nil
	case n.required && n.tls == nil:
		return o, fail(KindPlaintext, "startup", errors.New("this target requires TLS"))
	case code == wire.SSLRequestCode || code == wire.GSSENCRequestCode:
		// Repeated. Handed on, it would be the server's first.
		return o, fail(KindStartup, "startup packet", &wire.StartupError{Code: wire.FeatureNotSupported,
			Message: fmt.Sprintf("unsupported frontend protocol %d.%d", code>>16, code&0xffff)})
	case code>>16 != wire.Version30>>16:
		o.foreign = true
		return o, nil
	}
	start, err := wire.ParseStartup(packet)
	if err != nil {
		return o, fail(KindStartup, "startup packet", err)
	}
	o.start = start
	return o, nil
}

// kindOfRead tells a deadline from what else can end a read during the login.
func kindOfRead(err error, otherwise Kind) Kind {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return KindTimeout
	}
	return otherwise
}
