package pgtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
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

// Authority is a certificate authority that a test trusts.
type Authority struct {
	File        string // PEM
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	dir         string
	issued      int64
}

// Leaf is what a certificate says. Without names it is one for this machine:
// localhost, 127.0.0.1 and ::1.
type Leaf struct {
	CommonName         string
	Organization, Unit []string
	DNS, URI, Email    []string
	Expired            bool
}

// KeyPair is where an issued certificate and its key are, in PEM.
type KeyPair struct{ CertificateFile, KeyFile string }

// NewAuthority makes an authority whose files live as long as the test.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	a := &Authority{dir: t.TempDir(), key: newKey(t)}
	a.certificate = a.template(pkix.Name{CommonName: name})
	a.certificate.IsCA, a.certificate.BasicConstraintsValid = true, true
	a.certificate.KeyUsage = x509.KeyUsageCertSign
	a.File = filepath.Join(a.dir, "ca.pem")
	a.sign(t, a.certificate, &a.key.PublicKey, a.File)
	return a
}

// Issue signs a certificate that is good for servers and clients alike.
func (a *Authority) Issue(t testing.TB, leaf Leaf) KeyPair {
	t.Helper()
	c := a.template(pkix.Name{CommonName: leaf.CommonName, Organization: leaf.Organization, OrganizationalUnit: leaf.Unit})
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	c.DNSNames, c.EmailAddresses, c.URIs = leaf.DNS, leaf.Email, parseURIs(t, leaf.URI)
	if len(leaf.DNS)+len(leaf.URI)+len(leaf.Email) == 0 {
		c.DNSNames = []string{"localhost"}
		c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	if leaf.Expired {
		c.NotAfter = time.Now().Add(-time.Minute)
	}
	key := newKey(t)
	base := filepath.Join(a.dir, c.SerialNumber.Text(16))
	pair := KeyPair{CertificateFile: base + ".crt", KeyFile: base + ".key"}
	a.sign(t, c, &key.PublicKey, pair.CertificateFile)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, pair.KeyFile, "PRIVATE KEY", der)
	return pair
}

func (a *Authority) template(subject pkix.Name) *x509.Certificate {
	a.issued++
	return &x509.Certificate{
		SerialNumber: big.NewInt(a.issued),
		Subject:      subject,
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
}

func (a *Authority) sign(t testing.TB, c *x509.Certificate, key *ecdsa.PublicKey, file string) {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, a.certificate, key, a.key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, file, "CERTIFICATE", der)
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func parseURIs(t testing.TB, texts []string) []*url.URL {
	t.Helper()
	var uris []*url.URL
	for _, text := range texts {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		uris = append(uris, u)
	}
	return uris
}

func writePEM(t testing.TB, file, kind string, der []byte) {
	t.Helper()
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
}
