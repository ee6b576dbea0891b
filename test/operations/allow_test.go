package operations

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/proxy/admin"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// overruled is a stage on which operators may let statements through.
type overruled struct{ operated }

const glassRules = `
statements:
  - {name: journal-stays, action: deny, break_glass: false, when: {effect: "@destructive", relation: journal}}
  - {name: few, action: allow, max_rows: 3, when: {user: "*_bounded", effect: delete, relation: categories}}
transactions:
  - {name: not-all, when: {user: "*_bounded"}, max_effects: {truncated: 0, deleted: 100}}
`

func overrule(t testing.TB, server *pgtest.Server, approvals int, flags ...string) overruled {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgcordon-") // short enough for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	o := overruled{operated{stage: stage{server: server, database: newShop(t, server)}, socket: filepath.Join(dir, "admin.sock")}}
	o.config = policyFor(server.Addr(), "", everywhere+glassRules+
		fmt.Sprintf("admin: {socket: %s, mode: \"0666\", break_glass: {approvals: %d}}", o.socket, approvals))
	o.guard = pgtest.StartGuard(t, o.config, flags...)
	return o
}

var hinted = regexp.MustCompile(`To let it through once: pgcordon allow (pgc-\S+) --once --reason TEXT$`)

// idOf returns the id that a refusal tells its client.
func idOf(t testing.TB, hint string) string {
	t.Helper()
	m := hinted.FindStringSubmatch(hint)
	if m == nil {
		t.Fatalf("the hint does not say how an operator lets it through: %s", hint)
	}
	return m[1]
}

// refused sends a statement that must be refused, and returns the id.
func (c *client) refused(sql string) string {
	c.t.Helper()
	c.send(query(sql))
	c.want("E 42501 | Z I")
	return idOf(c.t, c.lastError().Hint)
}

// role is a user of this test's own.
func (o overruled) role(t testing.TB, suffix string) string {
	t.Helper()
	name := o.database + "_" + suffix
	o.server.Exec(t, "postgres", "CREATE ROLE "+name+" SUPERUSER LOGIN")
	t.Cleanup(func() { o.server.Exec(t, "postgres", "DROP ROLE "+name) })
	return name
}

func (o overruled) left(t testing.TB, table string) string {
	t.Helper()
	return o.server.Query(t, o.database, "SELECT count(*) FROM "+table)
}

const repair = "DELETE FROM categories WHERE id > 15"

func TestAnOperatorLetsAStatementThroughOnce(t *testing.T) {
	t.Parallel()
	for _, major := range pgtest.Majors {
		for _, relay := range []string{"epoll", "goroutines"} {
			t.Run(fmt.Sprint(major, " ", relay), func(t *testing.T) {
				t.Parallel()
				o := overrule(t, pgtest.Shared(t, major), 1, "--relay", relay)
				c := o.raw(t, production)
				id := c.refused(repair)
				shown := o.order(t, "allow", id)
				if !strings.Contains(shown, repair) || !strings.Contains(shown, "builtin/unbounded-delete") {
					t.Errorf("what is to be let through is shown as\n%s", shown)
				}
				c.send(query(repair))
				c.want("E 42501 | Z I") // to look lets nothing through
				if out := o.order(t, "allow", id, "--once", "--reason", "meant"); !strings.HasPrefix(out, "let through once within 1h, until 2") {
					t.Error(out)
				}
				o.othersStayRefused(t)
				c.send(query("delete from categories -- all of them\n where ID > 15"))
				c.want("C DELETE 5 | Z I")
				c.refused(repair)
				if n := o.left(t, "categories"); n != "15" {
					t.Errorf("%s of 15 categories are left", n)
				}
				o.accounted(t, id)
			})
		}
	}
}

// othersStayRefused tries what is not what the operator let through.
func (o overruled) othersStayRefused(t testing.TB) {
	t.Helper()
	for name, c := range map[string]*client{
		"another source": o.raw(t, staging), "another user": o.raw(t, production, "user", o.role(t, "other")),
		"another database": o.raw(t, production, "database", "postgres"),
	} {
		c.send(query(repair))
		if c.untilReady(1); len(c.errors) != 1 || c.errors[0].Code != "42501" {
			t.Errorf("%s: %+v", name, c.errors)
		}
	}
	c := o.raw(t, production)
	for _, sql := range []string{"DELETE FROM categories WHERE id > 0", "DELETE FROM categories WHERE id > 15 OR true", repair + "; SELECT 1", "TRUNCATE categories"} {
		c.refused(sql)
	}
	c.send(query("SET search_path = public"))
	c.want("C SET | Z I")
	c.send(query(repair))
	c.want("E 42501 | Z I")
}

// accounted checks that audit log and metrics tell of a statement that was let through.
func (o overruled) accounted(t testing.TB, id string) {
	t.Helper()
	order := o.ordered(t, audit.AllowEvent, "meant")
	if order.Approval.ID != id || !order.Approval.Once || order.Source.Environment != "production" || order.User != "postgres" || order.Database != o.database {
		t.Errorf("the order: %+v, %+v", order, order.Approval)
	}
	ran := o.guard.AwaitEvent(t, "the statement", func(e audit.Event) bool { return e.Type == audit.StatementEvent })
	if a := ran.Approval; a == nil || a.ID != id || len(a.By) != 1 || a.By[0].UID != os.Getuid() || a.By[0].Reason != "meant" {
		t.Errorf("approved by %+v", a)
	}
	if ran.Decision != audit.Allow || ran.Rule != "builtin/unbounded-delete" || ran.Rows == nil || *ran.Rows != 5 || ran.SQLSTATE != "00000" {
		t.Errorf("the statement: %+v", ran)
	}
	const counter = `pgcordon_statements_overridden_total{rule="builtin/unbounded-delete",source_environment="production",target="shop",target_environment="production"}`
	if n := o.measures(t)[counter]; n != 1 {
		t.Errorf("%v statements are counted", n)
	}
}

func TestAnOperatorLetsThroughWhatADriverSends(t *testing.T) {
	t.Parallel()
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			o := overrule(t, pgtest.Shared(t, 16), 1)
			conn := o.connect(t, production, inMode(mode))
			const sql = "DELETE FROM categories WHERE id > $1"
			_, err := conn.Exec(deadline(t), sql, 15)
			id := idOf(t, statementError(t, err, "builtin/unbounded-delete").Hint)
			o.order(t, "allow", id, "--once", "--reason", "meant")
			_, err = conn.Exec(deadline(t), sql, 0)
			statementError(t, err, "builtin/unbounded-delete")
			if tag, err := conn.Exec(deadline(t), sql, 15); err != nil || tag.RowsAffected() != 5 {
				t.Errorf("%s, %v", tag, err)
			}
			_, err = conn.Exec(deadline(t), sql, 15)
			statementError(t, err, "builtin/unbounded-delete")
			if n := o.left(t, "categories"); n != "15" {
				t.Errorf("%s of 15 categories are left", n)
			}
		})
	}
}

func TestAnOperatorLetsThroughWhatPsqlSends(t *testing.T) {
	t.Parallel()
	o := overrule(t, pgtest.Shared(t, 15), 1)
	psql := func() string {
		cmd := exec.CommandContext(deadline(t), "psql", "--no-psqlrc", o.guard.DSN("postgres", o.database), "--command", "TRUNCATE coupons")
		out, _ := cmd.CombinedOutput()
		return string(out)
	}
	hint := regexp.MustCompile(`pgcordon allow (pgc-\S+)`).FindStringSubmatch(psql())
	if hint == nil {
		t.Fatal("psql shows no id")
	}
	o.order(t, "allow", hint[1], "--for", "10m", "--reason", "meant")
	for range 2 {
		if out := psql(); out != "TRUNCATE TABLE\n" {
			t.Error(out)
		}
	}
	if out := o.order(t, "allow", "--list"); !strings.Contains(out, hint[1]) || !strings.Contains(out, "in force") || !strings.Contains(out, "for 10m") {
		t.Error(out)
	}
	o.order(t, "allow", hint[1], "--revoke", "--reason", "done")
	o.ordered(t, audit.RevokeEvent, "done")
	if out := psql(); !strings.Contains(out, "42501") && !strings.Contains(out, "pgcordon refused truncate") {
		t.Error(out)
	}
	if out := o.order(t, "allow", "--list"); strings.Contains(out, hint[1]) {
		t.Error(out)
	}
}

func TestWhatAnOperatorLetsThroughKeepsThePipeline(t *testing.T) {
	t.Parallel()
	for _, major := range pgtest.Majors {
		t.Run(strconv.Itoa(major), func(t *testing.T) {
			t.Parallel()
			o := overrule(t, pgtest.Shared(t, major), 1)
			c := o.raw(t, production)
			pipeline := messages(run("INSERT INTO coupons VALUES (100)"), run(repair), run("INSERT INTO coupons VALUES (101)"), syncs(), run("SELECT 1"), syncs())
			c.send(pipeline...)
			c.want("1 | 2 | C INSERT 0 1 | 1 | E 42501 | Z I | 1 | 2 | D 1 | C SELECT 1 | Z I")
			id := idOf(t, c.lastError().Hint)
			o.order(t, "allow", id, "--once", "--reason", "meant")
			c.send(pipeline...)
			c.want("1 | 2 | C INSERT 0 1 | 1 | 2 | C DELETE 5 | 1 | 2 | C INSERT 0 1 | Z I | 1 | 2 | D 1 | C SELECT 1 | Z I")
			if n := o.left(t, "coupons"); n != "22" {
				t.Errorf("%s of 22 coupons", n)
			}
			c.send(messages(run(repair), run(repair), syncs())...)
			c.want("1 | E 42501 | Z I")
			o.order(t, "allow", idOf(t, c.lastError().Hint), "--once", "--reason", "meant")
			c.send(messages(parse("s", repair), bind("p", "s"), bind("q", "s"), execute("p"), execute("q"), syncs())...)
			c.want("1 | 2 | 2 | C DELETE 0 | E 42501 | Z I") // the second one takes the first one along
			c.silent()
		})
	}
}

func TestAPortalThatIsReadInPiecesIsOneStatement(t *testing.T) {
	t.Parallel()
	o := overrule(t, pgtest.Shared(t, 17), 1)
	c := o.raw(t, production)
	const sql = repair + " RETURNING id"
	part := &pgproto3.Execute{MaxRows: 2}
	o.order(t, "allow", c.refused(sql), "--once", "--reason", "meant")
	c.send(messages(parse("", sql), bind("", ""), part, part, part, syncs())...)
	c.want("1 | 2 | D 16 | D 17 | s | D 18 | D 19 | s | D 20 | C DELETE 1 | Z I")
	c.refused(sql)
}

func TestAStatementInATransactionIsRefusedAtOnceAndLetThroughInAnother(t *testing.T) {
	t.Parallel()
	o := overrule(t, pgtest.Shared(t, 14), 1)
	c := o.raw(t, production)
	c.send(query("BEGIN; INSERT INTO journal VALUES ('one')"))
	c.untilReady(1)
	c.send(query("TRUNCATE coupons"))
	c.want("E 42501 | Z E")
	o.order(t, "allow", idOf(t, c.lastError().Hint), "--once", "--reason", "meant")
	c.send(query("ROLLBACK"))
	c.want("C ROLLBACK | Z I")
	c.send(query("BEGIN"))
	c.want("C BEGIN | Z T")
	c.send(query("TRUNCATE coupons"))
	c.want("C TRUNCATE TABLE | Z T")
	c.send(query("ROLLBACK"))
	c.want("C ROLLBACK | Z I")
	c.refused("TRUNCATE coupons") // what was rolled back has been used all the same
}

func TestOnceIsForOneOfManySessions(t *testing.T) {
	t.Parallel()
	for _, relay := range []string{"epoll", "goroutines"} {
		t.Run(relay, func(t *testing.T) {
			t.Parallel()
			o := overrule(t, pgtest.Shared(t, 17), 1, "--relay", relay)
			const sql = "INSERT INTO journal SELECT 'gone' FROM coupons; DELETE FROM coupons"
			o.order(t, "allow", o.raw(t, production).refused(sql), "--once", "--reason", "meant")
			var all sync.WaitGroup
			passed := make(chan bool, 8)
			for range cap(passed) {
				conn := o.connect(t, production, inMode(pgx.QueryExecModeSimpleProtocol))
				all.Go(func() {
					_, err := conn.Exec(context.Background(), sql)
					passed <- err == nil
				})
			}
			all.Wait()
			n := 0
			for range cap(passed) {
				if <-passed {
					n++
				}
			}
			if rows := o.left(t, "journal"); n != 1 || rows != "20" {
				t.Errorf("%d sessions were let through, %s rows were written", n, rows)
			}
		})
	}
}

func TestTwoOperatorsHaveToAgree(t *testing.T) {
	t.Parallel()
	o := overrule(t, pgtest.Shared(t, 17), 2)
	c := o.raw(t, production)
	id := c.refused(repair)
	if out := o.order(t, "allow", id, "--once", "--reason", "first"); !strings.HasPrefix(out, "proposed") {
		t.Error(out)
	}
	status, _, complaints := command(t, "", "allow", id, "--once", "--reason", "again", "--socket", o.socket)
	if status != 1 || !strings.Contains(complaints, "another operator has to confirm") {
		t.Errorf("the same operator: status %d, %s", status, complaints)
	}
	if out := o.order(t, "allow", "--list"); !strings.Contains(out, "proposed") {
		t.Error(out)
	}
	c.refused(repair)
	if os.Geteuid() != 0 {
		return // who is not root has no second uid
	}
	if out, err := o.asNobody(t, "allow", id, "--once", "--reason", "second"); err != nil || !strings.HasPrefix(out, "let through") {
		t.Error(err, out)
	}
	c.send(query(repair))
	c.want("C DELETE 5 | Z I")
	ran := o.guard.AwaitEvent(t, "the statement", func(e audit.Event) bool { return e.Type == audit.StatementEvent })
	if by := ran.Approval.By; len(by) != 2 || by[0].UID == by[1].UID || by[0].Reason != "first" || by[1].Reason != "second" {
		t.Errorf("approved by %+v", by)
	}
}

// What is let through is a statement. What its transaction may do is another matter.
func TestLimitsOnTransactionsHoldAgainstOperators(t *testing.T) {
	t.Parallel()
	for _, major := range pgtest.Majors {
		t.Run(strconv.Itoa(major), func(t *testing.T) {
			t.Parallel()
			o := overrule(t, pgtest.Shared(t, major), 1)
			c := o.raw(t, production, "user", o.role(t, "bounded"))
			const all = "TRUNCATE coupons"
			o.order(t, "allow", c.refused(all), "--for", "10m", "--reason", "meant")
			for name, sent := range map[string][][]pgproto3.FrontendMessage{
				"query": {{query(all)}}, "extended": {messages(run(all), syncs())}, "block": {{query("BEGIN")}, {query(all)}, {query("COMMIT")}},
			} {
				for _, messages := range sent {
					c.send(messages...)
					c.untilReady(1)
				}
				if e := c.lastError(); !strings.Contains(e.Message, "rule not-all,") {
					t.Errorf("%s: %+v", name, e)
				}
				c.errors = nil
			}
			if n := o.left(t, "coupons"); n != "20" {
				t.Errorf("%s of 20 coupons are left", n)
			}
			const some = "DELETE FROM coupons WHERE id > 15"
			id := c.refused(some)
			o.order(t, "allow", id, "--once", "--reason", "meant")
			c.send(query(some))
			c.want("C DELETE 5 | Z I")
			c.send(query(repair))
			c.want("E 42501 | Z I") // by its limit on rows
			o.cannot(t, c.lastError(), "it changes more than a limit")
		})
	}
}

// cannot checks that no operator can let a refused statement through, and why.
func (o overruled) cannot(t testing.TB, e pgproto3.ErrorResponse, why string) {
	t.Helper()
	if strings.Contains(e.Hint, "pgcordon allow") {
		t.Error(e.Hint)
	}
	id := regexp.MustCompile(`event (\S+)`).FindStringSubmatch(e.Message)[1]
	status, _, complaints := command(t, "", "allow", id, "--once", "--reason", "x", "--socket", o.socket)
	if status != 1 || !strings.Contains(complaints, why) {
		t.Errorf("%s: status %d, %s", id, status, complaints)
	}
}

func TestASessionOlderThanBreakGlassConnectsAnew(t *testing.T) {
	t.Parallel()
	o := overrule(t, pgtest.Shared(t, 17), 1)
	with := o.config
	o.reloaded(t, func() { o.guard.Configure(t, noGlass.ReplaceAllString(with, "}")) })
	c := o.raw(t, production)
	o.reloaded(t, func() { o.guard.Configure(t, with) })
	c.send(query("TRUNCATE coupons"))
	c.want("E 42501 | Z I")
	o.cannot(t, c.lastError(), "let the client connect anew")
	o.raw(t, production).refused("TRUNCATE coupons")
}

// noGlass is what makes operators able to let anything through.
var noGlass = regexp.MustCompile(`, break_glass: \{approvals.*`)

// asNobody runs a subcommand under another uid. The program is copied to where that one may
// read it.
func (o overruled) asNobody(t testing.TB, args ...string) (string, error) {
	t.Helper()
	program := filepath.Join(filepath.Dir(o.socket), "pgcordon")
	content, err := os.ReadFile(pgtest.Binary(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, content, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(deadline(t), program, append(args, "--socket", o.socket)...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestApprovalsEndWithTheProcessAndNotWithThePolicy(t *testing.T) {
	t.Parallel()
	o := overrule(t, pgtest.Shared(t, 17), 1)
	c := o.raw(t, production)
	id := c.refused("TRUNCATE coupons")
	o.order(t, "allow", id, "--for", "10m", "--reason", "meant")
	o.reloaded(t, func() { o.guard.Configure(t, o.config+"\nfunctions: [app.other]") })
	c.send(query("TRUNCATE coupons"))
	c.want("C TRUNCATE TABLE | Z I")
	o.reloaded(t, func() { o.guard.Configure(t, strings.Replace(o.config, "relation: journal", "relation: coupons", 1)) })
	c.send(query("TRUNCATE coupons"))
	c.want("E 42501 | Z I")
	o.reloaded(t, func() {
		o.guard.Configure(t, noGlass.ReplaceAllString(o.config, "}"))
	})
	c.send(query("TRUNCATE coupons"))
	c.want("E 42501 | Z I")
	status, _, complaints := command(t, "", "allow", id, "--once", "--reason", "x", "--socket", o.socket)
	if status != 1 || !strings.Contains(complaints, "no admin.break_glass") {
		t.Errorf("status %d: %s", status, complaints)
	}
	c.leave()
	o.guard.Signal(t, syscall.SIGTERM)
	o.gone(t)
	o.guard = pgtest.StartGuard(t, o.config)
	c = o.raw(t, production)
	c.refused("TRUNCATE coupons")
	status, _, complaints = command(t, "", "allow", id, "--once", "--reason", "x", "--socket", o.socket)
	if status != 1 || !strings.Contains(complaints, "unknown id") || !strings.Contains(complaints, "until a restart") {
		t.Errorf("status %d: %s", status, complaints)
	}
	if all, err := admin.NewClient(o.socket).Approvals(); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestAnApprovalRunsOut(t *testing.T) {
	t.Parallel()
	o := overrule(t, pgtest.Shared(t, 17), 1)
	c := o.raw(t, production)
	id := c.refused("TRUNCATE coupons")
	o.order(t, "allow", id, "--for", "1s", "--reason", "meant")
	await(t, "the approval has run out", func() bool {
		all, err := admin.NewClient(o.socket).Approvals()
		return err == nil && len(all) == 0
	})
	c.refused("TRUNCATE coupons")
}

func TestRulesThatAreFinalHoldAgainstOperators(t *testing.T) {
	t.Parallel()
	o := overrule(t, pgtest.Shared(t, 17), 1)
	c := o.raw(t, production)
	for _, sql := range []string{"TRUNCATE journal", "TRUNCATE coupons; TRUNCATE journal"} {
		c.send(query(sql))
		c.want("E 42501 | Z I")
		o.cannot(t, c.lastError(), "rule journal-stays refuses it")
	}
}

func TestOperatorsNeedTheSocketsPermissions(t *testing.T) {
	t.Parallel()
	o := overrule(t, pgtest.Shared(t, 17), 1)
	c := o.raw(t, production)
	id := c.refused("TRUNCATE coupons")
	mode, who := fs.FileMode(0), "the owner"
	if os.Geteuid() == 0 { // whom no permission keeps out
		mode, who = 0o600, "somebody else"
	}
	if err := os.Chmod(o.socket, mode); err != nil {
		t.Fatal(err)
	}
	args := []string{"allow", id, "--once", "--reason", "meant"}
	status, _, complaints := 0, "", ""
	if mode == 0 {
		status, _, complaints = command(t, "", append(args, "--socket", o.socket)...)
	} else if out, err := o.asNobody(t, args...); err != nil {
		status, complaints = 1, out
	}
	if status == 0 || !strings.Contains(complaints, "no permission to use") {
		t.Errorf("%s: status %d, %s", who, status, complaints)
	}
	c.refused("TRUNCATE coupons")
}
