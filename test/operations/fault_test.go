package operations

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// What goes wrong while a statement is held in front of its commit: a server that dies, a
// client that leaves, a request to cancel, an operator.

// bounding bounds a deletion to ten rows.
type bounding struct {
	name   string
	policy string
	inside bool // it is decided behind the statement, else at the end of the transaction
	asks   bool // the server's counters are asked
}

var boundings = []bounding{
	{"rows by the tag", "builtin: false\nstatements: [{name: batch, action: allow, max_rows: 10, when: {effect: delete}}]\n", true, false},
	{"rows by the counters", "builtin: false\nstatements: [{name: batch, action: allow, max_rows: {share: 50%}, when: {effect: delete}}]\n", true, true},
	{"effects", "builtin: false\ntransactions: [{name: batch, max_effects: {deleted: 10}}]\n", false, true},
}

// place is where a deletion waits, for what a lock lets go on.
type place struct {
	name string
	lock string
}

var (
	duringStatement = place{"the statement", "SELECT pg_advisory_xact_lock(1)"}
	duringCount     = place{"the count", "LOCK pg_catalog.pg_namespace"}
	duringCommit    = place{"the commit", "SELECT pg_advisory_xact_lock(2)"}
)

// waiting lets a deletion wait behind its last row, and in front of its commit.
const waiting = `
	CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::int); RETURN NULL; END';
	CREATE TRIGGER during AFTER DELETE ON categories EXECUTE FUNCTION wait('1');
	CREATE CONSTRAINT TRIGGER late AFTER DELETE ON categories DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait('2')`

// way is how a client sends a statement, and what it then receives: where the statement
// fails, where the commit does, and where nothing does.
type way struct {
	name                 string
	send                 func(sql string) []any
	inside, atEnd, clean string
}

var ways = []way{
	{"Query", func(sql string) []any { return []any{query(sql)} },
		"$error | Z I", "$error | Z I", "$tag | Z I"},
	{"Query in a transaction", func(sql string) []any { return []any{query("BEGIN"), query(sql), query("COMMIT")} },
		"C BEGIN | Z T | $error | Z E | C ROLLBACK | Z I", "C BEGIN | Z T | $tag | Z T | $error | Z I", "C BEGIN | Z T | $tag | Z T | C COMMIT | Z I"},
	{"string", func(sql string) []any { return []any{query(sql + "; SELECT 1")} },
		"$error | Z I", "$tag | T | D 1 | $error | Z I", "$tag | T | D 1 | C SELECT 1 | Z I"},
	{"extended", func(sql string) []any { return []any{run(sql), syncs()} },
		"1 | 2 | $error | Z I", "1 | 2 | $tag | $error | Z I", "1 | 2 | $tag | Z I"},
	{"extended, a transaction", func(sql string) []any { return []any{run("BEGIN"), run(sql), run("COMMIT"), syncs()} },
		"1 | 2 | C BEGIN | 1 | 2 | $error | Z E", "1 | 2 | C BEGIN | 1 | 2 | $tag | 1 | 2 | $error | Z I", "1 | 2 | C BEGIN | 1 | 2 | $tag | 1 | 2 | C COMMIT | Z I"},
}

// few and many are as many rows as the boundings allow, and more than that.
const few, many = 10, 20

func deletes(rows int) string { return fmt.Sprintf("DELETE FROM categories WHERE id <= %d", rows) }

// told is what the client receives where the given error, or none, comes at a place.
func (w way) told(b bounding, p place, code string, rows int) string {
	line := w.clean
	switch inside := p == duringStatement || p == duringCount && b.inside; {
	case code != "" && inside:
		line = w.inside
	case code != "":
		line = w.atEnd
	}
	return strings.NewReplacer("$error", "E "+code, "$tag", fmt.Sprint("C DELETE ", rows)).Replace(line)
}

// decided is what the client receives where only the bounding has a say.
func (w way) decided(b bounding, rows int) string {
	if rows == few {
		return w.told(b, duringCount, "", rows)
	}
	return w.told(b, duringCount, "42501", rows)
}

// relayed are what can move the bytes, each with a server of its own major.
var relayed = []struct {
	relay string
	major int
}{{"goroutines", 14}, {"epoll", 16}, {"auto", 18}}

// manyCancels lets one address cancel as often as tests do.
const manyCancels = "limits: {cancels_per_second: 1000}\n"

// eachRelay runs a test with each relay and each bounding.
func eachRelay(t *testing.T, test func(t *testing.T, o operated, b bounding)) {
	for _, with := range relayed {
		for _, b := range boundings {
			t.Run(with.relay+"/"+b.name, func(t *testing.T) {
				t.Parallel()
				o := operateWith(t, pgtest.Shared(t, with.major), b.policy+manyCancels, "--relay", with.relay)
				o.server.Exec(t, o.database, waiting)
				test(t, o, b)
			})
		}
	}
}

// eachHold runs a test for every way to be held, and sees that nothing is left of any of
// them in the guard.
func eachHold(t *testing.T, test func(t *testing.T, h hold)) {
	eachRelay(t, func(t *testing.T, o operated, b bounding) {
		o.raw(t, production).leave()
		before := o.footprint(t)
		for _, p := range []place{duringStatement, duringCount, duringCommit} {
			for _, w := range ways {
				if p == duringCount && !b.asks {
					continue
				}
				t.Run(p.name+"/"+w.name, func(t *testing.T) { test(t, hold{operated: o, bounding: b, place: p, way: w}) })
			}
		}
		o.unchanged(t, before)
	})
}

// hold is a session that is held.
type hold struct {
	operated
	bounding bounding
	place    place
	way      way
	client   *client
	lock     *pgx.Conn
}

// amounts are the rows of deletions that get to be held, with the categories that they leave
// where they end well: one that is refused has no commit.
func (h *hold) amounts() map[int]string {
	if h.bounding.inside && h.place == duringCommit {
		return map[int]string{few: "10"}
	}
	return map[int]string{few: "10", many: "20"}
}

// begin has a client delete rows and waits until that is held.
func (h *hold) begin(t testing.TB, rows int) {
	t.Helper()
	h.server.Exec(t, h.database, `
		TRUNCATE categories;
		INSERT INTO categories SELECT n, 'category ' || n FROM generate_series(1, 20) n;
		ANALYZE categories`)
	h.client = h.raw(t, production)
	h.client.send(query(deletes(0))) // so that nothing waits but what is meant to
	h.client.want("C DELETE 0 | Z I")
	lock, err := pgx.Connect(deadline(t), h.server.AdminDSN(h.database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Close(context.Background()) })
	h.lock = lock
	if _, err := lock.Exec(deadline(t), "BEGIN; "+h.place.lock); err != nil {
		t.Fatal(err)
	}
	h.client.send(messages(h.way.send(deletes(rows))...)...)
	await(t, "the server waits for the lock", func() bool {
		return h.server.Query(t, anyDatabase, fmt.Sprintf("SELECT (%d = ANY (pg_blocking_pids(%d)))::text", lock.PgConn().PID(), h.client.key.ProcessID)) == "true"
	})
}

// release lets the server go on.
func (h *hold) release(t testing.TB) {
	t.Helper()
	if err := h.lock.Close(deadline(t)); err != nil {
		t.Fatal(err)
	}
}

// ended waits until the session's backend is gone.
func (h *hold) ended(t testing.TB) {
	t.Helper()
	await(t, "the server's session has ended", func() bool {
		return h.server.Query(t, anyDatabase, fmt.Sprintf("SELECT count(*) FROM pg_stat_activity WHERE pid = %d", h.client.key.ProcessID)) == "0"
	})
}

// serves fails the test where the session does not live on.
func (c *client) serves(t testing.TB, inFailed bool) {
	t.Helper()
	if inFailed {
		c.send(query("ROLLBACK"))
		c.want("C ROLLBACK | Z I")
	}
	c.send(messages(query("SELECT 1"), run("SELECT 2"), syncs())...)
	c.want("T | D 1 | C SELECT 1 | Z I | 1 | 2 | D 2 | C SELECT 1 | Z I")
}

// drained receives whatever comes until the connection ends.
func (c *client) drained() {
	c.t.Helper()
	for c.next() != end {
	}
}

// footprint is what a leak would make grow.
type footprint struct {
	descriptors          int
	goroutines, sessions float64
}

func (s stage) footprint(t testing.TB) footprint {
	t.Helper()
	values := s.measures(t)
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.guard.PID()))
	if err != nil {
		t.Fatal(err)
	}
	return footprint{len(all), values["go_goroutines"], values[`pgcordon_sessions_open{target="shop"}`]}
}

// unchanged waits until the guard has given back what it took.
func (s stage) unchanged(t testing.TB, before footprint) {
	t.Helper()
	const spare = 3 // for the reader of the metrics
	await(t, fmt.Sprintf("the guard uses no more than %+v", before), func() bool {
		now := s.footprint(t)
		return now.descriptors <= before.descriptors+spare && now.goroutines <= before.goroutines+spare && now.sessions == 0
	})
}

// A hold that nothing disturbs ends as its bounding says.
func TestHeldStatementIsDecidedWhenItIsLetGo(t *testing.T) {
	t.Parallel()
	eachHold(t, func(t *testing.T, h hold) {
		for rows, left := range h.amounts() {
			h.begin(t, rows)
			h.release(t)
			told := h.way.decided(h.bounding, rows)
			h.client.want(told)
			h.expect(t, "categories", left)
			h.client.serves(t, strings.HasSuffix(told, "Z E"))
			h.client.silent()
			h.client.leave()
		}
	})
}

func TestHeldStatementIsCanceled(t *testing.T) {
	t.Parallel()
	eachHold(t, func(t *testing.T, h hold) {
		h.begin(t, few)
		h.requestCancel(t, production, h.client.key)
		told := h.way.told(h.bounding, h.place, "57014", few)
		h.client.want(told)
		h.release(t)
		h.expect(t, "categories", "20")
		h.client.serves(t, strings.HasSuffix(told, "Z E"))
		h.client.silent()
		h.client.leave()
	})
}
