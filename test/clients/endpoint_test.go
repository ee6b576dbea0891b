package clients

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// role is who the clients log in as, and the name of their database.
const role = "clients"

// endpoint is a way to the server: directly or through the guard.
type endpoint struct {
	name string
	addr string // host:port
	env  []string
}

// dsn is how a Go client takes the endpoint.
func (e endpoint) dsn() string {
	return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", role, "correct%20horse", e.addr, role)
}

// run runs a program with libpq's environment for the endpoint and returns what it
// printed and how it ended, the port masked.
func (e endpoint) run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(e.addr)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C.UTF-8", "TZ=UTC", "PGTZ=UTC",
		"PGHOST=" + host, "PGPORT=" + port, "PGUSER=" + role, "PGDATABASE=" + role, "PGPASSWORD=" + pgtest.Password,
		"PGSSLMODE=disable", "PGAPPNAME=clients",
	}, e.env...)
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", program, err)
	}
	return maskPort(out.String(), port) + cmd.ProcessState.String() + "\n"
}

// maskPort hides the port where a message speaks of one; its digits may also be data.
func maskPort(text, port string) string {
	return regexp.MustCompile(`(?i)(port\W{1,12})`+port).ReplaceAllString(text, "${1}PORT")
}

// succeed is run for what must end with exit status 0.
func (e endpoint) succeed(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	out := e.run(t, dir, program, args...)
	if !strings.HasSuffix(out, "exit status 0\n") {
		t.Fatalf("%s: %s %s:\n%s", e.name, program, strings.Join(args, " "), out)
	}
	return out
}

// policy inspects everything and lets it through.
const policy = `
targets:
  - name: shop
    environment: production
    listen: ["$listen"]
    upstream: "UPSTREAM"
sources:
  - {name: here, environment: production, cidr: [127.0.0.0/8]}
statements:
  - {name: guarded, action: deny, when: {relation: ["never.mentioned"]}}
builtin: false
audit: {file: "$audit"}
metrics: {listen: "$metrics"}
`

// eachMajor runs a test against every major, with a fresh database shop as template.
func eachMajor(t *testing.T, test func(t *testing.T, p pair)) {
	for _, major := range pgtest.Majors {
		t.Run(strconv.Itoa(major), func(t *testing.T) {
			server := pgtest.Shared(t, major)
			server.Exec(t, "postgres", "CREATE ROLE "+role+" LOGIN SUPERUSER PASSWORD '"+pgtest.Password+"'")
			t.Cleanup(func() { server.Exec(t, "postgres", "DROP ROLE "+role) })
			server.NewDatabase(t, "shop")
			server.Exec(t, "shop", shop(t))
			guard := pgtest.StartGuard(t, strings.Replace(policy, "UPSTREAM", server.Addr(), 1))
			test(t, pair{server, endpoint{name: "direct", addr: server.Addr()}, endpoint{name: "guarded", addr: guard.Addr}})
		})
	}
}

func shop(t *testing.T) string {
	t.Helper()
	sql, err := os.ReadFile("testdata/shop.sql")
	if err != nil {
		t.Fatal(err)
	}
	return string(sql)
}

// pair is a server and the two ways to it.
type pair struct {
	server          *pgtest.Server
	direct, guarded endpoint
}

// fresh makes the clients' database anew for one scenario.
func (p pair) fresh(t *testing.T) {
	t.Helper()
	p.server.Exec(t, "postgres", "DROP DATABASE IF EXISTS "+role+" WITH (FORCE)")
	p.server.Exec(t, "postgres", "CREATE DATABASE "+role+" TEMPLATE shop OWNER "+role)
	t.Cleanup(func() { p.server.Exec(t, "postgres", "DROP DATABASE IF EXISTS "+role+" WITH (FORCE)") })
}

// same plays a scenario on a fresh database each way and compares what it tells.
func (p pair) same(t *testing.T, scenario func(t *testing.T, e endpoint, dir string) string) {
	t.Helper()
	var told []string
	for _, e := range []endpoint{p.direct, p.guarded} {
		p.fresh(t)
		dir := t.TempDir()
		copyFile(t, "testdata/shop.sql", filepath.Join(dir, "shop.sql"))
		told = append(told, strings.ReplaceAll(scenario(t, e, dir), dir, "DIR"))
	}
	if told[0] == "" {
		t.Error("the scenario tells nothing")
	}
	if at, direct, guarded := divergence(told[0], told[1]); at > 0 {
		t.Errorf("line %d\ndirect:  %s\nguarded: %s", at, direct, guarded)
	}
}

// divergence finds the first line that differs, counted from 1; 0 for none.
func divergence(a, b string) (line int, inA, inB string) {
	linesA, linesB := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(linesA), len(linesB)) {
		inA, inB := "(nothing)", "(nothing)"
		if i < len(linesA) {
			inA = linesA[i]
		}
		if i < len(linesB) {
			inB = linesB[i]
		}
		if inA != inB {
			return i + 1, inA, inB
		}
	}
	return 0, "", ""
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// path makes a path of this package absolute, for a program that runs elsewhere.
func path(t *testing.T, relative string) string {
	t.Helper()
	absolute, err := filepath.Abs(relative)
	if err != nil {
		t.Fatal(err)
	}
	return absolute
}
