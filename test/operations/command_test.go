package operations

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// command runs a subcommand of the program.
func command(t testing.TB, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, complaints strings.Builder
	cmd := exec.Command(pgtest.Binary(t), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &complaints
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), complaints.String()
}

// agreementRules have a rule of each kind.
const agreementRules = `
statements:
  - {name: housekeeping, action: allow, when: {user: postgres, effect: [delete], relation: [coupons], breadth: [open_range]}}
  - {name: hands-off-journal, action: deny, when: {effect: [update, insert], relation: [public.journal]}}
  - {name: no-backend-kills, action: deny, when: {function: [pg_terminate_backend]}}
  - {name: watch-locks, action: deny, mode: audit, when: {effect: [lock]}}
  - {name: note-role-changes, action: audit, when: {effect: [role, privileges]}}
  - {name: note-do, action: audit, when: {effect: [do]}}
`

// ruling is a decision and the rule that made it: "deny builtin/truncate", "allow".
type ruling struct{ decision, rule string }

func (r ruling) String() string { return strings.TrimSpace(r.decision + " " + r.rule) }

// TestExplainAgreesWithWhatRunDoes takes its statements from testdata/rulings.txt: a
// line a statement, the ruling in front.
func TestExplainAgreesWithWhatRunDoes(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, 17)
	s := stage{server: server, database: newShop(t, server)}
	policy := strings.Replace(policyFor(server.Addr(), "", agreementRules), "audit: {", "audit: {sql: full, ", 1)
	s.guard = pgtest.StartGuard(t, policy)
	content, err := os.ReadFile("testdata/rulings.txt")
	if err != nil {
		t.Fatal(err)
	}
	var wants []ruling
	var texts []string
	for line := range strings.Lines(string(content)) {
		front, sql, found := strings.Cut(strings.TrimSpace(line), " | ")
		if !found {
			continue
		}
		var want ruling
		want.decision, want.rule, _ = strings.Cut(strings.TrimSpace(front), " ")
		wants, texts = append(wants, want), append(texts, sql)
	}
	if len(texts) < 30 {
		t.Fatalf("%d statements", len(texts))
	}
	did := s.rulings(t, texts)
	for i, sql := range texts {
		said := explain(t, s.guard.ConfigFile, sql)
		if said != wants[i] || did[sql] != wants[i] {
			t.Errorf("%s\nexplain: %s\nrun:     %s\nwant:    %s", sql, said, did[sql], wants[i])
		}
	}
}

// rulings runs statements through the guard and finds out from its audit log what was
// decided on each.
func (s stage) rulings(t *testing.T, texts []string) map[string]ruling {
	t.Helper()
	c := s.raw(t, production)
	all := map[string]ruling{}
	for _, sql := range texts {
		all[sql] = ruling{decision: "allow"}
		c.send(query(sql))
		c.untilReady(1)
	}
	for _, e := range s.eventsOf(t, c) {
		switch {
		case e.Type == audit.StatementRefused:
			all[e.SQL] = ruling{"deny", e.Rule}
		case e.Type == audit.StatementEvent && e.Decision == audit.WouldDeny:
			all[e.SQL] = ruling{"would_deny", e.Rule}
		case e.Type == audit.StatementEvent:
			all[e.SQL] = ruling{"record", e.Rule}
		}
	}
	return all
}

// explain asks the program what would be decided, and checks its exit status.
func explain(t *testing.T, config, sql string) ruling {
	t.Helper()
	status, stdout, stderr := command(t, sql, "explain", "--config", config, "--source", production, "--user", "postgres", "--json")
	var told struct {
		Decision struct{ Decision, Rule string }
	}
	if err := json.Unmarshal([]byte(stdout), &told); err != nil {
		t.Fatalf("%s: %v\n%s%s", sql, err, stdout, stderr)
	}
	if refused := told.Decision.Decision == "deny"; refused != (status == 2) || !refused && status != 0 {
		t.Errorf("%s: exit status %d, decision %s", sql, status, told.Decision.Decision)
	}
	if told.Decision.Decision == "allow" {
		return ruling{decision: "allow"} // of which the audit log names no rule
	}
	return ruling{told.Decision.Decision, told.Decision.Rule}
}

func TestExplainAgreesOnSessions(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 16), sessionRules)
	for _, a := range arrivals {
		args := []string{"explain", "--config", s.guard.ConfigFile, "--source", a.from, "--database", s.database, "--json"}
		parameters := map[string]string{"user": "postgres"}
		for i := 0; i+1 < len(a.parameters); i += 2 {
			parameters[a.parameters[i]] = a.parameters[i+1]
		}
		if parameters["options"] != "" || parameters["database"] == "" && len(a.parameters) > 0 && a.parameters[0] == "database" {
			continue // explain takes what the options come to
		}
		args = append(args, "--user", parameters["user"], "--application", parameters["application_name"])
		if d := parameters["database"]; d != "" {
			args = append(args, "--database", d)
		}
		if parameters["replication"] != "" {
			args = append(args, "--replication")
		}
		status, stdout, stderr := command(t, "", append(args, "IDENTIFY_SYSTEM")...)
		var told struct {
			Source  struct{ Environment string }
			Session struct{ Decision, Rule string }
		}
		if err := json.Unmarshal([]byte(stdout), &told); err != nil {
			t.Fatalf("%s: %v\n%s%s", a.name, err, stdout, stderr)
		}
		if told.Session.Rule != a.rule || told.Source.Environment != environments[a.from] || (told.Session.Decision == "deny") == a.allowed {
			t.Errorf("%s: status %d, %s", a.name, status, stdout)
		}
	}
}

func TestCheckTellsGoodFilesFromBad(t *testing.T) {
	t.Parallel()
	good := strings.NewReplacer("$listen", "127.0.0.1:6432", `"$socket"`, `"unix:/run/pgcordon/s"`, "$audit", "-", "$metrics", "127.0.0.1:9432").
		Replace(policyFor("127.0.0.1:5432", "", ""))
	for name, test := range map[string]struct {
		text   string
		status int
		says   []string
	}{
		"good": {good, 0, []string{"ok: 1 target"}},
		"three mistakes": {strings.NewReplacer("upstream", "upstraem", "127.0.1.0/24", "127.0.1.0/33", "name: prod,", "nmae: prod,").Replace(good), 1, []string{
			"pgcordon.yaml:6:5: ", `did you mean "upstream"`, "/33", `did you mean "name"`}},
		"not YAML": {"targets: [", 1, []string{"pgcordon.yaml:"}},
		"empty":    {"", 1, []string{"targets"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "pgcordon.yaml")
			if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			status, stdout, stderr := command(t, "", "check", "--config", file)
			if status != test.status {
				t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
			}
			for _, says := range test.says {
				if !strings.Contains(stdout+stderr, says) {
					t.Errorf("no %q in\n%s%s", says, stdout, stderr)
				}
			}
			if test.status == 0 {
				return
			}
			if run, _, complaints := command(t, "", "run", "--config", file); run != 1 || complaints != stderr {
				t.Errorf("run ends with %d and says\n%s", run, complaints)
			}
		})
	}
}
