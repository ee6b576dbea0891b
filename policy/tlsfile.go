package policy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"
)

// pair loads a certificate and its key from n's keys, nil if it names neither.
// They are loaded with the policy, so that a policy that took effect cannot turn
// out later to have none.
func (d *decoder) pair(n *yaml.Node, certificate, key string) *tls.Certificate {
	switch {
	case certificate == "" && key == "":
		return nil
	case certificate == "":
		d.errorf(lookup(n, "key"), "key needs a certificate")
		return nil
	case key == "":
		d.errorf(lookup(n, "certificate"), "certificate needs a key")
		return nil
	}
	certPEM, ok := d.content(lookup(n, "certificate"), certificate)
	keyPEM, okKey := d.content(lookup(n, "key"), key)
	if !ok || !okKey {
		return nil
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		d.errorf(lookup(n, "certificate"), "load certificate %s with key %s: %v", certificate, key, err)
		return nil
	}
	return &pair
}

// roots loads the authorities in a file, nil if it is not named.
func (d *decoder) roots(n *yaml.Node, path string) *x509.CertPool {
	if path == "" {
		return nil
	}
	pem, ok := d.content(n, path)
	if !ok {
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		d.errorf(n, "load authorities: no certificate in %s", path)
		return nil
	}
	return pool
}

func (d *decoder) content(n *yaml.Node, path string) ([]byte, bool) {
	content, err := readRegular(path)
	if err != nil {
		d.errorf(n, "%v", err)
		return nil, false
	}
	return content, true
}

// readRegular reads a file that a policy names. A pipe or a device could block a
// reload for ever, so neither is opened.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: not a regular file", path)
	}
	content, err := readFile(path)
	if err == nil && len(content) > maxFile {
		err = errors.New("the file is too large")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return content, nil
}
