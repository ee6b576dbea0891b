package transport_test

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/transport"
	"github.com/pgcordon/pgcordon/proxy/transport/transporttest"
)

// handshake lets the two speak TLS over a real connection and returns the states of
// both, or the errors. In TLS 1.3 a client hears only after its own handshake that
// its certificate was refused: hence the byte each way.
func handshake(t *testing.T, server, client *tls.Config) (atServer, atClient tls.ConnectionState, serverErr, clientErr error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialed, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s, c := tls.Server(accepted, server), tls.Client(dialed, client)
	done := make(chan error, 1)
	go func() { done <- exchange(s) }()
	clientErr = exchange(c)
	serverErr = <-done
	return s.ConnectionState(), c.ConnectionState(), serverErr, clientErr
}

func exchange(c *tls.Conn) error {
	defer c.NetConn().Close()
	if _, err := c.Write([]byte{'x'}); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 1))
	return err
}

func mustServer(t *testing.T, c policy.ClientTLS) *tls.Config {
	t.Helper()
	config, err := transport.ServerConfig(c)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func mustClient(t *testing.T, s policy.ServerTLS, host string) *tls.Config {
	t.Helper()
	config, err := transport.ClientConfig(s, host)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("unexpected error: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestServerIsVerifiedAsTheModeSays(t *testing.T) {
	ca, otherCA := transporttest.NewAuthority(t, "Server CA"), transporttest.NewAuthority(t, "Other CA")
	pair := ca.Server(t, "db.internal", "127.0.0.1")
	server := mustServer(t, policy.ClientTLS{Mode: "require", Pair: &pair.TLS})

	tests := []struct {
		name string
		host string
		tls  policy.ServerTLS
		want string // in the client's error
	}{
		{"prefer trusts anybody", "elsewhere", policy.ServerTLS{Mode: "prefer"}, ""},
		{"require trusts anybody", "elsewhere", policy.ServerTLS{Mode: "require", Roots: otherCA.Pool}, ""},
		{"verify-ca accepts another name", "elsewhere", policy.ServerTLS{Mode: "verify-ca", Roots: ca.Pool}, ""},
		{"verify-ca refuses another authority", "db.internal", policy.ServerTLS{Mode: "verify-ca", Roots: otherCA.Pool}, "unknown authority"},
		{"verify-ca without authorities takes the system's", "db.internal", policy.ServerTLS{Mode: "verify-ca"}, "unknown authority"},
		{"verify-full accepts the name", "db.internal", policy.ServerTLS{Mode: "verify-full", Roots: ca.Pool}, ""},
		{"verify-full accepts the address", "127.0.0.1", policy.ServerTLS{Mode: "verify-full", Roots: ca.Pool}, ""},
		{"verify-full accepts the configured name", "10.0.0.9", policy.ServerTLS{Mode: "verify-full", Roots: ca.Pool, ServerName: "db.internal"}, ""},
		{"verify-full refuses another name", "elsewhere", policy.ServerTLS{Mode: "verify-full", Roots: ca.Pool}, "not elsewhere"},
		{"verify-full refuses another address", "127.0.0.2", policy.ServerTLS{Mode: "verify-full", Roots: ca.Pool}, "not 127.0.0.2"},
		{"verify-full refuses another authority", "db.internal", policy.ServerTLS{Mode: "verify-full", Roots: otherCA.Pool}, "unknown authority"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, state, _, err := handshake(t, server, mustClient(t, tt.tls, tt.host))
			wantError(t, err, tt.want)
			if err == nil && state.NegotiatedProtocol != "postgresql" {
				t.Errorf("protocol %q", state.NegotiatedProtocol)
			}
		})
	}
}

// TestVerifyCAWantsAServersCertificate: a client's certificate of the same authority
// must not pass for the server.
func TestVerifyCAWantsAServersCertificate(t *testing.T) {
	ca := transporttest.NewAuthority(t, "CA")
	pair := ca.Client(t, transporttest.Subject{CN: "somebody"})
	server := mustServer(t, policy.ClientTLS{Mode: "require", Pair: &pair.TLS})
	_, _, _, err := handshake(t, server, mustClient(t, policy.ServerTLS{Mode: "verify-ca", Roots: ca.Pool}, "db"))
	wantError(t, err, "incompatible key usage")
}

func TestClientCertificateIsVerifiedAsConfigured(t *testing.T) {
	ca, otherCA := transporttest.NewAuthority(t, "Client CA"), transporttest.NewAuthority(t, "Other CA")
	serverPair := ca.Server(t, "db")
	known := ca.Client(t, transporttest.Subject{CN: "batch-1", O: []string{"Shop"}, OU: []string{"nightly"}, URI: []string{"spiffe://prod/batch"}})
	expired := ca.Client(t, transporttest.Subject{CN: "batch-1", Expired: true})
	stranger := otherCA.Client(t, transporttest.Subject{CN: "batch-1"})

	tests := []struct {
		name     string
		mode     string
		shown    *tls.Certificate
		want     string // in the server's error
		verified bool
	}{
		{"none, known", "none", &known.TLS, "", false},
		{"none, stranger", "none", &stranger.TLS, "", false},
		{"optional, nothing shown", "optional", nil, "", false},
		{"optional, known", "optional", &known.TLS, "", true},
		{"optional, stranger", "optional", &stranger.TLS, "unknown authority", false},
		{"optional, expired", "optional", &expired.TLS, "expired", false},
		{"optional, a server's", "optional", &serverPair.TLS, "incompatible key usage", false},
		{"require, nothing shown", "require", nil, "didn't provide a certificate", false},
		{"require, known", "require", &known.TLS, "", true},
		{"require, stranger", "require", &stranger.TLS, "unknown authority", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := mustServer(t, policy.ClientTLS{Mode: "prefer", Pair: &serverPair.TLS, ClientCertificate: tt.mode, Roots: ca.Pool})
			// ClientConfig shows a certificate that the server's authorities did not issue.
			client := mustClient(t, policy.ServerTLS{Mode: "require", Pair: tt.shown}, "db")
			state, _, serverErr, clientErr := handshake(t, server, client)
			wantError(t, serverErr, tt.want)
			if tt.want != "" && clientErr == nil {
				t.Error("the client noticed nothing")
			}
			if verified := serverErr == nil && len(state.VerifiedChains) > 0; verified != tt.verified {
				t.Errorf("verified: %v", verified)
			}
		})
	}
}

func TestConfigurationThatCannotWorkIsRefused(t *testing.T) {
	ca := transporttest.NewAuthority(t, "CA")
	pair := ca.Server(t, "db")
	servers := []struct {
		tls  policy.ClientTLS
		want string
	}{
		{policy.ClientTLS{Mode: "require"}, "without a certificate"},
		{policy.ClientTLS{Mode: "sometimes", Pair: &pair.TLS}, "unknown TLS mode"},
		{policy.ClientTLS{Mode: "require", Pair: &pair.TLS, ClientCertificate: "optional"}, "without an authority"},
		{policy.ClientTLS{Mode: "require", Pair: &pair.TLS, ClientCertificate: "require"}, "without an authority"},
		{policy.ClientTLS{Mode: "require", Pair: &pair.TLS, ClientCertificate: "please", Roots: ca.Pool}, "unknown client_certificate"},
	}
	for _, tt := range servers {
		_, err := transport.ServerConfig(tt.tls)
		wantError(t, err, tt.want)
	}
	_, err := transport.ClientConfig(policy.ServerTLS{Mode: "verify-full"}, "")
	wantError(t, err, "without a host name")
	_, err = transport.ClientConfig(policy.ServerTLS{Mode: "allow"}, "db")
	wantError(t, err, "unknown TLS mode")
}

func TestDisabledTLSHasNoConfiguration(t *testing.T) {
	for _, mode := range []string{"", "disable"} {
		if c := mustServer(t, policy.ClientTLS{Mode: mode}); c != nil {
			t.Errorf("clients, mode %q: %v", mode, c)
		}
		if c := mustClient(t, policy.ServerTLS{Mode: mode}, "db"); c != nil {
			t.Errorf("server, mode %q: %v", mode, c)
		}
	}
}

func TestOldTLSVersionsAndOtherProtocolsAreRefused(t *testing.T) {
	ca := transporttest.NewAuthority(t, "CA")
	pair := ca.Server(t, "db")
	server := mustServer(t, policy.ClientTLS{Mode: "require", Pair: &pair.TLS})

	_, _, err, _ := handshake(t, server, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	wantError(t, err, "unsupported versions")
	_, _, err, _ = handshake(t, server, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	wantError(t, err, "requested unsupported application protocols")
	state, _, err, _ := handshake(t, server, &tls.Config{InsecureSkipVerify: true}) // libpq before 17
	wantError(t, err, "")
	if state.NegotiatedProtocol != "" {
		t.Errorf("protocol %q", state.NegotiatedProtocol)
	}
}

// TestNoSessionIsResumed: a resumed session would skip the client's certificate.
func TestNoSessionIsResumed(t *testing.T) {
	ca := transporttest.NewAuthority(t, "CA")
	pair, client := ca.Server(t, "db"), ca.Client(t, transporttest.Subject{CN: "batch-1"})
	server := mustServer(t, policy.ClientTLS{Mode: "require", Pair: &pair.TLS, ClientCertificate: "require", Roots: ca.Pool})
	caching := &tls.Config{
		InsecureSkipVerify: true, ServerName: "db", Certificates: []tls.Certificate{client.TLS},
		ClientSessionCache: tls.NewLRUClientSessionCache(4),
	}
	for range 2 {
		state, _, err, _ := handshake(t, server, caching)
		if err != nil || state.DidResume {
			t.Errorf("resumed: %v, %v", state.DidResume, err)
		}
	}
}
