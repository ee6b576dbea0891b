package operations

import (
	"bytes"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// destruction is what an enforcing guard would refuse; it ends where it began.
var destruction = []exchange{
	ask("C BEGIN | Z T", query("BEGIN")),
	ask("C DELETE 20 | Z T", query("DELETE FROM categories")),
	ask("C TRUNCATE TABLE | Z T", query("TRUNCATE coupons")),
	ask("C ROLLBACK | Z I", query("ROLLBACK")),
	ask("1 | 2 | C BEGIN | 1 | 2 | C UPDATE 20 | 1 | 2 | C ROLLBACK | Z I",
		run("BEGIN"), run("UPDATE categories SET name = 'x' WHERE id > 0"), run("ROLLBACK"), syncs()),
	ask("E 42601 | Z I", query("TRUNCATE TABLE categories IMMEDIATELY")),
	ask("C DROP TABLE | E 22012 | Z I", query("DROP TABLE categories; SELECT 1/0")),
}

var destructionRules = []string{
	"builtin/unbounded-delete", "builtin/truncate", "builtin/unbounded-update", "builtin/unknown", "builtin/drop",
}

func TestAuditModeRecordsEverythingAndChangesNoByte(t *testing.T) {
	t.Parallel()
	for _, mode := range []struct{ name, target, rest string }{
		{"of the target", "mode: audit", ""},
		{"of the rules", "", `
statements:
  - {name: builtin-would-delete, action: deny, mode: audit, when: {effect: [delete, update, truncate, drop, unknown]}}
builtin: false`},
	} {
		t.Run(mode.name, func(t *testing.T) {
			for _, major := range []int{14, 18} {
				server := pgtest.Shared(t, major)
				s := stage{server: server, database: newShop(t, server)}
				s.guard = pgtest.StartGuard(t, policyFor(server.Addr(), mode.target, mode.rest))
				direct := s
				itself := *s.guard
				itself.Addr = server.Addr()
				direct.guard = &itself
				if got, want := s.destroy(t), direct.destroy(t); !bytes.Equal(got, want) {
					t.Errorf("%d: through the guard\n%q\ndirectly\n%q", major, got, want)
				}
				s.wouldDeny(t, mode.target != "")
				s.intact(t)
			}
		})
	}
}

// destroy plays the script and returns the bytes received after the login.
func (s stage) destroy(t *testing.T) []byte {
	t.Helper()
	c := s.raw(t, production)
	login := c.received.Len()
	for _, e := range destruction {
		c.send(e.send...)
		c.want(e.want)
	}
	return c.received.Bytes()[login:]
}

// wouldDeny checks that every statement of the script is in the audit log.
func (s stage) wouldDeny(t *testing.T, builtin bool) {
	t.Helper()
	for i, rule := range destructionRules {
		if !builtin {
			rule = "builtin-would-delete"
		}
		effect := []string{"delete", "truncate", "update", "unknown", "drop"}[i]
		s.guard.AwaitEvent(t, "what would be refused by "+rule, func(e audit.Event) bool {
			return e.Type == audit.StatementEvent && e.Decision == audit.WouldDeny && e.Rule == rule && e.Reason != "" &&
				strings.Contains(strings.Join(e.Effects, ","), effect) && e.SQLSTATE != ""
		})
	}
}
