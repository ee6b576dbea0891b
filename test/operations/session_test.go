package operations

import (
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// sessionRules are the ones of the tests of this file.
const sessionRules = `
sessions:
  - {name: no-root, action: deny, when: {user: ["root_*"]}}
  - {name: no-scripts, action: deny, when: {application: ["nightly-*", "*.sh"]}}
  - {name: not-template1, action: deny, when: {database: [template1]}}
  - {name: migrations, action: allow, when: {source: [ci], target: [production], user: [migrator], database: ["operations_*"], application: ["flyway*"]}}
  - {name: backups, action: allow, when: {source: [production], user: [replicator], replication: true}}
  - {name: watch-backups, action: deny, mode: audit, when: {user: [reporter]}}
`

// arrivals are sessions that somebody tries to open.
var arrivals = []struct {
	name, from string
	parameters []string
	allowed    bool
	rule       string
}{
	{"same environment", production, nil, true, "builtin/same-environment"},
	{"another environment", staging, nil, false, "builtin/cross-environment"},
	{"environment without a rule of its own", ci, nil, false, "builtin/cross-environment"},
	{"nobody's address", stranger, nil, false, "builtin/unknown-source"},
	{"let in by all conditions", ci, []string{"user", "migrator", "application_name", "flyway 9"}, true, "migrations"},
	{"one condition short: user", ci, []string{"user", "postgres", "application_name", "flyway 9"}, false, "builtin/cross-environment"},
	{"one condition short: application", ci, []string{"user", "migrator", "application_name", "psql"}, false, "builtin/cross-environment"},
	{"one condition short: database", ci, []string{"user", "migrator", "application_name", "flyway", "database", "postgres"}, false, "builtin/cross-environment"},
	{"one condition short: source", staging, []string{"user", "migrator", "application_name", "flyway"}, false, "builtin/cross-environment"},
	{"user of a deny rule", production, []string{"user", "root_alice"}, false, "no-root"},
	{"application of a deny rule", production, []string{"application_name", "nightly-tests"}, false, "no-scripts"},
	{"application in options", production, []string{"options", "-c application_name=cleanup.sh"}, false, "no-scripts"},
	{"database of a deny rule", production, []string{"database", "template1"}, false, "not-template1"},
	{"database by default the user's", production, []string{"database", "", "user", "template1"}, false, "not-template1"},
	{"replication without a rule", production, []string{"replication", "true"}, false, "builtin/replication"},
	{"replication of a database without a rule", production, []string{"replication", "database"}, false, "builtin/replication"},
	{"replication by rule", production, []string{"user", "replicator", "replication", "true"}, true, "backups"},
	{"replication by rule, from elsewhere", staging, []string{"user", "replicator", "replication", "true"}, false, "builtin/cross-environment"},
	{"rule in audit mode", production, []string{"user", "reporter"}, true, "watch-backups"},
}

// sessionMessage takes the message of a refused session apart.
var sessionMessage = regexp.MustCompile(
	`^pgcordon refused the session: rule (\S+), source environment (\S+), target environment (\S+), event (\S+)$`)

var environments = map[string]string{production: "production", staging: "staging", ci: "ci", stranger: "unknown"}

func TestSessionIsRefusedBeforeTheServerHearsOfIt(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Config{Major: 17, Conf: map[string]string{"log_connections": "on"}})
	server.Exec(t, "postgres", `CREATE ROLE migrator LOGIN; CREATE ROLE reporter LOGIN; CREATE ROLE replicator LOGIN REPLICATION`)
	s := stageOn(t, server, sessionRules)
	heard := func() int { return strings.Count(server.Log(), "connection received") }
	for _, a := range arrivals {
		t.Run(a.name, func(t *testing.T) {
			before := heard()
			c := s.start(t, a.from, a.parameters...)
			if a.allowed {
				c.want("R ok | K | Z I")
				s.admitted(t, a.from, a.rule)
				if heard() == before {
					t.Error("the server's log does not show its clients: this test proves nothing")
				}
				return
			}
			c.want("E 28000 | " + end)
			s.turnedAway(t, c.lastError(), a.from, a.rule)
			if heard() != before {
				t.Error("the server heard of the session")
			}
		})
	}
}

// admitted checks the audit event of a session that was let in.
func (s stage) admitted(t *testing.T, from, rule string) {
	t.Helper()
	s.guard.AwaitEvent(t, "a session by rule "+rule, func(e audit.Event) bool {
		return e.Type == audit.SessionStart && e.Rule == rule && e.Source.Address == from && e.Source.Environment == environments[from]
	})
}

// turnedAway checks what a refused client was told, and that the audit log says the same.
func (s stage) turnedAway(t *testing.T, e pgproto3.ErrorResponse, from, rule string) {
	t.Helper()
	part := sessionMessage.FindStringSubmatch(e.Message)
	if part == nil || part[1] != rule || part[2] != environments[from] || part[3] != "production" {
		t.Fatalf("message %q", e.Message)
	}
	if e.Severity != "FATAL" || e.SeverityUnlocalized != "FATAL" || e.Detail == "" || e.Hint == "" {
		t.Errorf("fields of the error: %+v", e)
	}
	event := s.event(t, part[4])
	if event.Type != audit.SessionRefused || event.Decision != audit.Deny || event.Rule != rule || event.SQLSTATE != "28000" ||
		event.Source.Address != from || event.Source.Environment != environments[from] || event.Reason != e.Detail {
		t.Errorf("event %+v", event)
	}
}

func TestAuditTargetLetsEverybodyInAndSaysWhoItWouldRefuse(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, 16)
	s := stage{server: server, database: anyDatabase}
	s.guard = pgtest.StartGuard(t, policyFor(server.Addr(), "mode: audit", ""))
	s.raw(t, stranger)
	s.guard.AwaitEvent(t, "a session that would be refused", func(e audit.Event) bool {
		return e.Type == audit.SessionStart && e.Decision == audit.WouldDeny && e.Rule == "builtin/unknown-source"
	})
}
