package operations

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// encrypted is how a client speaks TLS: it believes an authority, and shows a
// certificate where pair is not nil. There is no falling back to plain.
func encrypted(t testing.TB, believes *pgtest.Authority, pair *pgtest.KeyPair) connection {
	t.Helper()
	pem, err := os.ReadFile(believes.File)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost", NextProtos: []string{"postgresql"}}
	config.RootCAs.AppendCertsFromPEM(pem)
	if pair != nil {
		shown, err := tls.LoadX509KeyPair(pair.CertificateFile, pair.KeyFile)
		if err != nil {
			t.Fatal(err)
		}
		// Shown whatever authorities the guard names, as libpq does.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &shown, nil }
	}
	return func(c *pgx.ConnConfig) { c.TLSConfig, c.Fallbacks = config, nil }
}

// clientTLS is the target's key of that name.
func clientTLS(mode string, shows pgtest.KeyPair, more string) string {
	return fmt.Sprintf("client_tls: {mode: %s, certificate: %q, key: %q%s}", mode, shows.CertificateFile, shows.KeyFile, more)
}

// stageWith is a stage on a shared server with keys of its own for the target.
func stageWith(t testing.TB, server *pgtest.Server, target, rest string) stage {
	t.Helper()
	s := stage{server: server, database: anyDatabase}
	s.guard = pgtest.StartGuard(t, policyFor(server.Addr(), target, rest))
	return s
}

func TestClientLegIsEncryptedAsTheModeSays(t *testing.T) {
	t.Parallel()
	ca := pgtest.NewAuthority(t, "Guard CA")
	pair := ca.Issue(t, pgtest.Leaf{CommonName: "guard"})
	for mode, works := range map[string]struct{ plain, tls bool }{
		"disable": {plain: true}, "prefer": {plain: true, tls: true}, "require": {tls: true},
	} {
		t.Run(mode, func(t *testing.T) {
			s := stageWith(t, pgtest.Shared(t, 17), clientTLS(mode, pair, ""), "")
			if _, err := s.open(t, production); (err == nil) != works.plain {
				t.Errorf("plain: %v", err)
			}
			conn, err := s.open(t, production, encrypted(t, ca, nil))
			if (err == nil) != works.tls {
				t.Fatalf("TLS: %v", err)
			}
			if err == nil {
				if _, ok := conn.PgConn().Conn().(*tls.Conn); !ok {
					t.Error("the connection is not encrypted")
				}
			}
		})
	}
}

func TestPlainClientIsToldToUseTLS(t *testing.T) {
	t.Parallel()
	ca := pgtest.NewAuthority(t, "Guard CA")
	s := stageWith(t, pgtest.Shared(t, 17), clientTLS("require", ca.Issue(t, pgtest.Leaf{CommonName: "guard"}), ""), "")
	c := s.start(t, production)
	c.want("E 28000 | " + end)
	if e := c.lastError(); e.Severity != "FATAL" || !strings.Contains(e.Message, "requires TLS") || !strings.Contains(e.Hint, "sslmode=require") {
		t.Errorf("%+v", e)
	}
	s.counted(t, `pgcordon_startup_failures_total{kind="tls_required",target="shop"}`, 1)
}

func TestDirectTLSNeedsTheProtocolsName(t *testing.T) {
	t.Parallel()
	ca := pgtest.NewAuthority(t, "Guard CA")
	s := stageWith(t, pgtest.Shared(t, 17), clientTLS("require", ca.Issue(t, pgtest.Leaf{CommonName: "guard"}), ""), "")
	for name, test := range map[string]struct {
		protocols []string
		want      string
	}{"postgresql": {[]string{"postgresql"}, "R ok | K | Z I"}, "nothing": {nil, end}} {
		t.Run(name, func(t *testing.T) {
			conn, err := dialFrom(production)(deadline(t), "tcp", s.guard.Addr)
			if err != nil {
				t.Fatal(err)
			}
			c := newClient(t, tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: test.protocols}))
			c.send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30,
				Parameters: map[string]string{"user": "postgres", "database": s.database}})
			c.want(test.want)
		})
	}
}

// certificateSources know clients by what their certificates say, and by nothing else.
const certificateSources = `sources:
  - {name: by-cn, environment: production, certificate: {cn: ["batch-*"]}}
  - {name: by-o-and-ou, environment: production, certificate: {o: [Shop], ou: [payments, "ledger-?"]}}
  - {name: by-dns, environment: production, certificate: {dns: ["*.prod.internal"]}}
  - {name: by-uri, environment: production, certificate: {uri: ["spiffe://prod/*"]}}
  - {name: by-email, environment: production, certificate: {email: ["*@ops.example"]}}
  - {name: by-issuer, environment: production, certificate: {issuer: ["Prod*"]}}
  - {name: staging-by-cn, environment: staging, certificate: {cn: ["*"], dns: ["*.staging.internal"]}}
`

func TestCertificateIdentifiesTheClient(t *testing.T) {
	t.Parallel()
	guards, clients, prod := pgtest.NewAuthority(t, "Guard CA"), pgtest.NewAuthority(t, "Clients CA"), pgtest.NewAuthority(t, "Prod CA")
	target := clientTLS("require", guards.Issue(t, pgtest.Leaf{CommonName: "guard"}),
		fmt.Sprintf(", client_ca: %q, client_certificate: optional", bundle(t, clients, prod)))
	s := stage{server: pgtest.Shared(t, 16), database: anyDatabase}
	s.guard = pgtest.StartGuard(t, withSources(policyFor(s.server.Addr(), target, ""), certificateSources))
	for _, test := range []struct {
		rule   string // empty: unknown
		issuer *pgtest.Authority
		leaf   pgtest.Leaf
	}{
		{"by-cn", clients, pgtest.Leaf{CommonName: "batch-7"}},
		{"by-o-and-ou", clients, pgtest.Leaf{CommonName: "c", Organization: []string{"Shop"}, Unit: []string{"x", "ledger-2"}}},
		{"", clients, pgtest.Leaf{CommonName: "only-o", Organization: []string{"Shop"}}},
		{"by-dns", clients, pgtest.Leaf{CommonName: "d", DNS: []string{"elsewhere", "api.prod.internal"}}},
		{"by-uri", clients, pgtest.Leaf{CommonName: "u", URI: []string{"spiffe://prod/ns/shop"}}},
		{"by-email", clients, pgtest.Leaf{CommonName: "m", Email: []string{"oncall@ops.example"}}},
		{"by-issuer", prod, pgtest.Leaf{CommonName: "i", DNS: []string{"nothing.special"}}},
		{"staging-by-cn", clients, pgtest.Leaf{CommonName: "s", DNS: []string{"api.staging.internal"}}},
		{"", clients, pgtest.Leaf{CommonName: "not-batch-7", DNS: []string{"prod.internal.example"}}},
	} {
		t.Run(test.leaf.CommonName, func(t *testing.T) {
			pair := test.issuer.Issue(t, test.leaf)
			_, err := s.open(t, production, encrypted(t, guards, &pair))
			if let := strings.HasPrefix(test.rule, "by-"); (err == nil) != let {
				t.Fatalf("%v", err)
			}
			e := s.guard.AwaitEvent(t, "the session of "+test.leaf.CommonName, func(e audit.Event) bool {
				return strings.HasPrefix(e.Source.Certificate, "CN="+test.leaf.CommonName+" serial=")
			})
			if e.Source.Rule != test.rule {
				t.Errorf("source rule %q by %q", e.Source.Rule, e.Source.Fact)
			}
		})
	}
	if _, err := s.open(t, production, encrypted(t, guards, nil)); err == nil || !strings.Contains(err.Error(), "builtin/unknown-source") {
		t.Errorf("without a certificate: %v", err)
	}
}

// withSources puts other source rules in the place of basePolicy's.
func withSources(policy, sources string) string {
	before, after, _ := strings.Cut(policy, "sources:\n")
	_, after, _ = strings.Cut(after, "audit:")
	return before + sources + "audit:" + after
}

// bundle is a file of several authorities' certificates.
func bundle(t *testing.T, authorities ...*pgtest.Authority) string {
	t.Helper()
	var all []byte
	for _, a := range authorities {
		pem, err := os.ReadFile(a.File)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pem...)
	}
	file := filepath.Join(t.TempDir(), "bundle.pem")
	if err := os.WriteFile(file, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCertificateMustVerifyWhereItIsShownOrRequired(t *testing.T) {
	t.Parallel()
	ca, other := pgtest.NewAuthority(t, "CA"), pgtest.NewAuthority(t, "Another CA")
	good, expired := ca.Issue(t, pgtest.Leaf{CommonName: "good"}), ca.Issue(t, pgtest.Leaf{CommonName: "old", Expired: true})
	foreign := other.Issue(t, pgtest.Leaf{CommonName: "foreign"})
	shown := []struct {
		name               string
		pair               *pgtest.KeyPair
		optional, required bool
	}{{"none", nil, true, false}, {"good", &good, true, true}, {"expired", &expired, false, false}, {"foreign", &foreign, false, false}}
	for _, asked := range []string{"optional", "require"} {
		t.Run(asked, func(t *testing.T) {
			s := stageWith(t, pgtest.Shared(t, 16), clientTLS("require", ca.Issue(t, pgtest.Leaf{CommonName: "guard"}),
				fmt.Sprintf(", client_ca: %q, client_certificate: %s", ca.File, asked)), "")
			failures := 0
			for _, c := range shown {
				works := asked == "optional" && c.optional || asked == "require" && c.required
				if _, err := s.open(t, production, encrypted(t, ca, c.pair)); (err == nil) != works {
					t.Errorf("%s: %v", c.name, err)
				}
				if !works {
					failures++
				}
			}
			await(t, "the failed handshakes are counted", func() bool { // pgx tries some twice
				return s.measures(t)[`pgcordon_startup_failures_total{kind="client_tls",target="shop"}`] >= float64(failures)
			})
		})
	}
}
