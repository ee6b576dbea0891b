package transport

import (
	"crypto/tls"
	"fmt"

	"github.com/pgcordon/pgcordon/policy"
)

// protocols is what either leg calls the protocol in ALPN (PostgreSQL 17,
// src/include/libpq/pqcomm.h, PG_ALPN_PROTOCOL). A client that names only others
// is refused, one that names none is not: only direct TLS asks for it.
func protocols() []string { return []string{"postgresql"} }

// ServerConfig returns how to speak TLS with clients, nil where it is disabled. Each
// call takes the certificates that were loaded with the policy, so a reload brings
// new ones to new connections. It fails where the certificate or the authorities
// that the mode needs are missing.
func ServerConfig(c policy.ClientTLS) (*tls.Config, error) {
	switch c.Mode {
	case "", "disable":
		return nil, nil
	case "prefer", "require":
	default:
		return nil, fmt.Errorf("unknown TLS mode %q", c.Mode)
	}
	if c.Pair == nil {
		return nil, fmt.Errorf("TLS mode %s without a certificate", c.Mode)
	}
	verify, err := clientAuth(c.ClientCertificate)
	if err != nil {
		return nil, err
	}
	if verify != tls.NoClientCert && c.Roots == nil {
		// Go would believe the system's authorities instead.
		return nil, fmt.Errorf("client certificates (%s) without an authority to believe", c.ClientCertificate)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{*c.Pair},
		ClientAuth:   verify,
		ClientCAs:    c.Roots,
		MinVersion:   tls.VersionTLS12,
		NextProtos:   protocols(),
		// Small records first make a browser's page show sooner; here they only cost.
		DynamicRecordSizingDisabled: true,
		// PostgreSQL issues none either (be-secure-openssl.c, SSL_OP_NO_TICKET), and a
		// resumed session would not be verified against the present authorities.
		SessionTicketsDisabled: true,
	}, nil
}

func clientAuth(certificate string) (tls.ClientAuthType, error) {
	switch certificate {
	case "", "none":
		return tls.NoClientCert, nil
	case "optional":
		return tls.VerifyClientCertIfGiven, nil
	case "require":
		return tls.RequireAndVerifyClientCert, nil
	}
	return 0, fmt.Errorf("unknown client_certificate %q", certificate)
}
