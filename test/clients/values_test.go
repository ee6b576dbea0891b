package clients

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// strict has the built-in rules and lists that are soon too long.
var strict = strings.Replace(policy, "builtin: false", "limits: {max_list: 10}", 1)

// A value that opens a filter is refused, any other does what it says, whatever a
// driver makes of them.
func TestProgramsAreRefusedTheValuesThatReachEveryRow(t *testing.T) {
	const want = "42501\n1\n42501\n1\n42501\n1\n2\n42501\nexit status 0\n"
	eachMajor(t, func(t *testing.T, p pair) {
		guard := pgtest.StartGuard(t, strings.Replace(strict, "UPSTREAM", p.server.Addr(), 1))
		guarded := endpoint{name: "guarded", addr: guard.Addr}
		for _, program := range [][]string{
			{"node", path(t, "node/values.js")},
			{"/usr/bin/python3", path(t, "psycopg2/values.py")},
		} {
			p.fresh(t)
			p.server.Exec(t, role, "CREATE TABLE notes AS SELECT id, 'note ' || id AS text FROM generate_series(1, 9) id; ALTER TABLE notes OWNER TO "+role)
			if got := guarded.run(t, t.TempDir(), program[0], program[1:]...); got != want {
				t.Errorf("%s: %q, want %q", program[0], got, want)
			}
		}
	})
}
