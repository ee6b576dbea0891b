package identity

import (
	"crypto/x509"
	"fmt"
	"strings"
)

// CertificatePattern is what a rule asks of a client certificate. A field
// without globs asks nothing; each other field needs one of its globs to match
// one of the certificate's values. The zero pattern is met by any certificate
// that verified.
type CertificatePattern struct {
	CommonName   []Glob
	Organization []Glob
	Unit         []Glob
	DNS          []Glob
	URI          []Glob
	Email        []Glob
	Issuer       []Glob // the issuer's common name
}

// CertificateOf returns what rules may match of a verified certificate, nil for nil.
func CertificateOf(c *x509.Certificate) *Certificate {
	if c == nil {
		return nil
	}
	out := &Certificate{
		CommonName:   c.Subject.CommonName,
		Organization: c.Subject.Organization,
		Unit:         c.Subject.OrganizationalUnit,
		DNS:          c.DNSNames,
		Email:        c.EmailAddresses,
		Issuer:       c.Issuer.CommonName,
	}
	if c.SerialNumber != nil {
		out.Serial = fmt.Sprintf("%x", c.SerialNumber)
	}
	for _, uri := range c.URIs {
		out.URI = append(out.URI, uri.String())
	}
	return out
}

// match tells whether the certificate meets the pattern, and by which fact.
func (p *CertificatePattern) match(c *Certificate) (fact string, ok bool) {
	if c == nil {
		return "", false
	}
	fields := [...]struct {
		name   string
		globs  []Glob
		values []string
	}{
		{"CN", p.CommonName, []string{c.CommonName}},
		{"O", p.Organization, c.Organization},
		{"OU", p.Unit, c.Unit},
		{"DNS name", p.DNS, c.DNS},
		{"URI", p.URI, c.URI},
		{"email", p.Email, c.Email},
		{"issuer", p.Issuer, []string{c.Issuer}},
	}
	var facts []string
	for _, field := range fields {
		if len(field.globs) == 0 {
			continue
		}
		value, glob, ok := firstMatch(field.globs, field.values)
		if !ok {
			return "", false
		}
		facts = append(facts, fmt.Sprintf("%s %s matches %s", field.name, value, glob))
	}
	if facts == nil {
		return fmt.Sprintf("certificate CN %s verified", c.CommonName), true
	}
	return "certificate " + strings.Join(facts, ", "), true
}

func firstMatch(globs []Glob, values []string) (value string, glob Glob, ok bool) {
	for _, value := range values {
		for _, glob := range globs {
			if glob.Match(value) {
				return value, glob, true
			}
		}
	}
	return "", Glob{}, false
}
