package operations

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// lenient and strict are two policies of which one lets DELETE pass.
const (
	lenient = "statements: [{name: any-delete, action: allow, when: {effect: delete}}]"
	strict  = "statements: [{name: no-delete, action: deny, when: {effect: delete}}]"
)

const (
	reloads      = `pgcordon_config_reloads_total{result="success"}`
	failures     = `pgcordon_config_reloads_total{result="failure"}`
	lastReloadOK = `pgcordon_config_last_reload_successful`
)

// put writes another policy, and waits until the guard has noticed by itself.
func (s stage) put(t testing.TB, rest string) {
	t.Helper()
	s.reloaded(t, func() { s.guard.Configure(t, policyFor(s.server.Addr(), "", rest)) })
}

// reloaded waits until what was done has made the guard read its file again.
func (s stage) reloaded(t testing.TB, do func()) {
	t.Helper()
	before := s.measures(t)[reloads]
	do()
	await(t, "the guard has reloaded", func() bool { return s.measures(t)[reloads] > before })
}

const emptied = "DELETE FROM journal"

func TestReloadJudgesLiveSessionsByTheNewPolicy(t *testing.T) {
	t.Parallel()
	eachMajor(t, lenient, func(t *testing.T, s stage) {
		c := s.raw(t, production)
		c.send(parse("kept", emptied), syncs())
		c.want("1 | Z I")
		c.send(bind("", "kept"), execute(""), syncs())
		c.want("2 | C DELETE 0 | Z I")
		s.put(t, strict)
		c.send(query(emptied))
		c.want("E 42501 | Z I")
		c.send(bind("", "kept"), execute(""), syncs())
		c.want("E 42501 | Z I")
		c.send(query("EXECUTE kept"))
		c.want("E 42501 | Z I")
		s.recorded(t, c, "no-delete")
		s.put(t, lenient)
		c.send(bind("", "kept"), execute(""), syncs())
		c.want("2 | C DELETE 0 | Z I")
		c.silent()
	})
}

func TestPortalIsJudgedAgainAfterAReload(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 17), lenient)
	c := s.raw(t, production)
	c.send(messages(run("BEGIN"), parse("", "DELETE FROM categories RETURNING id"), bind("held", ""), syncs())...)
	c.want("1 | 2 | C BEGIN | 1 | 2 | Z T")
	s.put(t, strict)
	c.send(execute("held"), syncs())
	c.want("E 42501 | Z E")
	c.send(query("ROLLBACK"))
	c.want("C ROLLBACK | Z I")
	s.intact(t)
}

// A statement in which there was nothing to look for by the old policy was not taken
// apart, so that the new one has nothing to go by.
func TestStatementThatWasNeverTakenApartMustBePreparedAgain(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 16), "builtin: false")
	c := s.raw(t, production)
	c.send(parse("", "DELETE FROM journal"), syncs())
	c.want("1 | Z I")
	s.put(t, "")
	c.send(bind("", ""), execute(""), syncs())
	c.want("E 42501 | Z I")
	c.send(messages(run("SELECT 1"), syncs())...)
	c.want("1 | 2 | D 1 | C SELECT 1 | Z I")
}

func TestReloadBySIGHUP(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 15), lenient)
	c := s.raw(t, production)
	s.guard.Configure(t, policyFor(s.server.Addr(), "", strict))
	s.guard.Signal(t, syscall.SIGHUP)
	await(t, "the log tells of it", func() bool { return strings.Contains(s.guard.Output(), "reason=SIGHUP") })
	c.send(query(emptied))
	c.want("E 42501 | Z I")
}

// Kubernetes mounts a ConfigMap as links to a folder that it swaps by renaming a link.
func TestReloadByAConfigMapsSwap(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 14), lenient)
	c := s.raw(t, production)
	dir, name := filepath.Split(s.guard.ConfigFile)
	swap := func(version, rest string) {
		text, err := os.ReadFile(s.guard.ConfigFile)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			os.Mkdir(filepath.Join(dir, version), 0o755),
			os.WriteFile(filepath.Join(dir, version, name), []byte(strings.Replace(string(text), lenient, rest, 1)), 0o600),
			os.Symlink(version, filepath.Join(dir, "..data_tmp")),
			os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	s.reloaded(t, func() { // lay the file out as Kubernetes does
		swap("..one", lenient)
		link := filepath.Join(dir, "link")
		if err := os.Symlink(filepath.Join("..data", name), link); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link, s.guard.ConfigFile); err != nil {
			t.Fatal(err)
		}
	})
	c.send(query(emptied))
	c.want("C DELETE 0 | Z I")
	s.reloaded(t, func() { swap("..two", strict) })
	c.send(query(emptied))
	c.want("E 42501 | Z I")
}

func TestInvalidFileKeepsTheOldPolicyAndShows(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 17), strict)
	c := s.raw(t, production)
	if s.measures(t)[lastReloadOK] != 1 {
		t.Error("the first policy does not count as loaded")
	}
	for i, broken := range []string{"statments: []", "statements: [{name: x, action: perhaps}]", ": : :"} {
		s.guard.Configure(t, policyFor(s.server.Addr(), "", broken))
		s.counted(t, failures, float64(i+1))
		s.counted(t, lastReloadOK, 0)
		c.send(query(emptied))
		c.want("E 42501 | Z I")
	}
	s.guard.AwaitEvent(t, "a rejected policy", func(e audit.Event) bool {
		return e.Type == audit.PolicyReload && e.Decision == audit.Deny && strings.Contains(e.Reason, "perhaps")
	})
	if log := s.guard.Output(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, `did you mean \"statements\"`) {
		t.Error("the log does not say what is wrong")
	}
	s.put(t, lenient)
	s.counted(t, lastReloadOK, 1)
	s.guard.AwaitEvent(t, "the accepted policy", func(e audit.Event) bool {
		return e.Type == audit.PolicyReload && e.Decision == audit.Allow && e.Reason == "the file changed"
	})
	c.send(query(emptied))
	c.want("C DELETE 0 | Z I")
}

func TestSessionThatTheNewPolicyRefusesIsEndedWithTheReason(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		rest, rule, environment string
		sources                 string
	}{
		"by a rule":             {"sessions: [{name: maintenance, action: deny, when: {user: postgres}}]", "maintenance", "production", ""},
		"moved by a new source": {"", "builtin/cross-environment", "staging", "sources:\n  - {name: moved, environment: staging, cidr: [127.0.0.0/8]}\n"},
		"known no longer":       {"", "builtin/unknown-source", "unknown", "sources:\n  - {name: far, environment: production, cidr: [10.0.0.0/8]}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := stageOn(t, pgtest.Shared(t, 18), "")
			idle, busy := s.raw(t, production), s.raw(t, production)
			busy.send(query("SELECT pg_sleep(600)"))
			s.asleep(t)
			policy := policyFor(s.server.Addr(), "", change.rest)
			if change.sources != "" {
				policy = withSources(policy, change.sources)
			}
			s.guard.Configure(t, policy)
			idle.want("E 28000 | " + end)
			busy.await("the end", func(m pgproto3.BackendMessage) bool {
				e, ok := m.(*pgproto3.ErrorResponse)
				return ok && e.Severity == "FATAL" && e.Code == "28000"
			})
			part := sessionMessage.FindStringSubmatch(idle.lastError().Message)
			if part == nil || part[1] != change.rule || part[2] != change.environment {
				t.Fatalf("%+v", idle.lastError())
			}
			e := s.event(t, part[4])
			if e.Type != audit.SessionRefused || e.Rule != change.rule || e.Source.Environment != change.environment {
				t.Errorf("event %+v", e)
			}
			await(t, "the server has forgotten the idle one", func() bool {
				return s.server.Query(t, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = '"+s.database+"' AND state = 'idle'") == "0"
			})
		})
	}
}

func TestListenerIsAddedAndRemoved(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 16), "")
	c := s.raw(t, production)
	first, second := s, s
	guard := *s.guard // the same program at another address
	second.guard = &guard
	second.guard.Addr = freeAddress(t)
	both := strings.Replace(policyFor(s.server.Addr(), "", ""), `"$listen"`, `"$listen", "`+second.guard.Addr+`"`, 1)
	s.reloaded(t, func() { s.guard.Configure(t, both) })
	added := second.raw(t, production)
	first.put(t, "")
	added.want("E 57P01 | " + end)
	if m := added.lastError().Message; !strings.Contains(m, "no longer configured") {
		t.Error(m)
	}
	if _, err := second.open(t, production); err == nil {
		t.Error("the removed address still answers")
	}
	c.send(query("SELECT 1"))
	c.want("T | D 1 | C SELECT 1 | Z I")
}
