package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/proxy/transport"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

var sslRequest = []byte{0, 0, 0, 8, 4, 210, 22, 47}

// dial connects to the target's server, unless the session has to end meanwhile.
func (s *session) dial() (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.place.policy.Limits.DialTimeout)
	defer cancel()
	s.ending.Hear(cancel)
	defer s.ending.Hear(nil)
	return s.place.dial(ctx)
}

// dial connects to the target's server, inside TLS where it is configured. The
// connection has no deadline; ctx has one.
func (p *place) dial(ctx context.Context) (net.Conn, error) {
	conn, err := transport.Dial(ctx, p.target.Upstream)
	if err != nil {
		return nil, fail(KindDial, "connect to the server", err)
	}
	if p.serverTLS == nil {
		return conn, nil
	}
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	secured, err := p.secure(ctx, conn)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	return secured, nil
}

// secure asks the server for TLS. Exactly one byte is read in clear, so that
// nothing which came before the handshake counts as inside it (CVE-2021-23222).
func (p *place) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	if _, err := conn.Write(sslRequest); err != nil {
		return nil, fail(KindUpstreamTLS, "ask the server for TLS", err)
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return nil, fail(KindUpstreamTLS, "ask the server for TLS", err)
	}
	switch {
	case answer[0] == 'S':
	case answer[0] == 'N' && p.target.ServerTLS.Mode == "prefer":
		return conn, nil
	case answer[0] == 'N':
		return nil, fail(KindUpstreamTLS, "ask the server for TLS", errors.New("the server does not offer it"))
	default:
		return nil, fail(KindUpstreamTLS, "ask the server for TLS", fmt.Errorf("unexpected answer %q", answer[0]))
	}
	secured := tls.Client(relay.NewUnderlay(conn, nil), p.serverTLS)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fail(KindUpstreamTLS, "TLS handshake with the server", err)
	}
	return secured, nil
}

// hidePlus tells whether SCRAM's channel binding must be hidden from the client:
// the server offers it on a TLS connection, and the client is not on one that
// shows the same certificate.
func (p *place) hidePlus(client *tls.Conn, server net.Conn) bool {
	upstream, ok := server.(*tls.Conn)
	if !ok {
		return false
	}
	if client == nil || p.clientTLS == nil || len(p.clientTLS.Certificates) == 0 {
		return true
	}
	shown := p.clientTLS.Certificates[0].Certificate[0]
	peers := upstream.ConnectionState().PeerCertificates
	return len(peers) == 0 || !bytes.Equal(shown, peers[0].Raw)
}

// dialFailure is what a client is told when its server cannot be reached.
func dialFailure(target string) *relay.Farewell {
	return &relay.Farewell{
		Code:    wire.CannotConnectNow,
		Message: fmt.Sprintf("pgcordon: the server of target %s cannot be reached", target),
		Hint:    "The log of pgcordon says why.",
	}
}
