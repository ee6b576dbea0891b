package clients

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// leg says which of the two connections are encrypted.
type leg struct {
	name           string
	client, server bool
}

var legs = []leg{
	{"plain to plain", false, false},
	{"plain to TLS", false, true},
	{"TLS to plain", true, false},
	{"TLS to TLS", true, true},
}

// TestEveryClientLogsIn has the guard show the server's own certificate: with
// another one channel binding rightly fails where both legs are encrypted.
func TestEveryClientLogsIn(t *testing.T) {
	for _, major := range pgtest.Majors {
		for _, method := range []string{"trust", "md5", "scram-sha-256"} {
			t.Run(fmt.Sprintf("%d/%s", major, method), func(t *testing.T) {
				server := pgtest.Start(t, pgtest.Config{Major: major, Auth: method, TLS: true})
				server.Exec(t, "postgres", "CREATE ROLE "+role+" LOGIN PASSWORD '"+pgtest.Password+"'")
				server.NewDatabase(t, role)
				for _, l := range legs {
					t.Run(l.name, func(t *testing.T) { loginThrough(t, server, method, l) })
				}
			})
		}
	}
}

func loginThrough(t *testing.T, server *pgtest.Server, method string, l leg) {
	guard := pgtest.StartGuard(t, loginPolicy(server, l))
	e := endpoint{name: l.name, addr: guard.Addr}
	if l.client {
		e.env = []string{"PGSSLMODE=verify-full", "PGSSLROOTCERT=" + server.CA.File}
	}
	dir := t.TempDir()
	greet := []string{"--no-psqlrc", "--no-align", "--tuples-only", "--field-separator= ", "--command=SELECT current_user, 'logged in'"}
	programs := map[string][]string{
		"psql":          append([]string{"psql"}, greet...),
		"newest psql":   append([]string{newProgram(t, "psql")}, greet...),
		"node-postgres": {"node", "--no-deprecation", path(t, "node/login.js")},
		"psycopg2":      {"/usr/bin/python3", path(t, "psycopg2/login.py")},
	}
	for name, command := range programs {
		t.Run(name, func(t *testing.T) {
			if out := e.succeed(t, dir, command[0], command[1:]...); !strings.HasPrefix(out, role+" logged in\n") {
				t.Error(out)
			}
			if method == "trust" {
				return
			}
			wrong := endpoint{name: e.name, addr: e.addr, env: append([]string{"PGPASSWORD=wrong"}, e.env...)}
			if out := wrong.run(t, dir, command[0], command[1:]...); !strings.Contains(out, "password authentication failed") {
				t.Errorf("with a wrong password: %s", out)
			}
		})
	}
	t.Run("pgx", func(t *testing.T) { pgxLogsIn(t, server, e, l) })
}

func pgxLogsIn(t *testing.T, server *pgtest.Server, e endpoint, l leg) {
	dsn := e.dsn()
	if l.client {
		dsn = strings.Replace(dsn, "sslmode=disable", "sslmode=verify-full&sslrootcert="+server.CA.File, 1)
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var who string
	if err := conn.QueryRow(ctx, "SELECT current_user").Scan(&who); err != nil || who != role {
		t.Errorf("%s, %v", who, err)
	}
}

func loginPolicy(server *pgtest.Server, l leg) string {
	text := strings.Replace(policy, "UPSTREAM", "localhost:"+strconv.Itoa(server.Port()), 1)
	var tls string
	if l.client {
		tls += fmt.Sprintf("    client_tls: {mode: require, certificate: %q, key: %q}\n",
			server.Config.CertificateFile, server.Config.KeyFile)
	}
	if l.server {
		tls += fmt.Sprintf("    server_tls: {mode: verify-full, ca: %q}\n", server.CA.File)
	}
	return strings.Replace(text, "sources:", tls+"sources:", 1)
}
