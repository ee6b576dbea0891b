package clients

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// looking makes all sessions read-only.
const looking = policy + "sessions: [{name: lookers, action: allow, read_only: true}]\n"

// sizes are those of tables, which grow by a map when autovacuum comes by.
var sizes = regexp.MustCompile(`\d+ kB`)

// Who only reads cannot tell a read-only session from one that it has made read-only
// itself.
func TestReadersReadTheSame(t *testing.T) {
	eachMajor(t, func(t *testing.T, p pair) {
		p.guarded.addr = pgtest.StartGuard(t, strings.Replace(looking, "UPSTREAM", p.server.Addr(), 1)).Addr
		p.direct.env = []string{"PGOPTIONS=-c default_transaction_read_only=on"}
		for name, psql := range map[string]string{"psql": "psql", "new psql": newProgram(t, "psql")} {
			t.Run(name, func(t *testing.T) {
				p.same(t, func(t *testing.T, e endpoint, dir string) string {
					out := e.succeed(t, dir, psql, "--no-psqlrc", "--echo-all", "--file", path(t, "testdata/readers.sql"))
					return sizes.ReplaceAllString(maskIDs(out), "# kB")
				})
			})
		}
		t.Run("pg_dump", func(t *testing.T) {
			p.fresh(t)
			dump := program(t, "pg_dump", p.server.Config.Major)
			want := dumpOf(t, p.direct, dump)
			if got := dumpOf(t, p.guarded, dump); got != want {
				report(t, "dump of a read-only session", want, got)
			}
			p.guarded.succeed(t, t.TempDir(), dump, "--format=directory", "--jobs=2", "--serializable-deferrable", "--file=shop.dir")
		})
	})
}
