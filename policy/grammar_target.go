package policy

import (
	"net/netip"
	"time"
)

var target = checked(mapping(
	Target{SearchPath: defaultSearchPath, ClientTLS: ClientTLS{Mode: "disable", ClientCertificate: "none"}, ServerTLS: ServerTLS{Mode: "disable"}},
	must(field("name", name, func(t *Target) *string { return &t.Name },
		"Name of the target in rules, events and metrics.")),
	must(field("environment", name, func(t *Target) *string { return &t.Environment },
		"The environment that the server belongs to.")),
	field("mode", mode, func(t *Target) *Mode { return &t.Mode },
		"enforce refuses; audit decides everything, records would_deny and changes nothing. Default enforce."),
	must(field("listen", listOf(endpoint), func(t *Target) *[]Endpoint { return &t.Listen },
		"Where clients connect: host:port, [v6 address]:port, :port or unix:/path.")),
	must(field("upstream", dialable, func(t *Target) *Endpoint { return &t.Upstream },
		"The server: host:port, [v6 address]:port or unix:/path of its socket.")),
	field("search_path", listOf(text), func(t *Target) *[]string { return &t.SearchPath },
		`The schemas that a name without a schema may be in, "$user" included. Default [public].`),
	field("client_tls", clientTLS, func(t *Target) *ClientTLS { return &t.ClientTLS },
		"TLS between clients and pgcordon."),
	field("server_tls", serverTLS, func(t *Target) *ServerTLS { return &t.ServerTLS },
		"TLS between pgcordon and the server."),
	field("proxy_protocol", proxyProtocol, func(t *Target) *[]netip.Prefix { return &t.Balancers },
		"Load balancers in front of pgcordon that send a PROXY header."),
	field("catalog", pointer(catalogReader), func(t *Target) **CatalogReader { return &t.Catalog },
		"Read keys, foreign keys and row estimates of the tables, for exact judgements and better messages. Default none."),
), checkTarget)

var catalogReader = checked(mapping(
	CatalogReader{Refresh: 5 * time.Minute},
	must(field("user", text, func(c *CatalogReader) *string { return &c.User },
		"Role to connect as. It needs no privilege but to connect.")),
	field("password_file", path, func(c *CatalogReader) *string { return &c.PasswordFile },
		"File whose first line is the role's password."),
	must(field("databases", listOf(text), func(c *CatalogReader) *[]string { return &c.Databases },
		"The databases to read.")),
	field("refresh", duration(time.Second, 24*time.Hour), func(c *CatalogReader) *time.Duration { return &c.Refresh },
		"How often to read them. Default 5m."),
), checkCatalogReader)

var clientTLS = checked(mapping(
	ClientTLS{},
	field("mode", word("mode", "disable", "prefer", "require"), func(c *ClientTLS) *string { return &c.Mode },
		"disable refuses TLS, prefer leaves it to the client, require refuses plain text. Default prefer with a certificate, else disable."),
	field("certificate", path, func(c *ClientTLS) *string { return &c.Certificate },
		"File with pgcordon's certificate and its chain, PEM."),
	field("key", path, func(c *ClientTLS) *string { return &c.Key },
		"File with the certificate's key, PEM."),
	field("client_ca", path, func(c *ClientTLS) *string { return &c.ClientCA },
		"File with the authorities that sign clients' certificates, PEM."),
	field("client_certificate", word("value", "none", "optional", "require"), func(c *ClientTLS) *string { return &c.ClientCertificate },
		"Whether clients show a certificate. Default optional with client_ca, else none."),
), checkClientTLS)

var serverTLS = checked(mapping(
	ServerTLS{Mode: "disable"},
	field("mode", word("mode", "disable", "prefer", "require", "verify-ca", "verify-full"), func(s *ServerTLS) *string { return &s.Mode },
		"As libpq's sslmode. Default disable."),
	field("ca", path, func(s *ServerTLS) *string { return &s.CA },
		"File with the authorities that sign the server's certificate, PEM. Default the system's."),
	field("certificate", path, func(s *ServerTLS) *string { return &s.Certificate },
		"File with the certificate that pgcordon shows to the server, PEM."),
	field("key", path, func(s *ServerTLS) *string { return &s.Key },
		"File with that certificate's key, PEM."),
	field("server_name", text, func(s *ServerTLS) *string { return &s.ServerName },
		"The name that the server's certificate must carry. Default the upstream's host."),
), checkServerTLS)

// proxyProtocol is a mapping with one key, so that another can join it.
var proxyProtocol = mapped(mapping(struct{ from []netip.Prefix }{},
	must(field("from", listOf(prefix), func(p *struct{ from []netip.Prefix }) *[]netip.Prefix { return &p.from },
		"Addresses whose PROXY header is believed, and required.")),
), func(p struct{ from []netip.Prefix }) []netip.Prefix { return p.from })
