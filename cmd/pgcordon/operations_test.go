package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/proxy/admin"
)

// recorder is an operator who notes its orders, an order a line.
type recorder struct{ orders []string }

func (r *recorder) note(words ...string) {
	r.orders = append(r.orders, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
}

func (r *recorder) Sessions() []admin.Session {
	r.note("sessions")
	return []admin.Session{
		{ID: "ONE", Since: time.Unix(0, 0), Target: "storefront", State: admin.Login},
		{ID: "TWO", Since: time.Unix(1, 0), Target: "storefront", State: admin.Active, QueryStart: time.Unix(2, 0), ServerPID: 4711, User: "a\x1b[2Jb"},
	}
}

func (r *recorder) Lockdowns() []admin.Lockdown {
	r.note("list")
	return []admin.Lockdown{
		{Scope: admin.Scope{Source: "staging"}, Reason: "why", By: admin.Peer{UID: 501}},
		{Scope: admin.Scope{Source: "ci", Target: "shop"}, Until: time.Unix(0, 0), Reason: "tables", Tripwire: "suites", Event: "INCIDENT"},
	}
}

func (r *recorder) Kill(k admin.Kill, _ admin.Peer) (admin.Killed, error) {
	r.note("kill", strings.Join(k.IDs, ","), k.Source, k.User, k.Target, k.Reason)
	return admin.Killed{Ended: 1, Event: "E"}, nil
}

func (r *recorder) LockDown(o admin.Order, _ admin.Peer) (admin.Effect, error) {
	r.note("lockdown", o.Source, o.Target, o.Reason)
	return admin.Effect{Event: "E", Warning: "a restart undoes it"}, nil
}

func (r *recorder) Release(o admin.Order, _ admin.Peer) (admin.Effect, error) {
	r.note("release", o.Source, o.Target, o.Reason)
	return admin.Effect{Event: "E"}, nil
}

func (r *recorder) Refusal(id string) (admin.Refusal, error) {
	r.note("refusal", id)
	return admin.Refusal{ID: id, SQL: "DELETE FROM categories WHERE id > $1 -- \x1b[2J", Values: []string{`"100"`}}, nil
}

func (r *recorder) Approvals() []admin.Approval {
	r.note("approvals")
	return []admin.Approval{{Refusal: admin.Refusal{ID: "ONE"}, Once: true, By: []admin.Consent{{Reason: "why"}}}}
}

func (r *recorder) Allow(a admin.Allow, _ admin.Peer) (admin.Approval, error) {
	extent := a.For.String()
	if a.Once {
		extent += " once"
	}
	r.note("allow", a.ID, extent, a.Reason)
	return admin.Approval{Refusal: admin.Refusal{ID: a.ID}, Once: a.Once, For: a.For, Event: "E"}, nil
}

func (r *recorder) Revoke(o admin.Revoke, _ admin.Peer) (admin.Approval, error) {
	r.note("revoke", o.ID, o.Reason)
	return admin.Approval{Event: "E"}, nil
}

// serve answers at a socket until the test ends.
func (r *recorder) serve(t *testing.T) (socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgcordon-") // short enough for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket = filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := admin.NewServer(r, slog.New(slog.DiscardHandler))
	go server.Serve(l)
	t.Cleanup(func() { _ = server.Shutdown(context.Background()) })
	return socket
}

// TestOperationsExamplesGiveTheOrdersThatTheyShow runs every command of
// docs/operations.md.
func TestOperationsExamplesGiveTheOrdersThatTheyShow(t *testing.T) {
	document, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	t.Setenv("PGCORDON_ADMIN_SOCKET", r.serve(t))
	log := filepath.Join(t.TempDir(), "audit.jsonl")
	if err := os.WriteFile(log, []byte(receiptLog(t, audit.Committed)), 0o600); err != nil {
		t.Fatal(err)
	}
	here := strings.NewReplacer("/var/log/pgcordon/audit.jsonl", log, "pgc-01jd9q-2m7t3f-xk92pa", "pgc-1",
		"/etc/pgcordon/pgcordon.yaml", configFile(t, twoTargets+"audit: {file: "+log+"}\n"))
	for _, line := range regexp.MustCompile(`(?m)^pgcordon .*$`).FindAllString(here.Replace(string(document)), -1) {
		code, text := outcome("", shellWords(line)[1:]...)
		if warned := strings.HasPrefix(line, "pgcordon lockdown") && !strings.Contains(line, "--list"); (code == 1) != warned {
			t.Errorf("%s: status %d\n%s", line, code, text)
		}
	}
	want := []string{
		"sessions", "list", "sessions",
		"kill pgc-01jd9q-2m7t00-000000 empties tables",
		"kill staging test suite on production",
		"kill migrations storefront",
		"lockdown staging test suite on production, see #incidents",
		"lockdown storefront restore under way",
		"list",
		"release staging connection string mended",
		"list",
		"release staging storefront suite pointed at its own database",
		"refusal pgc-01jd9q-2m7t00-000000",
		"allow pgc-01jd9q-2m7t00-000000 0s once empties the dead queue, see #incidents",
		"allow pgc-01jd9q-2m7t00-000000 10m0s reload of the catalog",
		"allow pgc-01jd9q-2m7t00-000000 5m0s once empties the dead queue",
		"approvals",
		"revoke pgc-01jd9q-2m7t00-000000 done",
	}
	if got := strings.Join(r.orders, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("orders\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// shellWords splits at blanks outside quotes.
func shellWords(line string) (words []string) {
	for _, part := range regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(line, -1) {
		words = append(words, strings.Trim(part, `"`))
	}
	return words
}

func TestWhatClientsWroteShowsNoControlCharacters(t *testing.T) {
	for _, command := range [][]string{{"sessions"}, {"allow", "TWO"}} {
		code, text := outcome("", append(command, "--socket", (&recorder{}).serve(t))...)
		if code != 0 || strings.Contains(text, "\x1b") || !strings.Contains(text, `\x1b[2J`) {
			t.Errorf("%v: status %d\n%q", command, code, text)
		}
	}
}

func TestSessionsTellOfLockdowns(t *testing.T) {
	socket := (&recorder{}).serve(t)
	if code, text := outcome("", "sessions", "--socket", socket); code != 0 || !strings.HasSuffix(text, "\n2 lockdowns in force: pgcordon lockdown --list\n") {
		t.Errorf("status %d\n%s", code, text)
	}
	if code, text := outcome("", "sessions", "--json", "--socket", socket); code != 0 || strings.Contains(text, "lockdown") {
		t.Errorf("status %d\n%s", code, text)
	}
}

func TestAnOrderThatSaysTwoThingsIsNotGiven(t *testing.T) {
	r := &recorder{}
	socket := r.serve(t)
	for _, args := range [][]string{
		{}, {"--once"}, {"ONE", "--list"}, {"--list", "--once"}, {"ONE", "--revoke", "--once"}, {"ONE", "--revoke", "--for", "1m"}, {"--revoke"},
	} {
		if code, text := outcome("", append([]string{"allow", "--socket", socket}, args...)...); code != 1 {
			t.Errorf("%v: status %d\n%s", args, code, text)
		}
	}
	if len(r.orders) > 0 {
		t.Errorf("orders: %q", r.orders)
	}
}

func TestLockdownsShowWhoImposedThemAndWhenTheyEnd(t *testing.T) {
	code, text := outcome("", "lockdown", "--list", "--socket", (&recorder{}).serve(t))
	lines := strings.Split(text, "\n")
	if code != 0 || len(lines) < 3 {
		t.Fatalf("status %d\n%q", code, text)
	}
	for i, want := range []string{`released +staging +any +why +uid 501`, time.Unix(0, 0).Format(time.DateTime) + ` +ci +shop +tables +tripwire suites +INCIDENT`} {
		if !regexp.MustCompile(want).MatchString(lines[i+1]) {
			t.Errorf("%q does not show %s", lines[i+1], want)
		}
	}
}
