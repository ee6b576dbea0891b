package operations

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// startsOn is a stage on a server of the test's own, reached as upstream.
func startsOn(t testing.TB, server *pgtest.Server, upstream, target string) stage {
	t.Helper()
	s := stage{server: server, database: anyDatabase}
	s.guard = pgtest.StartGuard(t, policyFor(upstream, target, ""))
	return s
}

func TestServerLegIsVerifiedAsTheModeSays(t *testing.T) {
	t.Parallel()
	secure := pgtest.Start(t, pgtest.Config{Major: 17, TLS: true}) // for localhost and 127.0.0.1
	plain := pgtest.Shared(t, 17)
	stranger := pgtest.NewAuthority(t, "Another CA")
	for _, test := range []struct {
		name, host, tls string
		server          *pgtest.Server
		encrypted       string // what the server says; empty: no connection
	}{
		{"disable", "localhost", `mode: disable`, secure, "false"},
		{"verify-full by name", "localhost", `mode: verify-full, ca: "CA"`, secure, "true"},
		{"verify-full by address", "127.0.0.1", `mode: verify-full, ca: "CA"`, secure, "true"},
		{"verify-full by another name", "127.0.0.1", `mode: verify-full, ca: "CA", server_name: localhost`, secure, "true"},
		{"verify-full, wrong name", "localhost", `mode: verify-full, ca: "CA", server_name: db.internal`, secure, ""},
		{"verify-full, wrong authority", "localhost", `mode: verify-full, ca: "STRANGER"`, secure, ""},
		{"verify-ca, wrong name", "localhost", `mode: verify-ca, ca: "CA", server_name: db.internal`, secure, "true"},
		{"verify-ca, wrong authority", "localhost", `mode: verify-ca, ca: "STRANGER"`, secure, ""},
		{"require, nothing known", "localhost", `mode: require`, secure, "true"},
		{"require, server without TLS", "localhost", `mode: require`, plain, ""},
		{"prefer", "localhost", `mode: prefer`, secure, "true"},
		{"prefer, server without TLS", "localhost", `mode: prefer`, plain, "false"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tls := strings.NewReplacer("CA", secure.CA.File, "STRANGER", stranger.File).Replace(test.tls)
			s := startsOn(t, test.server, test.host+":"+strconv.Itoa(test.server.Port()), "server_tls: {"+tls+"}")
			conn, err := s.open(t, production)
			if test.encrypted == "" {
				s.unreachable(t, err, "upstream_tls")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := one(t, conn, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"); got != test.encrypted {
				t.Errorf("the server says that the connection is encrypted: %s", got)
			}
		})
	}
}

// unreachable checks what a client is told, and counted, where its server could not
// be reached.
func (s stage) unreachable(t *testing.T, err error, reason string) {
	t.Helper()
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Severity != "FATAL" || e.Code != "57P03" || !strings.Contains(e.Message, "target shop cannot be reached") {
		t.Fatalf("the client was told %v", err)
	}
	s.counted(t, fmt.Sprintf(`pgcordon_upstream_errors_total{reason=%q,target="shop"}`, reason), 1)
	await(t, "the log says why", func() bool { return strings.Contains(s.guard.Output(), "kind="+reason) })
}

func TestServerThatIsNotThereIsToldToTheClient(t *testing.T) {
	t.Parallel()
	s := startsOn(t, pgtest.Shared(t, 17), "127.0.0.1:1", "")
	_, err := s.open(t, production)
	s.unreachable(t, err, "upstream_dial")
}

func TestGuardShowsTheServerItsCertificate(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Config{Major: 17, Auth: "cert"})
	pair := server.CA.Issue(t, pgtest.Leaf{CommonName: "postgres"})
	upstream := "localhost:" + strconv.Itoa(server.Port())
	s := startsOn(t, server, upstream, fmt.Sprintf("server_tls: {mode: verify-full, ca: %q, certificate: %q, key: %q}",
		server.CA.File, pair.CertificateFile, pair.KeyFile))
	if who := one(t, s.connect(t, production), "SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"); who != "/CN=postgres" {
		t.Errorf("the server saw %s", who)
	}
	without := startsOn(t, server, upstream, fmt.Sprintf("server_tls: {mode: verify-full, ca: %q}", server.CA.File))
	var e *pgconn.PgError
	if _, err := without.open(t, production); !errors.As(err, &e) || e.Code != "28000" || strings.Contains(e.Message, "pgcordon") {
		t.Errorf("without a certificate: want the server's own refusal, got %v", err)
	}
}
