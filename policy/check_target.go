package policy

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/identity"
)

// checkTarget looks at what only shows where the parts of a target meet.
func checkTarget(d *decoder, n *yaml.Node, t *Target) {
	if t.Environment == identity.Unknown {
		d.errorf(lookup(n, "environment"), "environment %q means that no source rule matched, so it can be no target's", identity.Unknown)
	}
	if slices.Contains(t.Listen, t.Upstream) {
		d.errorf(lookup(n, "upstream"), "target %s would connect to itself: %s is also in listen", t.Name, t.Upstream)
	}
	if t.Upstream.Network == "unix" && t.ServerTLS.Mode != "disable" && t.ServerTLS.Mode != "prefer" {
		// src/backend/tcop/backend_startup.c, ProcessSSLStartup: "No SSL over Unix sockets"
		d.errorf(lookup(n, "server_tls", "mode"), "PostgreSQL offers no TLS on a unix socket; mode must be disable")
	}
	warnOfChannelBinding(d, n, t)
}

// warnOfChannelBinding tells of a combination in which SCRAM can fail without
// anybody having done anything wrong: RFC 5802, section 6, binds the log-in to the
// certificate that the client saw, and the server compares it with its own.
func warnOfChannelBinding(d *decoder, n *yaml.Node, t *Target) {
	if t.ClientTLS.Mode == "disable" || t.ServerTLS.Mode == "disable" || t.Upstream.Network == "unix" {
		return
	}
	d.warnf(lookup(n, "client_tls"), "target %s has TLS on both legs: SCRAM log-ins over TLS fail unless client_tls.certificate "+
		"is the server's own certificate, because channel binding compares the two; "+
		"use that certificate and its key, or set server_tls.mode to disable on a leg that is safe without, "+
		"or have clients connect with channel_binding=disable", t.Name)
}

// checkCatalogReader loads the password, so that a policy that took effect has it.
func checkCatalogReader(d *decoder, n *yaml.Node, c *CatalogReader) {
	if c.PasswordFile == "" {
		return
	}
	if content, ok := d.content(lookup(n, "password_file"), c.PasswordFile); ok {
		line, _, _ := strings.Cut(string(content), "\n")
		c.Password = strings.TrimSuffix(line, "\r")
	}
}

func checkClientTLS(d *decoder, n *yaml.Node, c *ClientTLS) {
	if c.Mode == "" {
		c.Mode = "disable"
		if c.Certificate != "" {
			c.Mode = "prefer"
		}
	}
	if c.ClientCertificate == "" {
		c.ClientCertificate = "none"
		if c.ClientCA != "" {
			c.ClientCertificate = "optional"
		}
	}
	if c.Mode != "disable" && c.Certificate == "" {
		d.errorf(lookup(n, "mode"), "mode %s needs a certificate and a key", c.Mode)
	}
	if c.ClientCertificate != "none" && c.ClientCA == "" {
		d.errorf(lookup(n, "client_certificate"), "client_certificate %s needs client_ca, the file of authorities to believe", c.ClientCertificate)
	}
	if c.ClientCertificate == "require" && c.Mode != "require" {
		d.errorf(lookup(n, "client_certificate"), "client_certificate require needs mode require: a client without TLS would need no certificate")
	}
	c.Pair = d.pair(n, c.Certificate, c.Key)
	c.Roots = d.roots(lookup(n, "client_ca"), c.ClientCA)
}

func checkServerTLS(d *decoder, n *yaml.Node, s *ServerTLS) {
	if verifies := s.Mode == "verify-ca" || s.Mode == "verify-full"; s.CA != "" && !verifies {
		d.warnf(lookup(n, "ca"), "ca is not looked at in mode %s; use verify-full", s.Mode)
	}
	if s.ServerName != "" && s.Mode != "verify-full" {
		d.warnf(lookup(n, "server_name"), "server_name is verified in mode verify-full only")
	}
	s.Pair = d.pair(n, s.Certificate, s.Key)
	s.Roots = d.roots(lookup(n, "ca"), s.CA)
}
