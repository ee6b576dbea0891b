package suites

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/test/cluster"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// conf makes the server the one that pg_regress would start. Whether autovacuum has
// come by shows in plans.
var conf = map[string]string{
	"shared_buffers": "128MB", "wal_level": "replica", "synchronous_commit": "on", "autovacuum": "off",
}

// run runs a suite on a new server, behind a guard where there is a policy, and
// returns the folder of its results, which lives as long as the test.
func run(t *testing.T, s suite, tests []string, policy string) string {
	t.Helper()
	p := place{suites: fetch(t), output: newOutput(t)}
	server, err := cluster.Start(cluster.Config{Major: 15, Programs: p.program("bin"), Conf: conf})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	addr := server.Addr()
	if policy != "" {
		addr = pgtest.StartGuard(t, strings.ReplaceAll(policy, "$upstream", addr)).Addr
	}
	p.host, p.port, _ = net.SplitHostPort(addr)
	if err := s.run(p, tests); err != nil {
		t.Fatal(err)
	}
	results := filepath.Join(p.output, "results")
	if err := mask(results); err != nil {
		t.Fatal(err)
	}
	return results
}

// newOutput is a folder that the server may write to, as some tests have it do.
func newOutput(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgcordon-suites-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, path := range []string{dir, filepath.Join(dir, "results")} {
		if err := os.MkdirAll(path, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o777); err != nil { // whatever the umask says
			t.Fatal(err)
		}
	}
	return dir
}

func fetch(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("./fetch").Output()
	if err != nil {
		t.Fatalf("fetch the suites: %v", err)
	}
	return strings.TrimSpace(string(out))
}
