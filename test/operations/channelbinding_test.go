package operations

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// bindingCase is what becomes of logins with SCRAM over two legs. libpq and pgx prefer
// channel binding where they are not told; the empty outcome is a login.
type bindingCase struct {
	name                     string
	client, server, same     bool // encrypted; the guard shows the server's own certificate
	prefer, require, disable string
}

var bindings = []bindingCase{
	{"plain to plain", false, false, false, "", "channel binding required", ""},
	{"plain to TLS", false, true, false, "", "channel binding required", ""},
	{"TLS to plain", true, false, false, "", "channel binding is required, but", ""},
	{"TLS to TLS, another certificate", true, true, false,
		"pgcordon: SCRAM cannot pass through two TLS connections with different certificates", "channel binding is required, but", ""},
	{"TLS to TLS, the server's certificate", true, true, true, "", "", ""},
}

func TestChannelBindingWorksOrFailsWithAnExplanation(t *testing.T) {
	t.Parallel()
	for _, major := range []int{14, 18} {
		t.Run(strconv.Itoa(major), func(t *testing.T) {
			t.Parallel()
			server := pgtest.Start(t, pgtest.Config{Major: major, Auth: "scram-sha-256", TLS: true})
			own := pgtest.NewAuthority(t, "Guard CA")
			for _, b := range bindings {
				t.Run(b.name, func(t *testing.T) { b.try(t, server, own) })
			}
		})
	}
}

// try logs in with each client over the legs of the case.
func (b bindingCase) try(t *testing.T, server *pgtest.Server, own *pgtest.Authority) {
	believed, pair := own, own.Issue(t, pgtest.Leaf{CommonName: "guard"})
	if b.same {
		believed = server.CA
		pair = pgtest.KeyPair{CertificateFile: server.Config.CertificateFile, KeyFile: server.Config.KeyFile}
	}
	var keys []string
	if b.client {
		keys = append(keys, clientTLS("require", pair, ""))
	}
	if b.server {
		keys = append(keys, fmt.Sprintf("server_tls: {mode: verify-full, ca: %q}", server.CA.File))
	}
	s := startsOn(t, server, "localhost:"+strconv.Itoa(server.Port()), strings.Join(keys, "\n    "))
	tls := "sslmode=disable"
	if b.client {
		tls = "sslmode=verify-full sslrootcert=" + believed.File
	}
	s.logsIn(t, "prefer", tls, b.prefer)
	s.logsIn(t, "require", tls, b.require)
	s.logsIn(t, "disable", tls, b.disable)
	for binding, complaint := range map[string]string{"prefer": b.prefer, "disable": b.disable} {
		how := []connection{func(c *pgx.ConnConfig) { c.ChannelBinding = binding }}
		if b.client {
			how = append(how, encrypted(t, believed, nil))
		}
		if _, err := s.open(t, production, how...); (err == nil) != (complaint == "") || err != nil && !strings.Contains(err.Error(), complaint) {
			t.Errorf("pgx, channel_binding=%s: %v", binding, err)
		}
	}
	s.nodeLogsIn(t, b.client)
}

// logsIn has libpq log in; complaint is part of its error, empty where it must succeed.
func (s stage) logsIn(t *testing.T, binding, tls, complaint string) {
	t.Helper()
	conninfo := fmt.Sprintf("host=127.0.0.1 port=%s user=postgres password='%s' dbname=%s channel_binding=%s %s",
		s.guard.Port(), pgtest.Password, s.database, binding, tls)
	out, err := exec.Command("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command=SELECT 'in'", conninfo).CombinedOutput()
	switch {
	case complaint == "" && (err != nil || string(out) != "in\n"):
		t.Errorf("channel_binding=%s: %v\n%s", binding, err, out)
	case complaint != "" && (err == nil || !strings.Contains(string(out), complaint)):
		t.Errorf("channel_binding=%s: want %q, got %v\n%s", binding, complaint, err, out)
	}
}

// nodeLogsIn has node-postgres log in, which binds no channel unless told to.
func (s stage) nodeLogsIn(t *testing.T, tls bool) {
	t.Helper()
	cmd := exec.Command("node", "-e", `
		const { Client } = require('pg')
		const [port, database, password, tls] = process.argv.slice(1)
		const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database, password,
			ssl: tls === 'true' && { rejectUnauthorized: false } })
		client.connect().then(() => client.end()).catch((e) => { console.log(e.message); process.exit(1) })`,
		s.guard.Port(), s.database, pgtest.Password, strconv.FormatBool(tls))
	cmd.Dir = "../clients/node"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("node-postgres: %v\n%s", err, out)
	}
}
