// Package transporttest makes certificates for tests: an authority of the test's own,
// and what it signs for servers and clients, as files that a configuration can name.
//
//	ca := transporttest.NewAuthority(t, "Test CA")
//	server := ca.Server(t, "localhost", "127.0.0.1")
//	client := ca.Client(t, transporttest.Subject{CN: "batch-1", OU: []string{"nightly"}})
//	// ca.File, server.Certificate, server.Key, client.Certificate, ...
//
// Everything is valid from an hour ago to an hour from now, and removed with the test.
package transporttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates.
type Authority struct {
	File string         // its certificate, PEM
	Pool *x509.CertPool // the same, loaded

	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Pair is a certificate with its key. Both files are PEM; the key's mode is 0600, as
// libpq and PostgreSQL want it.
type Pair struct {
	Certificate, Key string // paths
	TLS              tls.Certificate
}

// Subject is what a client certificate says of its owner.
type Subject struct {
	CN    string
	O, OU []string
	DNS   []string // subject alternative names, like URI and Email
	URI   []string
	Email []string
	// Expired makes the certificate end a minute ago.
	Expired bool
}

// NewAuthority makes an authority with the given common name.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	template := template(pkix.Name{CommonName: name})
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	key := newKey(t)
	der := sign(t, template, template, key, key)
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &Authority{File: writePEM(t, t.TempDir(), "ca.pem", "CERTIFICATE", der), certificate: certificate, key: key}
	a.Pool = x509.NewCertPool()
	a.Pool.AddCert(certificate)
	return a
}

// Server signs a certificate for a server at the given host names and addresses.
// The first is its common name too.
func (a *Authority) Server(t testing.TB, hosts ...string) Pair {
	t.Helper()
	c := template(pkix.Name{CommonName: hosts[0]})
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, host)
		}
	}
	return a.issue(t, c)
}

// Client signs a certificate for a client.
func (a *Authority) Client(t testing.TB, s Subject) Pair {
	t.Helper()
	c := template(pkix.Name{CommonName: s.CN, Organization: s.O, OrganizationalUnit: s.OU})
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	c.DNSNames, c.EmailAddresses = s.DNS, s.Email
	for _, text := range s.URI {
		uri, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		c.URIs = append(c.URIs, uri)
	}
	if s.Expired {
		c.NotAfter = time.Now().Add(-time.Minute)
	}
	return a.issue(t, c)
}

func (a *Authority) issue(t testing.TB, c *x509.Certificate) Pair {
	t.Helper()
	key := newKey(t)
	der := sign(t, c, a.certificate, key, a.key)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := Pair{
		Certificate: writePEM(t, dir, "certificate.pem", "CERTIFICATE", der),
		Key:         writePEM(t, dir, "key.pem", "PRIVATE KEY", keyDER),
	}
	if p.TLS, err = tls.LoadX509KeyPair(p.Certificate, p.Key); err != nil {
		t.Fatal(err)
	}
	return p
}

func template(name pkix.Name) *x509.Certificate {
	return &x509.Certificate{
		Subject:   name,
		NotBefore: time.Now().Add(-time.Hour),
		NotAfter:  time.Now().Add(time.Hour),
		KeyUsage:  x509.KeyUsageDigitalSignature,
	}
}

func sign(t testing.TB, c, parent *x509.Certificate, key, by *ecdsa.PrivateKey) []byte {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writePEM(t testing.TB, dir, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
