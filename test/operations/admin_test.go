package operations

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/proxy/admin"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// operated is a stage whose guard has an admin socket.
type operated struct {
	stage
	socket, state, config string
}

// everywhere lets staging in beside production.
const everywhere = "sessions: [{name: guests, action: allow, when: {source: [staging, production]}}]\n"

func operate(t testing.TB, server *pgtest.Server) operated {
	t.Helper()
	return operateWith(t, server, everywhere)
}

// operateWith is operate with further rules and flags.
func operateWith(t testing.TB, server *pgtest.Server, rest string, flags ...string) operated {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgcordon-") // short enough for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	o := operated{
		stage:  stage{server: server, database: newShop(t, server)},
		socket: filepath.Join(dir, "admin.sock"), state: filepath.Join(dir, "lockdowns.json"),
	}
	o.config = policyFor(server.Addr(), "", rest+fmt.Sprintf("admin: {socket: %s, state: %s}", o.socket, o.state))
	o.guard = pgtest.StartGuard(t, o.config, flags...)
	return o
}

// order runs a subcommand that must succeed.
func (o operated) order(t testing.TB, args ...string) string {
	t.Helper()
	status, out, complaints := command(t, "", append(args, "--socket", o.socket)...)
	if status != 0 {
		t.Fatalf("%v ended with %d: %s", args, status, complaints)
	}
	return out
}

// session waits for the one session that has a property.
func (o operated) session(t testing.TB, what string, has func(admin.Session) bool) (found admin.Session) {
	t.Helper()
	await(t, what, func() bool {
		all, err := admin.NewClient(o.socket).Sessions()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, one := range all {
			if has(one) {
				found = one
				n++
			}
		}
		return n == 1
	})
	return found
}

func (o operated) ordered(t testing.TB, kind, reason string) audit.Event {
	t.Helper()
	e := o.guard.AwaitEvent(t, kind, func(e audit.Event) bool { return e.Type == kind && e.Reason == reason })
	if e.Operator == nil || e.Operator.UID != os.Getuid() || e.Operator.PID == 0 {
		t.Errorf("%s was asked for by %+v", kind, e.Operator)
	}
	return e
}

const sleeping = "BEGIN; DELETE FROM categories WHERE id = 1; SELECT pg_sleep(600)"

func TestSessionsAreListedWithWhatTheyDo(t *testing.T) {
	t.Parallel()
	o := operate(t, pgtest.Shared(t, 17))
	idle := o.raw(t, production, "application_name", "storefront")
	idle.send(query("DELETE FROM categories"))
	idle.want("E 42501 | Z I")
	busy := o.raw(t, staging)
	busy.send(query(sleeping))
	o.asleep(t)
	one := o.session(t, "an active session", func(s admin.Session) bool { return s.State == admin.Active })
	if one.Source != "staging" || one.Address != staging || one.Target != "shop" || one.User != "postgres" ||
		one.Database != o.database || one.Statements != 1 || one.QueryStart.Before(one.Since) || one.ServerPID == 0 {
		t.Errorf("active: %+v", one)
	}
	one = o.session(t, "an idle session", func(s admin.Session) bool { return s.State == admin.Idle })
	if one.Source != "production" || one.Application != "storefront" || one.Refused != 1 || !one.QueryStart.IsZero() {
		t.Errorf("idle: %+v", one)
	}
	if got := o.server.Query(t, o.database, fmt.Sprintf("SELECT state FROM pg_stat_activity WHERE pid = %d", one.ServerPID)); got != "idle" {
		t.Errorf("the server's process %d of the idle session is %q", one.ServerPID, got)
	}
	o.guard.AwaitEvent(t, "its start", func(e audit.Event) bool {
		return e.Type == audit.SessionStart && e.Session == one.ID && e.ServerPID == one.ServerPID
	})
	table := o.order(t, "sessions")
	if lines := strings.Split(table, "\n"); len(lines) != 4 || !strings.Contains(lines[1], one.ID) || !strings.Contains(lines[2], "active since") {
		t.Errorf("the table is not the idle session and then the active one:\n%s", table)
	}
}

func TestAnOpenTransactionIsListed(t *testing.T) {
	t.Parallel()
	o := operate(t, pgtest.Shared(t, 17))
	c := o.raw(t, production)
	for _, step := range []struct{ sql, want string }{
		{"BEGIN", admin.IdleInTransaction},
		{"SELECT 1/0", admin.IdleInTransaction},
		{"ROLLBACK", admin.Idle},
	} {
		c.send(query(step.sql))
		c.untilReady(1)
		one := o.session(t, step.sql+" shows", func(s admin.Session) bool { return s.State == step.want })
		if one.QueryStart.IsZero() != (step.want == admin.Idle) {
			t.Errorf("%s: %+v", step.sql, one)
		}
	}
}

// A client is given time to read why its session ended. Meanwhile it is no session that
// an operator would have to end again.
func TestEndedSessionsAreNotEndedAgain(t *testing.T) {
	t.Parallel()
	o := operate(t, pgtest.Shared(t, 17))
	o.raw(t, staging)
	for _, want := range []string{"1 session ended", "0 sessions ended"} {
		if out := o.order(t, "kill", "--source", "staging"); !strings.HasPrefix(out, want) {
			t.Errorf("%s, want %s", out, want)
		}
		all, err := admin.NewClient(o.socket).Sessions()
		if err != nil || len(all) > 0 && all[0].State != admin.Ending {
			t.Errorf("%+v, %v", all, err)
		}
	}
}

func TestKillEndsTheSessionAndItsStatement(t *testing.T) {
	t.Parallel()
	for _, major := range pgtest.Majors {
		t.Run(fmt.Sprint(major), func(t *testing.T) {
			t.Parallel()
			o := operate(t, pgtest.Shared(t, major))
			spared, busy := o.raw(t, production), o.raw(t, production)
			busy.send(query(sleeping))
			o.asleep(t)
			id := o.session(t, "the busy one", func(s admin.Session) bool { return s.State == admin.Active }).ID
			if out := o.order(t, "kill", id, "--reason", "it sleeps"); !strings.HasPrefix(out, "1 session ended") {
				t.Error(out)
			}
			busy.want("E 57P01 | " + end)
			if e := busy.lastError(); e.Detail != "it sleeps" {
				t.Errorf("%+v", e)
			}
			o.stopped(t)
			o.intact(t)
			spared.send(query("SELECT 1"))
			spared.want("T | D 1 | C SELECT 1 | Z I")
			event := o.ordered(t, audit.KillEvent, "it sleeps")
			o.guard.AwaitEvent(t, "the session's end", func(e audit.Event) bool {
				return e.Type == audit.SessionEnd && e.Session == id && strings.Contains(e.Reason, event.ID)
			})
		})
	}
}

func TestKillBySource(t *testing.T) {
	t.Parallel()
	o := operate(t, pgtest.Shared(t, 16))
	spared, first, second := o.raw(t, production), o.raw(t, staging), o.raw(t, staging)
	first.send(query(sleeping))
	o.asleep(t)
	if out := o.order(t, "kill", "--source", "staging", "--user", "postgres"); !strings.HasPrefix(out, "2 sessions ended") {
		t.Error(out)
	}
	first.want("E 57P01 | " + end)
	second.want("E 57P01 | " + end)
	o.stopped(t)
	spared.send(query("SELECT 1"))
	spared.want("T | D 1 | C SELECT 1 | Z I")
	again := o.raw(t, staging) // a kill keeps nobody out
	again.send(query("SELECT 1"))
	again.want("T | D 1 | C SELECT 1 | Z I")
}

func TestKillThatMeansNobodySaysSo(t *testing.T) {
	t.Parallel()
	o := operate(t, pgtest.Shared(t, 16))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"kill", "NOBODY"}, "there is no session NOBODY"},
		{[]string{"kill"}, "name the sessions to end"},
		{[]string{"kill", "X", "--source", "staging"}, "not both"},
		{[]string{"kill", "X", "--reason", "two\nlines"}, "control character"},
		{[]string{"kill", "--source", "stagign"}, `unknown source environment "stagign"`},
		{[]string{"kill", "--target", "shpo"}, `unknown target "shpo"`},
		{[]string{"kill", "--source", "", "--user", "postgres"}, "--source: is empty"},
		{[]string{"lockdown", "--source", "staging"}, "needs a reason"},
		{[]string{"lockdown", "--source", "", "--reason", "a variable that is not set"}, "--source: is empty"},
		{[]string{"lockdown", "--source", "stagign", "--reason", "typo"}, `unknown source environment "stagign": the policy has ci, production, staging, unknown`},
		{[]string{"lockdown", "--target", "shpo", "--reason", "typo"}, `unknown target "shpo"`},
		{[]string{"release", "--source", "staging"}, "there is none of source staging; nothing is locked down"},
	} {
		status, _, complaints := command(t, "", append(test.args, "--socket", o.socket)...)
		if status != 1 || !strings.Contains(complaints, test.want) {
			t.Errorf("%v: status %d, %s", test.args, status, complaints)
		}
	}
	if n := o.measures(t)["pgcordon_lockdown"]; n != 0 {
		t.Errorf("%v lockdowns", n)
	}
}

func TestLockdownEndsAndRefusesUntilReleased(t *testing.T) {
	t.Parallel()
	o := operate(t, pgtest.Shared(t, 15))
	spared, busy := o.raw(t, production), o.raw(t, staging)
	busy.send(query(sleeping))
	o.asleep(t)
	if out := o.order(t, "lockdown", "--source", "staging", "--reason", "tests on production"); !strings.HasPrefix(out, "locked down, 1 session ended") {
		t.Error(out)
	}
	busy.want("E 28000 | " + end)
	o.stopped(t)
	o.intact(t)
	o.lockedOut(t, "tests on production")
	spared.send(query("SELECT 1"))
	spared.want("T | D 1 | C SELECT 1 | Z I")
	o.ordered(t, audit.LockdownEvent, "tests on production")
	for target, want := range map[string]audit.Target{"shop": {Name: "shop", Environment: "production"}, "production": {Environment: "production"}} {
		o.order(t, "kill", "--user", "nobody", "--target", target, "--reason", "at "+target)
		if e := o.ordered(t, audit.KillEvent, "at "+target); e.Target != want {
			t.Errorf("%q is %+v in the audit log", target, e.Target)
		}
	}
	o.counted(t, "pgcordon_lockdown", 1)
	if out := o.order(t, "lockdown", "--list"); !strings.Contains(out, "tests on production") {
		t.Error(out)
	}
	o.order(t, "release", "--source", "staging", "--reason", "mended")
	o.ordered(t, audit.ReleaseEvent, "mended")
	o.counted(t, "pgcordon_lockdown", 0)
	o.raw(t, staging)
}

// lockedOut checks that staging is refused, with the reason and the way out.
func (o operated) lockedOut(t testing.TB, reason string) {
	t.Helper()
	c := o.start(t, staging)
	c.want("E 28000 | " + end)
	e := c.lastError()
	if !strings.Contains(e.Message, "builtin/lockdown") || !strings.Contains(e.Detail, reason) || !strings.Contains(e.Hint, "pgcordon release --source staging") {
		t.Errorf("%+v", e)
	}
}

func TestLockdownSurvivesARestart(t *testing.T) {
	t.Parallel()
	o := operate(t, pgtest.Shared(t, 14))
	o.order(t, "lockdown", "--source", "staging", "--reason", "until morning")
	o.guard.Signal(t, syscall.SIGTERM)
	o.gone(t)
	if _, err := os.Stat(o.socket); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}
	o.guard = pgtest.StartGuard(t, o.config)
	o.counted(t, "pgcordon_lockdown", 1)
	o.lockedOut(t, "until morning")
	o.order(t, "release", "--source", "staging")
	o.raw(t, staging)
}

func TestLockdownsThatCannotBeReadKeepTheProgramFromStarting(t *testing.T) {
	t.Parallel()
	o := operate(t, pgtest.Shared(t, 14))
	o.guard.Signal(t, syscall.SIGTERM)
	o.gone(t)
	if err := os.WriteFile(o.state, []byte(`{"lockdowns": [{"sou`), 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, complaints := command(t, "", "run", "--config", o.guard.ConfigFile)
	if status != 1 || !strings.Contains(complaints, "admin.state") || !strings.Contains(complaints, o.state) {
		t.Errorf("status %d: %s", status, complaints)
	}
}

func TestReloadsAndLockdownsDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	o := operate(t, pgtest.Shared(t, 17))
	for i := range 10 {
		o.reloaded(t, func() {
			o.guard.Signal(t, syscall.SIGHUP)
			if i%2 == 0 {
				o.order(t, "lockdown", "--source", "staging", "--reason", "again")
			} else {
				o.order(t, "release", "--source", "staging")
			}
		})
		if i%2 == 0 {
			o.lockedOut(t, "again")
		} else {
			o.raw(t, staging)
		}
	}
}

func TestReloadMovesASessionIntoALockdown(t *testing.T) {
	t.Parallel()
	o := operate(t, pgtest.Shared(t, 17))
	c := o.raw(t, production)
	o.order(t, "lockdown", "--source", "staging", "--reason", "tests")
	moved := strings.NewReplacer("environment: production, cidr", "environment: staging, cidr", "environment: staging, cidr", "environment: production, cidr")
	o.reloaded(t, func() { o.guard.Configure(t, moved.Replace(o.config)) })
	c.want("E 28000 | " + end)
}

func TestAdminSocketIsTheOwnersAlone(t *testing.T) {
	t.Parallel()
	o := operate(t, pgtest.Shared(t, 17))
	info, err := os.Stat(o.socket)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("the socket has mode %o", mode)
	}
}

func TestCommandsSayWhyTheyCannotReachTheProgram(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "pgcordon-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	stale := filepath.Join(dir, "stale.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	for _, test := range []struct{ socket, want string }{
		{filepath.Join(dir, "none.sock"), "is pgcordon running, with admin.socket set to it?"},
		{stale, "pgcordon is not running"},
		{"", "give --socket PATH, or --config FILE"},
	} {
		status, _, complaints := command(t, "", "sessions", "--socket="+test.socket)
		if status != 1 || !strings.Contains(complaints, test.want) {
			t.Errorf("%q: status %d, %s", test.socket, status, complaints)
		}
	}
}

func TestOrdersLeaveNoDescriptorsBehind(t *testing.T) {
	t.Parallel()
	o := operate(t, pgtest.Shared(t, 17))
	descriptors := func() int {
		all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", o.guard.PID()))
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	round := func() {
		c := o.raw(t, staging)
		c.send(query("SELECT pg_sleep(600)"))
		o.asleep(t)
		if _, err := admin.NewClient(o.socket).Kill(admin.Kill{Scope: admin.Scope{Source: "staging"}}); err != nil {
			t.Fatal(err)
		}
		c.want("E 57P01 | " + end)
		o.stopped(t)
	}
	round()
	before, goroutines := descriptors(), o.measures(t)["go_goroutines"]
	for range 20 {
		round()
	}
	await(t, "descriptors and goroutines are as before", func() bool {
		return descriptors() <= before && o.measures(t)["go_goroutines"] <= goroutines
	})
}
