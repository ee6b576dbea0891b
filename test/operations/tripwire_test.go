package operations

import (
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// mistaken admits staging to production, and lets everybody empty any table.
const mistaken = everywhere + "statements: [{name: anything, action: allow, when: {effect: \"@destructive\"}}]\n"

func tripwires(list ...string) string { return "tripwires: [" + strings.Join(list, ", ") + "]\n" }

const tableAfterTable = "{name: table-after-table, when: {source: [staging, ci]}, tables: 3, within: 10m}"

// relays are what can move the bytes.
var relays = []string{"epoll", "goroutines"}

// incident is the only one in the audit log, once it is there.
func (o operated) incident(t testing.TB) audit.Event {
	t.Helper()
	e := o.guard.AwaitEvent(t, "an incident", func(e audit.Event) bool { return e.Type == audit.IncidentEvent })
	for _, other := range o.guard.Events(t) {
		if other.Type == audit.IncidentEvent && other.ID != e.ID {
			t.Errorf("a second incident: %+v", other)
		}
	}
	return e
}

// quarantined checks that staging is turned away because of an incident.
func (o operated) quarantined(t testing.TB, incident string) {
	t.Helper()
	c := o.start(t, staging)
	c.want("E 28000 | " + end)
	e := c.lastError()
	if !strings.Contains(e.Message, "builtin/quarantine") || !strings.Contains(e.Detail, "incident "+incident) ||
		!strings.Contains(e.Hint, "pgcordon release --source staging --target shop") {
		t.Errorf("%+v", e)
	}
}

// nightly is what a test suite of staging once ran on production.
var nightly = []string{
	"DELETE FROM categories WHERE id > 0",
	"TRUNCATE TABLE categories CASCADE",
	"TRUNCATE TABLE cms_blocks CASCADE",
	"DELETE FROM coupons WHERE created_at < NOW()",
}

func (o operated) newBlocks(t testing.TB) {
	t.Helper()
	o.server.Exec(t, o.database, "CREATE TABLE cms_blocks (id int); INSERT INTO cms_blocks VALUES (1)")
}

func TestTheThirdTableOfTheNightlySuiteNeverGoes(t *testing.T) {
	t.Parallel()
	for _, major := range pgtest.Majors {
		for _, relay := range relays {
			t.Run(fmt.Sprintf("%d %s", major, relay), func(t *testing.T) {
				t.Parallel()
				o := operateWith(t, pgtest.Shared(t, major), mistaken+tripwires(tableAfterTable), "--relay", relay)
				o.newBlocks(t)
				spared, busy, suite := o.raw(t, production), o.raw(t, staging), o.connect(t, staging)
				busy.send(query("BEGIN; UPDATE coupons SET code = ''; SELECT pg_sleep(600)"))
				o.asleep(t)
				var err error
				for i, sql := range nightly {
					if _, err = suite.Exec(deadline(t), sql); (err != nil) != (i == 3) {
						t.Fatalf("%s: %v", sql, err)
					}
				}
				e := o.incident(t)
				if told := fmt.Sprint(err); !strings.Contains(told, "quarantine, incident "+e.ID) {
					t.Errorf("the suite is told %s", told)
				}
				busy.want("E 28000 | " + end)
				o.stopped(t)
				if n := o.server.Query(t, o.database, "SELECT count(*) FROM coupons WHERE code <> ''"); n != "20" {
					t.Errorf("%s of 20 coupons are left as they were", n)
				}
				o.quarantined(t, e.ID)
				spared.send(query("DELETE FROM journal"))
				spared.want("C DELETE 0 | Z I")
				o.counted(t, "pgcordon_quarantine", 1)
				o.counted(t, `pgcordon_incidents_total{decision="deny",source_environment="staging",target="shop",tripwire="table-after-table"}`, 1)
			})
		}
	}
}

func TestIncidentNamesItsCauses(t *testing.T) {
	t.Parallel()
	o := operateWith(t, pgtest.Shared(t, 16), mistaken+tripwires(tableAfterTable))
	o.newBlocks(t)
	first := o.raw(t, staging, "application_name", "suite")
	first.send(query("DELETE FROM categories WHERE id > 0"))
	first.want("C DELETE 20 | Z I")
	first.send(query("TRUNCATE cms_blocks"))
	first.want("C TRUNCATE TABLE | Z I")
	second := o.raw(t, staging)
	second.send(query("TRUNCATE coupons"))
	second.want("E 28000 | " + end)
	e := o.incident(t)
	if e.Rule != "table-after-table" || e.Decision != audit.Deny || e.Ended != 2 || !e.Until.IsZero() || e.Source.Environment != "staging" || e.Target.Name != "shop" || e.Target.Environment != "production" ||
		e.Reason != "3 tables emptied or dropped within 10m: public.categories, public.cms_blocks, public.coupons" {
		t.Errorf("%+v", e)
	}
	events := o.guard.Events(t)
	byID := map[string]audit.Event{}
	for _, one := range events {
		byID[one.ID] = one
	}
	if len(e.Causes) != 3 {
		t.Fatalf("causes %+v", e.Causes)
	}
	for i, want := range []struct{ decision, kind, relation, sql string }{
		{audit.Allow, audit.StatementEvent, "public.categories", "DELETE FROM categories WHERE id > "},
		{audit.Allow, audit.StatementEvent, "public.cms_blocks", "TRUNCATE cms_blocks"},
		{audit.Deny, audit.StatementRefused, "public.coupons", "TRUNCATE coupons"},
	} {
		c := e.Causes[i]
		told := byID[c.Event]
		if c.Decision != want.decision || !strings.HasPrefix(told.SQL, want.sql) || c.Relations[0] != want.relation || c.User != "postgres" || c.Address != staging || c.Database != o.database || c.Session != told.Session ||
			told.Type != want.kind || told.Session == "" || (c.Application == "suite") != (i < 2) {
			t.Errorf("cause %+v, event %+v", c, told)
		}
	}
	if rows := byID[e.Causes[0].Event].Rows; rows == nil || *rows != 20 {
		t.Errorf("rows %v", rows)
	}
	// The refusal is on disk before the incident, and that a session ended comes behind it.
	var order []string
	for _, one := range events {
		switch {
		case one.Type == audit.StatementRefused, one.Type == audit.IncidentEvent, one.Type == audit.SessionEnd:
			order = append(order, one.Type)
		}
	}
	if order[0] != audit.StatementRefused {
		t.Errorf("the order is %v", order)
	}
	await(t, "the log has a line of it", func() bool {
		return strings.Contains(o.guard.Output(), "level=ERROR msg=incident event_id="+e.ID)
	})
	list := o.order(t, "lockdown", "--list")
	if !strings.Contains(list, "tripwire table-after-table") || !strings.Contains(list, e.ID) || !strings.Contains(list, " released ") {
		t.Error(list)
	}
}

func TestQuarantineByHandAndRestart(t *testing.T) {
	t.Parallel()
	o := operateWith(t, pgtest.Shared(t, 15), everywhere+tripwires("{name: refusals, when: {source: staging}, refusals: 3, within: 10m}"))
	for range 3 {
		c := o.raw(t, staging)
		c.send(query("TRUNCATE categories"))
		c.untilRefused()
	}
	e := o.incident(t)
	o.quarantined(t, e.ID)
	o.guard.Signal(t, syscall.SIGTERM)
	o.gone(t)
	o.guard = pgtest.StartGuard(t, o.config)
	o.counted(t, "pgcordon_quarantine", 1)
	o.quarantined(t, e.ID)
	o.order(t, "release", "--source", "staging", "--target", "shop", "--reason", "mended")
	o.ordered(t, audit.ReleaseEvent, "mended")
	o.counted(t, "pgcordon_quarantine", 0)
	c := o.raw(t, staging) // and the count begins anew
	for range 2 {
		c.send(query("TRUNCATE categories"))
		c.want("E 42501 | Z I")
	}
	c.send(query("TRUNCATE categories"))
	c.want("E 28000 | " + end)
}

// untilRefused receives the refusal, or the end that came before it.
func (c *client) untilRefused() {
	c.t.Helper()
	if got := c.next(); got != "E 42501" && got != "E 28000" {
		c.t.Fatal(got)
	}
}

func TestQuarantineEndsByItself(t *testing.T) {
	t.Parallel()
	wire := strings.Replace(tableAfterTable, "}", "}, quarantine: 1s", 1)
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart %t", restart), func(t *testing.T) {
			t.Parallel()
			o := operateWith(t, pgtest.Shared(t, 14), mistaken+tripwires(wire))
			c := o.raw(t, staging)
			c.send(query("TRUNCATE categories, coupons, journal"))
			c.want("E 28000 | " + end)
			o.intact(t)
			if restart {
				o.guard.Signal(t, syscall.SIGTERM)
				o.gone(t)
				o.guard = pgtest.StartGuard(t, o.config)
			}
			await(t, "staging is let in again", func() bool {
				conn, err := o.open(t, staging)
				return err == nil && conn.Close(deadline(t)) == nil
			})
			if !restart {
				e := o.incident(t)
				over := o.guard.AwaitEvent(t, "the end", func(e audit.Event) bool { return e.Type == audit.ReleaseEvent })
				if over.Operator != nil || !strings.Contains(over.Reason, e.ID) || over.Time.Before(e.Until) || e.Until.Sub(e.Time).Round(time.Millisecond) != time.Second {
					t.Errorf("incident %+v, its end %+v", e, over)
				}
			}
			o.counted(t, "pgcordon_quarantine", 0)
			if list := o.order(t, "lockdown", "--list"); strings.Contains(list, "staging") {
				t.Error(list)
			}
			c = o.raw(t, staging) // counts from the beginning
			c.send(query("TRUNCATE categories, coupons"))
			c.want("C TRUNCATE TABLE | Z I")
		})
	}
}

func TestManySessionsAtOnceCannotEmptyMoreTables(t *testing.T) {
	t.Parallel()
	const sessions, enough = 24, 5
	for _, relay := range relays {
		t.Run(relay, func(t *testing.T) {
			t.Parallel()
			wire := strings.Replace(tableAfterTable, "tables: 3", fmt.Sprintf("tables: %d", enough), 1)
			o := operateWith(t, pgtest.Shared(t, 17), mistaken+tripwires(wire), "--relay", relay)
			var ready, done sync.WaitGroup
			begin := make(chan struct{})
			for i := range sessions {
				o.server.Exec(t, o.database, fmt.Sprintf("CREATE TABLE t%d AS SELECT 1 AS x", i))
				conn := o.connect(t, staging)
				ready.Add(1)
				done.Go(func() {
					ready.Done()
					<-begin
					_, _ = conn.Exec(deadline(t), fmt.Sprintf("TRUNCATE t%d", i))
				})
			}
			ready.Wait()
			close(begin)
			done.Wait()
			gone := 0
			for i := range sessions {
				if o.server.Query(t, o.database, fmt.Sprintf("SELECT count(*) FROM t%d", i)) == "0" {
					gone++
				}
			}
			if gone >= enough {
				t.Errorf("%d tables are empty", gone)
			}
			o.incident(t)
		})
	}
}

func TestNoLoginThatFailsTripsAnything(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Config{Major: 17, HBA: []string{"host all guarded_user all scram-sha-256", "host all nobody all reject"}})
	server.Exec(t, "postgres", "CREATE ROLE guarded_user LOGIN PASSWORD 'secret'")
	o := operateWith(t, server, everywhere+tripwires(
		"{name: refusals, when: {source: staging}, refusals: 1, within: 10m}",
		"{name: tables, when: {source: staging}, tables: 1, within: 10m}",
		"{name: suite, when: {source: staging}, test_suite: true, applications: pytest}"))
	for range 5 {
		for _, user := range []string{"guarded_user", "nobody"} {
			c := o.start(t, staging, "user", user, "application_name", "pytest")
			c.send(query("TRUNCATE categories, coupons RESTART IDENTITY"), parse("", "DELETE FROM coupons"), execute(""), syncs())
			c.next()
			c.conn.Close()
		}
	}
	conn, err := o.open(t, staging, asUser("guarded_user"))
	if err == nil || conn != nil {
		t.Fatal("let in without a password")
	}
	o.raw(t, staging).leave()
	for _, e := range o.guard.Events(t) {
		if e.Type == audit.IncidentEvent || e.Type == audit.StatementRefused {
			t.Errorf("%+v", e)
		}
	}
	o.counted(t, "pgcordon_quarantine", 0)
}

// A client that does not wait for the end of its login cannot go uncounted.
func TestStatementsBehindTheStartupPacketCount(t *testing.T) {
	t.Parallel()
	for _, relay := range relays {
		t.Run(relay, func(t *testing.T) {
			t.Parallel()
			o := operateWith(t, pgtest.Shared(t, 17), mistaken+tripwires(tableAfterTable), "--relay", relay)
			c := o.start(t, staging)
			c.send(query("TRUNCATE categories"), query("TRUNCATE journal"), query("TRUNCATE coupons"), query("SELECT 1"))
			o.incident(t)
			if n := o.server.Query(t, o.database, "SELECT count(*) FROM coupons"); n != "20" {
				t.Errorf("%s coupons are left", n)
			}
		})
	}
}

func TestTestSuitesAreKnownByWhatTheyDoAndByTheirName(t *testing.T) {
	t.Parallel()
	const wire = `{name: suite, when: {source: staging}, test_suite: true, applications: "pytest*"}`
	for name, suite := range map[string]func(operated) *client{
		"what": func(o operated) *client {
			c := o.raw(t, staging)
			c.send(query(`TRUNCATE "categories", "coupons" RESTART IDENTITY CASCADE`))
			return c
		},
		"name": func(o operated) *client { return o.start(t, staging, "application_name", "pytest-xdist") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := operateWith(t, pgtest.Shared(t, 17), mistaken+tripwires(wire))
			spared := o.raw(t, production, "application_name", "pytest")
			c := suite(o)
			c.untilClosed()
			if e := c.lastError(); e.Code != "28000" || !strings.Contains(e.Detail, "tripwire suite") {
				t.Errorf("%+v", e)
			}
			o.intact(t)
			o.quarantined(t, o.incident(t).ID)
			spared.send(query("TRUNCATE journal, categories RESTART IDENTITY"))
			spared.want("C TRUNCATE TABLE | Z I")
		})
	}
}

func (c *client) untilClosed() {
	c.t.Helper()
	for c.next() != end {
	}
}

func TestTripwiresCountWhatALimitHolds(t *testing.T) {
	t.Parallel()
	const limited = everywhere + "statements: [{name: batch, action: allow, max_rows: 100, when: {effect: delete}}]\n"
	for _, major := range pgtest.Majors {
		t.Run(fmt.Sprint(major), func(t *testing.T) {
			t.Parallel()
			o := operateWith(t, pgtest.Shared(t, major), limited+tripwires(tableAfterTable))
			c := o.raw(t, staging)
			c.send(query("DELETE FROM journal"))
			c.want("C DELETE 0 | Z I")
			c.send(messages(run("DELETE FROM coupons WHERE id > 0"), syncs())...)
			c.want("1 | 2 | C DELETE 20 | Z I")
			c.send(messages(run("DELETE FROM categories"), syncs())...)
			c.untilClosed()
			o.intact(t)
			e := o.incident(t)
			o.guard.AwaitEvent(t, "the rows of what counted", func(told audit.Event) bool {
				return told.ID == e.Causes[1].Event && told.Rows != nil && *told.Rows == 20
			})
		})
	}
}

func TestReloadChangesTripwires(t *testing.T) {
	t.Parallel()
	o := operateWith(t, pgtest.Shared(t, 17), mistaken)
	put := func(wires string) {
		o.reloaded(t, func() {
			o.guard.Configure(t, policyFor(o.server.Addr(), "", mistaken+wires+fmt.Sprintf("admin: {socket: %s, state: %s}", o.socket, o.state)))
		})
	}
	c := o.raw(t, staging)
	all := query("TRUNCATE categories, coupons, journal")
	c.send(all)
	c.want("C TRUNCATE TABLE | Z I")
	put(tripwires(strings.Replace(tableAfterTable, "tables: 3", "tables: 4", 1)))
	c.send(all)
	c.want("C TRUNCATE TABLE | Z I")
	put("")
	c.send(all)
	c.want("C TRUNCATE TABLE | Z I")
	put(tripwires(tableAfterTable))
	c.send(query("TRUNCATE journal"))
	c.want("E 28000 | " + end) // what was counted before the reload still counts
	e := o.incident(t)
	put("") // ends no quarantine
	o.quarantined(t, e.ID)
}

func TestInAuditModeAnIncidentLocksNobodyOut(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, 17)
	s := stage{server: server, database: newShop(t, server)}
	s.guard = pgtest.StartGuard(t, policyFor(server.Addr(), "mode: audit", tripwires(tableAfterTable, "{name: refusals, refusals: 4, within: 10m}")))
	o := operated{stage: s}
	c := o.raw(t, staging)
	for range 3 {
		c.send(query("TRUNCATE categories, coupons, journal"))
		c.want("C TRUNCATE TABLE | Z I")
	}
	e := o.incident(t)
	if e.Decision != audit.WouldDeny || e.Rule != "table-after-table" {
		t.Errorf("%+v", e)
	}
	c.send(query("TRUNCATE journal"))
	c.want("C TRUNCATE TABLE | Z I")
	o.guard.AwaitEvent(t, "would-be refusals", func(e audit.Event) bool { return e.Type == audit.IncidentEvent && e.Rule == "refusals" })
	o.raw(t, staging)
	o.counted(t, "pgcordon_quarantine", 0)
}

func TestOperatorsLockdownOutlastsAQuarantine(t *testing.T) {
	t.Parallel()
	wire := strings.Replace(tableAfterTable, "}", "}, quarantine: 1s", 1)
	o := operateWith(t, pgtest.Shared(t, 17), mistaken+tripwires(wire))
	c := o.raw(t, staging)
	c.send(query("TRUNCATE categories, coupons, journal"))
	c.want("E 28000 | " + end)
	o.order(t, "lockdown", "--source", "staging", "--target", "shop", "--reason", "until morning")
	until := o.incident(t).Until
	await(t, "the time is over", func() bool { return time.Now().After(until) })
	o.lockedOut(t, "until morning")
}

func TestPsqlShowsWhyItIsTurnedAway(t *testing.T) {
	t.Parallel()
	o := operateWith(t, pgtest.Shared(t, 17), mistaken+tripwires("{name: table-after-table, tables: 2, within: 1m, quarantine: 1h}"))
	dsn := o.guard.DSN("postgres", o.database)
	said := func(sql string) string {
		out, err := exec.Command("psql", "--no-psqlrc", "--command="+sql, dsn).CombinedOutput()
		if err == nil {
			t.Errorf("%s is done: %s", sql, out)
		}
		return string(out)
	}
	out := said("TRUNCATE categories, coupons")
	id := o.incident(t).ID
	if !strings.Contains(out, "quarantine, incident "+id) || !strings.Contains(out, "tripwire table-after-table: 2 tables") {
		t.Error(out)
	}
	if out = said("SELECT 1"); !strings.Contains(out, id) || !strings.Contains(out, "It ends at 2") {
		t.Error(out)
	}
}
