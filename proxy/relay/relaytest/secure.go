package relaytest

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/proxy/transport/transporttest"
)

// secured puts TLS on a connection, with the relay's end as the server.
func secured(t *testing.T, near, far net.Conn) (net.Conn, net.Conn) {
	t.Helper()
	authority := transporttest.NewAuthority(t, "test")
	certificate := authority.Server(t, "localhost")
	pair, err := tls.LoadX509KeyPair(certificate.Certificate, certificate.Key)
	if err != nil {
		t.Fatal(err)
	}
	client := tls.Client(near, &tls.Config{InsecureSkipVerify: true})
	server := tls.Server(relay.NewUnderlay(far, nil), &tls.Config{Certificates: []tls.Certificate{pair}})
	shaken := make(chan error, 1)
	go func() { shaken <- client.Handshake() }()
	if err := server.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	return client, server
}
