package policy

import (
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

func TestRulesAreAboutObjectsThatAreNoRelations(t *testing.T) {
	r := rulesOf(t, `statements:
  - {name: scratch, action: allow, when: {effect: drop, object: "scratch_*"}}
  - {name: functions, action: allow, when: {effect: drop, object: app.purge}}
  - {name: triggers, action: deny, when: {object: session_replication_role}}
  - {name: admins, action: deny, when: {effect: [privileges, role], object: [admin, app.x]}}
`)
	for sql, want := range map[string]string{
		"DROP SCHEMA scratch_1":                               "allow",
		"DROP SCHEMA scratch_1, app":                          "deny builtin/drop",
		"DROP TABLE scratch_1":                                "deny builtin/drop",
		"DROP FUNCTION app.purge(int)":                        "allow",
		"DROP FUNCTION purge(int)":                            "deny builtin/drop",
		"SET Session_Replication_Role = replica":              "deny triggers",
		`SET "Session_Replication_Role" = replica`:            "deny triggers",
		"SELECT set_config('session_replication_role',$1,$2)": "deny triggers",
		"SELECT set_config(name, $1, $2) FROM settings":       "deny triggers",
		"SET work_mem = '1GB'":                                "allow",
		"BEGIN":                                               "allow",
		"GRANT admin TO app":                                  "deny admins",
		"GRANT reader TO app":                                 "allow",
		"DROP ROLE admin":                                     "deny builtin/drop",
		"SELECT 1":                                            "allow",
	} {
		if got := outcome(r.Decide(parser.Summarize(sql, parser.Options{}), Context{})); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}
