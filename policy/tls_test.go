package policy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificates returns a directory with two self-signed pairs under the names
// that the tests, the examples and the documentation use.
func certificates(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, pair := range [][]string{{"server.crt", "server.key", "ca.pem"}, {"client.crt", "client.key", "clients.pem"}} {
		cert, key := selfSigned(t)
		for i, content := range [][]byte{cert, key, cert} {
			if err := os.WriteFile(filepath.Join(dir, pair[i]), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func selfSigned(t testing.TB) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

// load writes a policy beside the certificates and loads it.
func load(t testing.TB, dir, content string) (*Policy, error) {
	t.Helper()
	file := filepath.Join(dir, "pgcordon.yaml")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(file)
}

func TestTLSFilesAreFoundBesideThePolicyAndLoaded(t *testing.T) {
	dir := certificates(t)
	p, err := load(t, dir, oneTarget+`    client_tls: {certificate: server.crt, key: server.key, client_ca: clients.pem}
    server_tls: {mode: verify-full, ca: `+dir+`/ca.pem, certificate: client.crt, key: client.key, server_name: db.internal}
`)
	if err != nil {
		t.Fatal(err)
	}
	client, server := p.Targets[0].ClientTLS, p.Targets[0].ServerTLS
	if client.Mode != "prefer" || client.ClientCertificate != "optional" {
		t.Errorf("defaults with a certificate and authorities: %s, %s", client.Mode, client.ClientCertificate)
	}
	if client.Certificate != filepath.Join(dir, "server.crt") || server.CA != filepath.Join(dir, "ca.pem") {
		t.Errorf("paths %s, %s", client.Certificate, server.CA)
	}
	if client.Pair == nil || client.Roots == nil || server.Pair == nil || server.Roots == nil {
		t.Errorf("not loaded: %+v %+v", client, server)
	}
	if server.ServerName != "db.internal" || server.Mode != "verify-full" {
		t.Errorf("server %+v", server)
	}
}

func TestTLSFilesThatDoNotFitAreRefused(t *testing.T) {
	dir := certificates(t)
	tests := []struct{ name, tls, want string }{
		{"key of another certificate", "client_tls: {certificate: server.crt, key: client.key}", "private key does not match public key"},
		{"key instead of a certificate", "client_tls: {certificate: server.key, key: server.key}", "load certificate"},
		{"authorities without a certificate", "server_tls: {mode: verify-ca, ca: server.key}", "load authorities: no certificate in"},
		{"directory", "server_tls: {mode: verify-ca, ca: .}", "not a regular file"},
		{"client certificates required of some only", "client_tls: {certificate: server.crt, key: server.key, client_ca: clients.pem, client_certificate: require}",
			"client_certificate require needs mode require"},
	}
	for _, test := range tests {
		_, err := load(t, dir, oneTarget+"    "+test.tls+"\n")
		var list Errors
		if !errors.As(err, &list) || !strings.Contains(err.Error(), test.want) || list[0].Line != 6 {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestTLSOnBothLegsWarnsOfChannelBinding(t *testing.T) {
	const client, server = "    client_tls: {certificate: server.crt, key: server.key}\n", "    server_tls: {mode: verify-full, ca: ca.pem}\n"
	dir := certificates(t)
	for content, want := range map[string]bool{client + server: true, client: false, server: false} {
		p, err := load(t, dir, oneTarget+content)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(p.Warnings.Error(), "channel_binding"); got != want {
			t.Errorf("%s: warned %v, want %v", content, got, want)
		}
	}
}

func TestPolicyThatCannotBeReadIsAnError(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.yaml"))
	if !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "load policy: ") {
		t.Error(err)
	}
	endless, err := Load("/dev/zero")
	if err == nil {
		t.Errorf("an endless file became %+v", endless)
	}
}
