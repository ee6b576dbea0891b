package clients

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Both directions at once: a dump taken through the guard equals one taken
// directly, and so does the dump of what was restored from it through the guard.

func TestPlainDumpComesBackThroughPsql(t *testing.T) {
	eachMajor(t, func(t *testing.T, p pair) {
		p.fresh(t)
		dump := program(t, "pg_dump", p.server.Config.Major)
		want := dumpOf(t, p.direct, dump)
		if got := dumpOf(t, p.guarded, dump); got != want {
			report(t, "dump through the guard", want, got)
		}
		file := filepath.Join(t.TempDir(), "dump.sql")
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		p.empty(t)
		p.guarded.succeed(t, t.TempDir(), "psql", "--no-psqlrc", "--quiet", "--file", file)
		if got := dumpOf(t, p.direct, dump); got != want {
			report(t, "dump of the restored database", want, got)
		}
	})
}

func TestCustomDumpComesBackThroughParallelRestore(t *testing.T) {
	eachMajor(t, func(t *testing.T, p pair) {
		p.fresh(t)
		major := p.server.Config.Major
		dump, restore := program(t, "pg_dump", major), program(t, "pg_restore", major)
		want := dumpOf(t, p.direct, dump)
		dir := t.TempDir()
		p.guarded.succeed(t, dir, dump, "--format=custom", "--file=shop.dump")
		p.guarded.succeed(t, dir, dump, "--format=directory", "--jobs=2", "--file=shop.dir")
		for _, archive := range []string{"shop.dump", "shop.dir"} {
			p.empty(t)
			p.guarded.run(t, dir, restore, "--dbname="+role, "--jobs=2", archive)
			if got := dumpOf(t, p.direct, dump); got != want {
				report(t, "restore of "+archive, want, got)
			}
		}
	})
}

// empty makes the clients' database anew with nothing in it.
func (p pair) empty(t *testing.T) {
	t.Helper()
	p.server.Exec(t, "postgres", "DROP DATABASE "+role+" WITH (FORCE)")
	p.server.Exec(t, "postgres", "CREATE DATABASE "+role+" TEMPLATE template0 OWNER "+role)
}

// dumpOf is a plain dump without the random words that newer versions put around it.
func dumpOf(t *testing.T, e endpoint, pgDump string) string {
	t.Helper()
	var kept []string
	for line := range strings.Lines(e.succeed(t, t.TempDir(), pgDump)) {
		if !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) && !strings.HasPrefix(line, "exit status") {
			kept = append(kept, line)
		}
	}
	if len(kept) < 1000 {
		t.Fatalf("%s: the dump has only %d lines", e.name, len(kept))
	}
	return strings.Join(kept, "")
}

func report(t *testing.T, what, want, got string) {
	t.Helper()
	line, a, b := divergence(want, got)
	t.Errorf("%s differs in line %d\nwant: %s\ngot:  %s", what, line, a, b)
}
