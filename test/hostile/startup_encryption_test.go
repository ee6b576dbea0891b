package hostile

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// withTLS is a server, and a guard that offers TLS to clients, both with
// certificates of the same authority. more is further YAML.
func withTLS(t *testing.T, more string) (*pgtest.Server, *pgtest.Guard, *tls.Config) {
	t.Helper()
	server := pgtest.Start(t, pgtest.Config{Major: major, TLS: true})
	pair := server.CA.Issue(t, pgtest.Leaf{CommonName: "guard"})
	guard := pgtest.StartGuard(t, configuration(server.Addr(),
		fmt.Sprintf(", client_tls: {mode: prefer, certificate: %q, key: %q}", pair.CertificateFile, pair.KeyFile), more))
	pem, err := os.ReadFile(server.CA.File)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return server, guard, &tls.Config{RootCAs: roots, ServerName: "localhost"}
}

// ask sends a request and returns the byte that answers it.
func ask(t *testing.T, conn net.Conn, code uint32) byte {
	t.Helper()
	send(conn, packet(code))
	var answer [1]byte
	if _, err := conn.Read(answer[:]); err != nil {
		t.Fatalf("no answer to request %d: %v", code&0xffff, err)
	}
	return answer[0]
}

var wholeSession = join(startup(protocol3, "user", "postgres"), query("SELECT 1"), terminate)

func TestEncryptionRequestsInEveryOrder(t *testing.T) {
	secureServer, secureGuard, trust := withTLS(t, "")
	plainServer := pgtest.Shared(t, major)
	plainGuard := startGuard(t, plainServer, "")
	orders := map[string][]uint32{
		"SSL": {sslRequest}, "GSS": {gssRequest}, "SSL, GSS": {sslRequest, gssRequest}, "GSS, SSL": {gssRequest, sslRequest},
	}
	play := func(t *testing.T, addr string, order []uint32) string {
		conn := dial(t, addr)
		var answers []byte
		for _, code := range order {
			answers = append(answers, ask(t, conn, code))
			if answers[len(answers)-1] == 'S' {
				conn = tls.Client(conn, trust)
			}
		}
		send(conn, wholeSession)
		return string(answers) + " " + transcript(rest(t, conn), 0)
	}
	for name, order := range orders {
		t.Run(name+", refused", func(t *testing.T) {
			if got, want := play(t, plainGuard.Addr, order), play(t, plainServer.Addr(), order); got != want {
				t.Errorf("guarded %s\ndirect  %s", got, want)
			}
		})
		if name == "SSL, GSS" {
			continue // inside TLS it is no request any more: below
		}
		t.Run(name+", accepted", func(t *testing.T) {
			if got, want := play(t, secureGuard.Addr, order), play(t, secureServer.Addr(), order); got != want {
				t.Errorf("guarded %s\ndirect  %s", got, want)
			}
		})
	}
}

// A request that is repeated, or comes where encryption is settled, is a protocol
// version that nobody speaks.
func TestRepeatedEncryptionRequestIsRefused(t *testing.T) {
	_, secureGuard, trust := withTLS(t, "")
	server := pgtest.Shared(t, major)
	plainGuard := startGuard(t, server, "")
	for _, code := range []uint32{sslRequest, gssRequest} {
		for _, addr := range []string{server.Addr(), plainGuard.Addr} {
			conn := dial(t, addr)
			if got := ask(t, conn, code); got != 'N' {
				t.Errorf("answer %c", got)
			}
			send(conn, packet(code))
			expectUnsupported(t, transcript(rest(t, conn), 0), code)
		}
		conn := dial(t, secureGuard.Addr)
		ask(t, conn, sslRequest)
		secure := tls.Client(conn, trust)
		send(secure, packet(code))
		expectUnsupported(t, transcript(rest(t, secure), 0), code)
	}
}

func expectUnsupported(t *testing.T, got string, code uint32) {
	t.Helper()
	want := fmt.Sprintf("E(FATAL 0A000 unsupported frontend protocol 1234.%d", code&0xffff)
	if !strings.HasPrefix(got, want) {
		t.Errorf("answer %s, want %s", got, want)
	}
}

func TestDirectTLS(t *testing.T) {
	server, guard, trust := withTLS(t, "")
	named := trust.Clone()
	named.NextProtos = []string{"postgresql"}
	play := func(addr string) string {
		conn := tls.Client(dial(t, addr), named)
		answer := ask(t, conn, sslRequest)
		send(conn, wholeSession)
		return string(answer) + " " + transcript(rest(t, conn), 0)
	}
	got, want := play(guard.Addr), play(server.Addr())
	if got != want || !strings.HasPrefix(want, "N R ") {
		t.Errorf("guarded %s\ndirect  %s", got, want)
	}
	for name, protocols := range map[string][]string{"without ALPN": nil, "with another ALPN": {"http/1.1"}} {
		config := trust.Clone()
		config.NextProtos = protocols
		conn := tls.Client(dial(t, guard.Addr), config)
		send(conn, wholeSession)
		if got := make([]byte, 1); readsAnything(conn, got) {
			t.Errorf("%s: a session began with %q", name, got)
		}
	}
	plain := startGuard(t, pgtest.Shared(t, major), "")
	conn := tls.Client(dial(t, plain.Addr), named)
	if err := conn.Handshake(); err == nil {
		t.Error("a guard without a certificate took direct TLS")
	}
	stillServes(t, guard, "postgres")
}

func readsAnything(conn net.Conn, into []byte) bool {
	n, _ := conn.Read(into)
	return n > 0
}

func TestCancelRequestInsideTLS(t *testing.T) {
	server, guard, trust := withTLS(t, "")
	s := login(t, guard.Addr, "postgres")
	send(s, query("SELECT pg_sleep(60)"))
	untilAsleep(t, server, s)
	conn := dial(t, guard.Addr)
	ask(t, conn, sslRequest)
	secure := tls.Client(conn, trust)
	send(secure, cancelPacket(s))
	if got := rest(t, secure); len(got) > 0 {
		t.Errorf("a cancel request was answered %q", got)
	}
	if r := s.answer(); r.err == nil || r.err.Code != "57014" {
		t.Errorf("the query was not cancelled: %+v", r)
	}
}

// CVE-2021-23214: what comes in clear behind the request is not from inside TLS.
func TestBytesBehindAnEncryptionRequestEndTheSession(t *testing.T) {
	_, secure, _ := withTLS(t, "")
	plain := startGuard(t, pgtest.Shared(t, major), "")
	for name, c := range map[string]struct {
		addr   string
		code   uint32
		answer string
	}{
		"SSL accepted": {secure.Addr, sslRequest, ""},
		"SSL refused":  {plain.Addr, sslRequest, "N "},
		"GSS refused":  {secure.Addr, gssRequest, "N "},
	} {
		t.Run(name, func(t *testing.T) {
			got := transcript(exchange(t, c.addr, join(packet(c.code), wholeSession)), 1)
			if !strings.HasPrefix(got, c.answer+"E(FATAL 08P01 received unencrypted data after ") || strings.Contains(got, "R") && strings.Contains(got, " Z") {
				t.Errorf("answer %s", got)
			}
		})
	}
}

// TestFailedHandshakesLeaveNothingBehind holds up what pgbouncer #796 lost.
func TestFailedHandshakesLeaveNothingBehind(t *testing.T) {
	_, guard, _ := withTLS(t, "")
	stillServes(t, guard, "postgres")
	before := usageOf(t, guard)
	for i := range 200 {
		conn := dial(t, guard.Addr)
		ask(t, conn, sslRequest)
		switch i % 4 {
		case 0:
			_ = tls.Client(conn, &tls.Config{ServerName: "localhost"}).Handshake() // trusts nobody
		case 1:
			send(conn, wholeSession) // no handshake at all
		case 2:
			send(conn, []byte{0x16, 3, 1, 0xff, 0xff, 1})
		}
		conn.Close()
	}
	before.expectAgain(t, guard)
	stillServes(t, guard, "postgres")
}
