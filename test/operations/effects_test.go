package operations

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// fewEffects bounds what transactions do, whatever causes it.
const fewEffects = `
builtin: false
transactions:
  - name: people
    max_effects: {deleted: 5, updated: 5, truncated: 0, altered: 0}
    relations: [{relation: coupons, deleted: 1}]`

// hidden is code in the database whose effects no text shows.
const hidden = `
	DROP TABLE IF EXISTS owners, toys, watched, late_keys CASCADE;
	CREATE TABLE late_keys (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);
	CREATE TABLE owners (id int PRIMARY KEY);
	CREATE TABLE toys (owner int REFERENCES owners ON DELETE CASCADE);
	CREATE TABLE watched (id int);
	INSERT INTO owners SELECT generate_series(1, 10);
	INSERT INTO toys SELECT 10 FROM generate_series(1, 50);
	INSERT INTO watched VALUES (1);
	TRUNCATE categories, coupons;
	INSERT INTO categories SELECT n, 'category ' || n FROM generate_series(1, 20) n;
	INSERT INTO coupons SELECT n, 'x' FROM generate_series(1, 20) n;
	CREATE OR REPLACE FUNCTION del(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM categories WHERE id <= n; RETURN n; END';
	CREATE OR REPLACE FUNCTION cut() RETURNS int LANGUAGE plpgsql AS 'BEGIN TRUNCATE categories; RETURN 1; END';
	CREATE OR REPLACE FUNCTION widen() RETURNS int LANGUAGE plpgsql AS 'BEGIN ALTER TABLE categories DROP COLUMN name; RETURN 1; END';
	CREATE OR REPLACE FUNCTION drop_it() RETURNS int LANGUAGE plpgsql AS 'BEGIN DROP TABLE categories; RETURN 1; END';
	CREATE OR REPLACE FUNCTION fresh() RETURNS int LANGUAGE plpgsql AS
		'BEGIN CREATE TABLE fresh (i int); INSERT INTO fresh SELECT generate_series(1, 100); DELETE FROM fresh; TRUNCATE fresh; DROP TABLE fresh; RETURN 1; END';
	CREATE OR REPLACE FUNCTION try() RETURNS int LANGUAGE plpgsql AS
		'BEGIN BEGIN TRUNCATE categories; RAISE EXCEPTION ''no''; EXCEPTION WHEN OTHERS THEN NULL; END; RETURN 1; END';
	CREATE OR REPLACE PROCEDURE commits() LANGUAGE plpgsql AS 'BEGIN DELETE FROM categories; COMMIT; END';
	CREATE OR REPLACE PROCEDURE calls(n int) LANGUAGE plpgsql AS 'BEGIN DELETE FROM categories WHERE id <= n; END';
	CREATE OR REPLACE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM categories; RETURN NULL; END';
	CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON watched DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()`

// held are transactions, what the client receives, and what is left of 20 categories.
var held = []struct {
	name string
	send []any
	want string
	left string
}{
	{"few rows", []any{query("SELECT del(5)"), query("SELECT 1")}, "T | D 5 | C SELECT 1 | Z I | T | D 1 | C SELECT 1 | Z I", "15"},
	{"a function that deletes", []any{query("SELECT del(6)"), query("SELECT 1")}, "T | D 6 | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"a function that truncates", []any{query("SELECT cut()")}, "T | D 1 | E 42501 | Z I", "20"},
	{"a function that drops a column", []any{query("SELECT widen()")}, "T | D 1 | E 42501 | Z I", "20"},
	{"a function that drops", []any{query("SELECT drop_it()")}, "T | D 1 | E 42501 | Z I", "20"},
	{"a function with a table of its own", []any{query("SELECT fresh()")}, "T | D 1 | C SELECT 1 | Z I", "20"},
	{"a function that takes it back", []any{query("SELECT try()")}, "T | D 1 | C SELECT 1 | Z I", "20"},
	{"a temporary table", []any{query("CREATE TEMP TABLE own AS SELECT generate_series(1, 100)"), query("DELETE FROM own"), query("DROP TABLE own")},
		"C SELECT 100 | Z I | C DELETE 100 | Z I | C DROP TABLE | Z I", "20"},
	{"a cascade", []any{query("DELETE FROM owners WHERE id = 10")}, "E 42501 | Z I", "20"},
	{"a deferred trigger", []any{query("UPDATE watched SET id = 2")}, "E 42501 | Z I", "20"},
	{"a deferred trigger of a transaction", []any{query("BEGIN"), query("UPDATE watched SET id = 2"), query("COMMIT"), query("SELECT 1")},
		"C BEGIN | Z T | C UPDATE 1 | Z T | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"DO", []any{query("DO 'BEGIN DELETE FROM categories; END'")}, "E 42501 | Z I", "20"},
	{"DO that commits", []any{query("DO 'BEGIN DELETE FROM categories; COMMIT; END'"), query("SELECT 1")}, "E 2D000 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"CALL", []any{query("CALL calls(5)"), query("CALL calls(20)")}, "C CALL | Z I | E 42501 | Z I", "15"},
	{"a procedure that commits", []any{query("CALL commits()"), query("SELECT 1")}, "E 2D000 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"a procedure that commits, extended", []any{run("CALL commits()"), syncs(), query("SELECT 1")}, "1 | 2 | E 2D000 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"CALL, extended", []any{run("CALL calls(5)"), syncs(), run("CALL calls(20)"), syncs(), query("SELECT 1")},
		"1 | 2 | C CALL | Z I | 1 | 2 | C CALL | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "15"},
	{"prepared by SQL, bound by the protocol", []any{query("PREPARE p AS SELECT del(6)"), binds("p"), execute(""), syncs(), query("SELECT 1")},
		"C PREPARE | Z I | 2 | D 6 | C SELECT 1 | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"prepared by a string, bound by the protocol", []any{query("SELECT 1; PREPARE p AS SELECT del(6)"), binds("p"), execute(""), syncs(), query("SELECT 1")},
		"T | D 1 | C SELECT 1 | C PREPARE | Z I | 2 | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"prepared by SQL, bound within the bounds", []any{query("PREPARE p AS SELECT del(5)"), binds("p"), execute(""), syncs()}, "C PREPARE | Z I | 2 | D 5 | C SELECT 1 | Z I", "15"},
	{"many small statements", []any{query("BEGIN"), query("SELECT del(3)"), query("SELECT del(6)"), query("COMMIT"), query("SELECT 1")},
		"C BEGIN | Z T | T | D 3 | C SELECT 1 | Z T | T | D 6 | C SELECT 1 | Z T | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"a transaction within its bounds", []any{query("BEGIN"), query("SELECT del(3)"), query("SELECT del(5)"), query("COMMIT"), query("SELECT 1")},
		"C BEGIN | Z T | T | D 3 | C SELECT 1 | Z T | T | D 5 | C SELECT 1 | Z T | C COMMIT | Z I | T | D 1 | C SELECT 1 | Z I", "15"},
	{"rolled back", []any{query("BEGIN"), query("SELECT cut()"), query("ROLLBACK"), query("SELECT del(5)")},
		"C BEGIN | Z T | T | D 1 | C SELECT 1 | Z T | C ROLLBACK | Z I | T | D 5 | C SELECT 1 | Z I", "15"},
	{"what was rolled back does not count later", []any{query("BEGIN"), query("SELECT del(5)"), query("ROLLBACK"), query("BEGIN; SELECT del(5); ROLLBACK"), query("SELECT del(5)"), query("SELECT del(10)")},
		"C BEGIN | Z T | T | D 5 | C SELECT 1 | Z T | C ROLLBACK | Z I | C BEGIN | T | D 5 | C SELECT 1 | C ROLLBACK | Z I | T | D 5 | C SELECT 1 | Z I | T | D 10 | C SELECT 1 | Z I", "10"},
	{"COMMIT of what has failed", []any{query("BEGIN"), query("SELECT del(3)"), query("SELECT 1/0"), query("COMMIT"), query("SELECT 1")},
		"C BEGIN | Z T | T | D 3 | C SELECT 1 | Z T | E 22012 | Z E | C ROLLBACK | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"ROLLBACK TO, then COMMIT", []any{query("BEGIN"), query("SELECT del(3)"), query("SAVEPOINT a"), query("SELECT 1/0"), query("ROLLBACK TO a"), query("COMMIT")},
		"C BEGIN | Z T | T | D 3 | C SELECT 1 | Z T | C SAVEPOINT | Z T | E 22012 | Z E | C ROLLBACK | Z T | C COMMIT | Z I", "17"},
	{"COMMIT AND CHAIN", []any{query("BEGIN"), query("SELECT del(5)"), query("COMMIT AND CHAIN"), query("SELECT del(10)"), query("COMMIT AND CHAIN"), query("SELECT del(20)"), query("COMMIT")},
		"C BEGIN | Z T | T | D 5 | C SELECT 1 | Z T | C COMMIT | Z T | T | D 10 | C SELECT 1 | Z T | C COMMIT | Z T | T | D 20 | C SELECT 1 | Z T | E 42501 | Z I", "10"},
	{"SET TRANSACTION behind BEGIN", []any{query("BEGIN"), query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"), query("SELECT del(5)"), query("COMMIT")},
		"C BEGIN | Z T | C SET | Z T | T | D 5 | C SELECT 1 | Z T | C COMMIT | Z I", "15"},
	{"extended", []any{run("SELECT del(5)"), syncs(), run("SELECT del(20)"), syncs(), run("SELECT 1"), syncs()},
		"1 | 2 | D 5 | C SELECT 1 | Z I | 1 | 2 | D 20 | C SELECT 1 | E 42501 | Z I | 1 | 2 | D 1 | C SELECT 1 | Z I", "15"},
	{"a section of many", []any{run("SELECT del(2)"), run("SELECT del(4)"), run("SELECT del(6)"), syncs(), run("SELECT 1"), syncs()},
		"1 | 2 | D 2 | C SELECT 1 | 1 | 2 | D 4 | C SELECT 1 | 1 | 2 | D 6 | C SELECT 1 | E 42501 | Z I | 1 | 2 | D 1 | C SELECT 1 | Z I", "20"},
	{"a transaction in a section", []any{run("BEGIN"), run("SELECT del(6)"), run("COMMIT"), run("SELECT 1"), syncs(), run("SELECT 1"), syncs()},
		"1 | 2 | C BEGIN | 1 | 2 | D 6 | C SELECT 1 | 1 | 2 | E 42501 | Z I | 1 | 2 | D 1 | C SELECT 1 | Z I", "20"},
	{"two transactions in a section", []any{run("BEGIN"), run("SELECT del(5)"), run("COMMIT"), run("SELECT del(10)"), syncs(), run("SELECT 1"), syncs()},
		"1 | 2 | C BEGIN | 1 | 2 | D 5 | C SELECT 1 | 1 | 2 | C COMMIT | 1 | 2 | D 10 | C SELECT 1 | Z I | 1 | 2 | D 1 | C SELECT 1 | Z I", "10"},
	{"a transaction over sections", []any{run("BEGIN"), syncs(), run("SELECT del(3)"), syncs(), run("SELECT del(6)"), syncs(), run("COMMIT"), syncs(), query("SELECT 1")},
		"1 | 2 | C BEGIN | Z T | 1 | 2 | D 3 | C SELECT 1 | Z T | 1 | 2 | D 6 | C SELECT 1 | Z T | 1 | 2 | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"a string", []any{query("SELECT del(3); SELECT del(5)"), query("SELECT del(8); SELECT del(11)"), query("SELECT 1")},
		"T | D 3 | C SELECT 1 | T | D 5 | C SELECT 1 | Z I | T | D 8 | C SELECT 1 | T | D 11 | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "15"},
	{"a string with a transaction", []any{query("BEGIN; SELECT del(5); COMMIT; SELECT del(11); SELECT 1"), query("SELECT 1")},
		"C BEGIN | T | D 5 | C SELECT 1 | C COMMIT | T | D 11 | C SELECT 1 | T | D 1 | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "15"},
	{"LOCK is no change", []any{query("BEGIN"), query("LOCK categories"), query("COMMIT")}, "C BEGIN | Z T | C LOCK TABLE | Z T | C COMMIT | Z I", "20"},
	{"VACUUM", []any{query("VACUUM categories"), run("VACUUM categories"), syncs()}, "C VACUUM | Z I | 1 | 2 | C VACUUM | Z I", "20"},
	{"a cursor WITH HOLD", []any{query("BEGIN"), query("DECLARE c CURSOR WITH HOLD FOR SELECT del(20)"), query("COMMIT")}, "C BEGIN | Z T | E 42501 | Z E | C ROLLBACK | Z I", "20"},
	{"a cursor", []any{query("BEGIN"), query("DECLARE c CURSOR FOR SELECT del(20)"), query("FETCH c"), query("COMMIT"), query("SELECT 1")},
		"C BEGIN | Z T | C DECLARE CURSOR | Z T | T | D 20 | C FETCH 1 | Z T | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"PREPARE TRANSACTION", []any{query("BEGIN"), query("SELECT del(6)"), query("PREPARE TRANSACTION 'x'")}, "C BEGIN | Z T | T | D 6 | C SELECT 1 | Z T | E 42501 | Z I", "20"},
	{"of one relation", []any{query("DELETE FROM coupons WHERE id = 1"), query("DELETE FROM coupons WHERE id < 4")}, "C DELETE 1 | Z I | E 42501 | Z I", "20"},
	{"an error of its own", []any{query("SELECT nothing"), query("SELECT 1/0"), query("SELECT 1")}, "E 42703 | Z I | E 22012 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"a portal that is read in pieces", []any{parse("", "SELECT del(20) UNION ALL SELECT 2"), bind("", ""), &pgproto3.Execute{MaxRows: 1}, syncs(), query("SELECT 1")},
		"1 | 2 | D 20 | s | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"COPY", []any{query("COPY journal FROM STDIN"), copyData("a\n"), &pgproto3.CopyDone{}, query("COPY (SELECT del(20)) TO STDOUT"), query("SELECT 1")},
		"G | C COPY 1 | Z I | H | d | c | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"a COMMIT that fails", []any{query("BEGIN"), query("INSERT INTO late_keys VALUES (1), (1)"), query("COMMIT"), query("SELECT 1")},
		"C BEGIN | Z T | C INSERT 0 2 | Z T | E 23505 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"a COMMIT that fails, extended", []any{run("BEGIN"), run("INSERT INTO late_keys VALUES (1), (1)"), syncs(), run("COMMIT"), syncs(), run("SELECT 1"), syncs()},
		"1 | 2 | C BEGIN | 1 | 2 | C INSERT 0 2 | Z T | 1 | 2 | E 23505 | Z I | 1 | 2 | D 1 | C SELECT 1 | Z I", "20"},
	{"a commit without a block that fails", []any{query("INSERT INTO late_keys VALUES (1), (1)"), run("INSERT INTO late_keys VALUES (1), (1)"), syncs(), query("SELECT 1")},
		"E 23505 | Z I | 1 | 2 | C INSERT 0 2 | E 23505 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"what stands behind a COMMIT in a string", []any{query("SELECT del(2); COMMIT; SELECT del(4); SELECT 1/0"), query("SELECT 1")},
		"T | D 2 | C SELECT 1 | N | C COMMIT | T | D 4 | C SELECT 1 | E 22012 | Z I | T | D 1 | C SELECT 1 | Z I", "18"},
	{"what is no SQL", []any{query("SELEC 1"), query("DELETE FROM categories WHERE"), query("SELECT 1")}, "E 42601 | Z I | E 42601 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"a prepared statement that becomes another", []any{parse("p", "COMMIT"), syncs(), query("BEGIN"), &pgproto3.Close{ObjectType: 'S', Name: "p"}, parse("p", "SELECT del(20)"), bind("", "p"), execute(""), syncs(), query("COMMIT")},
		"1 | Z I | C BEGIN | Z T | 3 | 1 | 2 | D 20 | C SELECT 1 | Z T | E 42501 | Z I", "20"},
	{"what goes on behind ROLLBACK TO in a section", []any{query("BEGIN"), query("SAVEPOINT a"), query("SELECT 1/0"), run("ROLLBACK TO a"), run("SELECT del(20)"), run("COMMIT"), syncs(), query("SELECT 1")},
		"C BEGIN | Z T | C SAVEPOINT | Z T | E 22012 | Z E | 1 | 2 | C ROLLBACK | 1 | 2 | D 20 | C SELECT 1 | 1 | 2 | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"a ROLLBACK that the server skips", []any{query("BEGIN"), query("SELECT del(20)"), query("SAVEPOINT a"), run("SELECT 1/0"), run("ROLLBACK"), syncs(), query("ROLLBACK TO a"), query("COMMIT"), query("SELECT 1")},
		"C BEGIN | Z T | T | D 20 | C SELECT 1 | Z T | C SAVEPOINT | Z T | 1 | E 22012 | Z E | C ROLLBACK | Z T | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"a ROLLBACK that the server skips in what has failed", []any{query("BEGIN"), query("SELECT del(20)"), query("SAVEPOINT a"), query("SELECT 1/0"), run("nonsense"), run("ROLLBACK"), syncs(), query("ROLLBACK TO a"), query("COMMIT"), query("SELECT 1")},
		"C BEGIN | Z T | T | D 20 | C SELECT 1 | Z T | C SAVEPOINT | Z T | E 22012 | Z E | E 42601 | Z E | C ROLLBACK | Z T | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"what goes on behind ROLLBACK in a section", []any{query("BEGIN"), query("SELECT 1/0"), run("ROLLBACK"), run("SELECT del(20)"), syncs(), query("SELECT 1")},
		"C BEGIN | Z T | E 22012 | Z E | 1 | 2 | C ROLLBACK | 1 | 2 | D 20 | C SELECT 1 | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"what goes on behind COMMIT of what has failed in a section", []any{query("BEGIN"), query("SELECT 1/0"), run("COMMIT"), run("BEGIN"), run("SELECT del(20)"), run("COMMIT"), syncs(), query("SELECT 1")},
		"C BEGIN | Z T | E 22012 | Z E | 1 | 2 | C ROLLBACK | 1 | 2 | C BEGIN | 1 | 2 | D 20 | C SELECT 1 | 1 | 2 | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"counters that are switched off", []any{query("SET track_counts = off"), run("SET track_counts = off"), syncs(), query("SELECT set_config('track_counts', 'off', false)"), query("SELECT del(5)")},
		"E 42501 | Z I | 1 | 2 | E 42501 | Z I | E 42501 | Z I | T | D 5 | C SELECT 1 | Z I", "15"},
	{"a FunctionCall outside of a block", []any{&pgproto3.FunctionCall{Function: 870}, query("SELECT 1")}, "E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
}

func TestEffectsAreCountedBeforeTheCommit(t *testing.T) {
	t.Parallel()
	eachMajor(t, fewEffects, playHeld)
}

func playHeld(t *testing.T, s stage) {
	for _, h := range held {
		t.Run(h.name, func(t *testing.T) {
			s.server.Exec(t, s.database, hidden)
			c := s.raw(t, production)
			c.send(messages(h.send...)...)
			c.want(h.want)
			s.expect(t, "categories", h.left)
			c.silent()
			c.leave()
			s.server.Exec(t, s.database, hidden)
			c = s.raw(t, production)
			for _, m := range messages(h.send...) {
				c.send(m)
			}
			c.want(h.want)
			s.expect(t, "categories", h.left)
			for _, e := range c.errors {
				if e.Code == "42501" && !strings.Contains(e.Message, "rule people") {
					t.Errorf("refused by another: %s", e.Message)
				}
			}
		})
	}
}

// The goroutines wait for the server in another way than the loop does.
func TestHeldSessionsOverGoroutines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rules string
		play  func(*testing.T, stage)
	}{"effects": {fewEffects, playHeld}, "rows": {tenRows, playLimited}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stage{server: pgtest.Shared(t, 17)}
			s.database = newShop(t, s.server)
			s.guard = pgtest.StartGuard(t, policyFor(s.server.Addr(), "", c.rules), "--relay", "goroutines")
			c.play(t, s)
		})
	}
}

func TestNothingIsChangedWhereTheServerDoesNotCount(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string]string{"effects": fewEffects, "rows": tenRows} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stageOn(t, pgtest.Shared(t, 17), rules)
			c := s.raw(t, production, "options", "-c track_counts=off")
			c.send(query("WITH d AS (DELETE FROM categories RETURNING 1) SELECT 1 WHERE false"))
			c.want("T | E 42501 | Z I")
			s.intact(t)
		})
	}
}

func TestBoundsInAuditModeAreToldAndNotHeldTo(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 17), strings.Replace(fewEffects, "name: people", "name: people\n    mode: audit", 1))
	c := s.raw(t, production)
	c.send(query("DELETE FROM categories"))
	c.want("C DELETE 20 | Z I")
	s.expect(t, "categories", "0")
	e := s.guard.AwaitEvent(t, "what would have been refused", func(e audit.Event) bool { return e.Decision == audit.WouldDeny })
	if e.Rule != "people" || e.Type != audit.StatementEvent || e.SQL != "DELETE FROM categories" {
		t.Errorf("%+v", e)
	}
}
