package clients

import (
	"fmt"
	"strings"
	"testing"
)

const (
	benchClients      = 4
	benchTransactions = 50 // of each client
)

func TestPgbenchRunsInEveryProtocol(t *testing.T) {
	eachMajor(t, func(t *testing.T, p pair) {
		p.fresh(t)
		dir := t.TempDir()
		p.guarded.succeed(t, dir, "pgbench", "--initialize", "--scale=1", "--quiet")
		if got := p.server.Query(t, role, "SELECT count(*) FROM pgbench_accounts"); got != "100000" {
			t.Fatalf("pgbench_accounts has %s rows", got)
		}
		for _, mode := range []string{"simple", "extended", "prepared"} {
			t.Run(mode, func(t *testing.T) {
				bench(t, p.guarded, dir, "--protocol="+mode)
				bench(t, p.guarded, dir, "--protocol="+mode, "--select-only")
				bench(t, p.guarded, dir, "--protocol="+mode, "--connect", "--select-only")
			})
		}
		t.Run("pipeline", func(t *testing.T) {
			bench(t, p.guarded, dir, "--protocol=prepared", "--file="+path(t, "testdata/pipeline.bench"))
		})
		want := fmt.Sprint(3 * benchClients * benchTransactions)
		if got := p.server.Query(t, role, "SELECT count(*) FROM pgbench_history"); got != want {
			t.Errorf("pgbench_history has %s rows, want %s", got, want)
		}
		balances := "SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history)"
		if got := p.server.Query(t, role, balances); got != "true" {
			t.Errorf("balances and history agree: %s", got)
		}
	})
}

func bench(t *testing.T, e endpoint, dir string, args ...string) {
	t.Helper()
	args = append(args, "--no-vacuum", fmt.Sprintf("--client=%d", benchClients), "--jobs=2",
		fmt.Sprintf("--transactions=%d", benchTransactions))
	out := e.succeed(t, dir, "pgbench", args...)
	n := benchClients * benchTransactions
	if want := fmt.Sprintf("number of transactions actually processed: %d/%d", n, n); !strings.Contains(out, want) {
		t.Errorf("pgbench %s: no %q in\n%s", strings.Join(args, " "), want, out)
	}
}
