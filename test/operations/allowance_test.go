package operations

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/audit"
)

const onceADay = `statements: [{name: once-a-day, action: allow, allowance: {per: 24h}, when: {effect: truncate, relation: coupons}}]`

func TestAnAllowanceIsUsedUpForEverySessionAndAcrossReloads(t *testing.T) {
	t.Parallel()
	eachMajor(t, onceADay, func(t *testing.T, s stage) {
		const sql = "TRUNCATE coupons"
		early, late := s.raw(t, production), s.raw(t, production)
		early.send(parse("kept", sql), syncs())
		early.want("1 | Z I")
		late.send(parse("", sql), bind("", ""), execute(""), syncs())
		late.want("1 | 2 | C TRUNCATE TABLE | Z I")
		s.server.Exec(t, s.database, "INSERT INTO coupons VALUES (1, 'kept')")
		s.put(t, onceADay+"\nfunctions: [app.other]")

		early.send(bind("", "kept"), execute(""), syncs())
		early.want("2 | E 42501 | Z I")
		early.send(query(sql))
		early.want("E 42501 | Z I")
		if n := s.server.Query(t, s.database, "SELECT count(*) FROM coupons"); n != "1" {
			t.Errorf("%s rows are left of one", n)
		}
		s.guard.AwaitEvent(t, "the use", func(e audit.Event) bool {
			return e.Type == audit.StatementEvent && e.Rule == "once-a-day" && e.Decision == audit.Allow
		})
		refused := 0
		for _, e := range s.guard.Events(t) {
			if e.Type == audit.StatementRefused && e.Rule == "builtin/truncate" &&
				strings.Contains(e.Reason, "rule once-a-day allows no more than 1 statement in 24h, next at 2") {
				refused++
			}
		}
		if refused != 2 {
			t.Errorf("%d refusals in the audit log say when the next is allowed", refused)
		}
	})
}
