package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/pgcordon/pgcordon/policy"
)

// ClientConfig returns how to speak TLS with the server at upstreamHost, nil where it
// is disabled. The modes mean what libpq's sslmode of the same name does
// (https://www.postgresql.org/docs/current/libpq-ssl.html), but that a CA changes
// nothing in mode require, and that verify-full looks at the subject alternative
// names only, as Go does, never at the common name.
//
// It fails where mode verify-full has no name to verify.
func ClientConfig(s policy.ServerTLS, upstreamHost string) (*tls.Config, error) {
	if s.Mode == "" || s.Mode == "disable" {
		return nil, nil
	}
	config := &tls.Config{
		RootCAs:    s.Roots,
		ServerName: upstreamHost, // also for SNI, which libpq sends in every mode (sslsni)
		MinVersion: tls.VersionTLS12,
		NextProtos: protocols(),
		// Small records first make a browser's page show sooner; here they only cost.
		DynamicRecordSizingDisabled: true,
	}
	if s.ServerName != "" {
		config.ServerName = s.ServerName
	}
	if s.Pair != nil {
		// Shown whatever authorities the server names, as libpq does. Go alone would
		// show none where it sees no match, and the server's error would not say why.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return s.Pair, nil }
	}
	switch s.Mode {
	case "prefer", "require": // encryption without knowing the peer
		config.InsecureSkipVerify = true
	case "verify-ca":
		config.InsecureSkipVerify = true // takes the place of Go's verification, which includes the name
		config.VerifyConnection = func(state tls.ConnectionState) error { return verifyChain(state, s.Roots) }
	case "verify-full":
		if config.ServerName == "" {
			return nil, errors.New("TLS mode verify-full without a host name to verify")
		}
	default:
		return nil, fmt.Errorf("unknown TLS mode %q", s.Mode)
	}
	return config, nil
}

// verifyChain does what Go does by default but for the host name. No roots: the
// system's.
func verifyChain(state tls.ConnectionState, roots *x509.CertPool) error {
	leaf := state.PeerCertificates[0] // a TLS server always shows one
	options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, intermediate := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(intermediate)
	}
	if _, err := leaf.Verify(options); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	return nil
}
