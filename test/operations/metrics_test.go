package operations

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// documented finds the counters and histograms in docs/metrics.md.
var documented = regexp.MustCompile("(?m)^\\| `(pgcordon_[a-z_]+)` \\| (counter|histogram) \\|")

// hurtful are the counters that only a broken audit log moves.
var hurtful = map[string]bool{"pgcordon_audit_dropped_total": true, "pgcordon_audit_failed_total": true}

func TestEveryDocumentedCounterMoves(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Config{Major: 17, HBA: []string{"host all nobody all reject"}})
	s := stage{server: server, database: newShop(t, server)}
	dead := freeAddress(t)
	socket := filepath.Join(t.TempDir(), "s")
	policy := policyFor(server.Addr(), "proxy_protocol: {from: [127.0.5.0/24]}", "sessions: [{name: watch, action: deny, mode: audit, when: {user: nobody}}]\ntripwires: [{name: much, refusals: 20, within: 1m, mode: audit}]\nadmin: {socket: "+socket+", break_glass: {}}")
	s.guard = pgtest.StartGuard(t, strings.Replace(policy, "targets:", `targets:
  - {name: dead, environment: production, listen: "`+dead+`", upstream: "127.0.0.1:1"}`, 1))
	s.goThroughEverything(t, dead, socket)
	document, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	names := documented.FindAllStringSubmatch(string(document), -1)
	if len(names) < 10 {
		t.Fatalf("the document names %d counters", len(names))
	}
	for _, name := range names {
		if hurtful[name[1]] {
			continue
		}
		await(t, name[1]+" moves", func() bool { return sum(s.measures(t), name[1]) > 0 })
	}
}

// goThroughEverything does one of everything that is counted.
func (s stage) goThroughEverything(t *testing.T, dead, socket string) {
	t.Helper()
	c := s.raw(t, production)
	for range 40 { // out of the cache but for the first time, and enough for what is sampled
		c.send(query("TRUNCATE categories"))
		c.untilReady(1)
	}
	operated{stage: s, socket: socket}.order(t, "allow", idOf(t, c.lastError().Hint), "--once", "--reason", "meant")
	c.send(query("TRUNCATE categories"))
	c.want("C TRUNCATE TABLE | Z I")
	s.requestCancel(t, production, c.key)
	c.leave()
	s.start(t, staging).want("E 28000 | " + end)
	s.start(t, production, "user", "nobody").want("E 28000 | " + end)
	s.through(t, balancer, nil).want(end)
	s.through(t, production, []byte("GET / HTTP/1.1\r\n")).want(end)
	if _, err := s.open(t, production, func(c *pgx.ConnConfig) {
		c.DialFunc = dialFromTo(production, dead)
	}); err == nil {
		t.Fatal("a dead server answers")
	}
}

func sum(values map[string]float64, name string) (total float64) {
	for series, value := range values {
		if series == name || strings.HasPrefix(series, name+"{") {
			total += value
		}
	}
	return total
}

func TestStatementsAreCountedByEffectAndRule(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 17), "statements: [{name: watch, action: deny, mode: audit, when: {effect: insert}}]")
	c := s.raw(t, production)
	for _, sql := range []string{"SELECT 1", "SELECT 2", "TRUNCATE categories", "INSERT INTO journal VALUES ('x')", "DELETE FROM journal WHERE note = 'x'"} {
		c.send(query(sql))
		c.untilReady(1)
	}
	labels := `source_environment="production",target="shop",target_environment="production"`
	for series, want := range map[string]float64{
		`pgcordon_statements_total{decision="allow",effect="none",target="shop"}`:                   2,
		`pgcordon_statements_total{decision="deny",effect="truncate",target="shop"}`:                1,
		`pgcordon_statements_total{decision="would_deny",effect="insert",target="shop"}`:            1,
		`pgcordon_statements_total{decision="allow",effect="delete",target="shop"}`:                 1,
		`pgcordon_statements_refused_total{decision="deny",rule="builtin/truncate",` + labels + `}`: 1,
		`pgcordon_statements_refused_total{decision="would_deny",rule="watch",` + labels + `}`:      1,
		`pgcordon_sessions_open{target="shop"}`:                                                     1,
		`pgcordon_sessions_total{environment="production",outcome="closed",target="shop"}`:          0,
	} {
		s.counted(t, series, want)
	}
	c.leave()
	s.counted(t, `pgcordon_sessions_open{target="shop"}`, 0)
	s.counted(t, `pgcordon_sessions_total{environment="production",outcome="closed",target="shop"}`, 1)
}
