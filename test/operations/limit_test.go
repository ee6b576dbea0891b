package operations

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// tenRows lets a statement change ten rows.
const tenRows = `statements: [{name: any, action: allow, when: {effect: truncate}}, {name: batch, action: allow, max_rows: 10, when: {effect: [insert, update, delete, merge, copy_in]}}]`

// limited is a way to change rows, what the client receives, and how many categories
// are left of twenty when the session is over.
var limited = []struct {
	name string
	send []any
	want string
	left string
}{
	{"Query", []any{query("DELETE FROM categories WHERE id <= 10")}, "C DELETE 10 | Z I", "10"},
	{"Query, too many", []any{query("DELETE FROM categories"), query("SELECT 1")}, "E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20"},
	{"Query that returns rows", []any{query("DELETE FROM categories WHERE id = 1 RETURNING id, name")}, "T | D 1,category 1 | C DELETE 1 | Z I", "19"},
	{"Query that returns too many rows", []any{query("DELETE FROM categories WHERE id <= 11 RETURNING 1")},
		"T" + strings.Repeat(" | D 1", 11) + " | E 42501 | Z I", "20"},
	{"Queries in one write", []any{query("DELETE FROM categories WHERE id = 1"), query("UPDATE categories SET name = 'x'"), query("DELETE FROM categories WHERE id = 2")},
		"C DELETE 1 | Z I | E 42501 | Z I | C DELETE 1 | Z I", "18"},
	{"transaction", []any{query("BEGIN"), query("DELETE FROM categories WHERE id = 1"), query("DELETE FROM categories"), query("SELECT 1"), query("COMMIT")},
		"C BEGIN | Z T | C DELETE 1 | Z T | E 42501 | Z E | E 25P02 | Z E | C ROLLBACK | Z I", "20"},
	{"savepoint", []any{query("BEGIN"), query("DELETE FROM categories WHERE id = 1"), query("SAVEPOINT a"), query("DELETE FROM categories"), query("ROLLBACK TO a"), query("COMMIT")},
		"C BEGIN | Z T | C DELETE 1 | Z T | C SAVEPOINT | Z T | E 42501 | Z E | C ROLLBACK | Z T | C COMMIT | Z I", "19"},
	{"error of the statement's own", []any{query("DELETE FROM categories WHERE nothing = 1"), query("DELETE FROM categories WHERE id = 1")}, "E 42703 | Z I | C DELETE 1 | Z I", "19"},
	{"error that runs", []any{query("UPDATE categories SET id = 1 / 0 WHERE id = 1"), query("DELETE FROM categories WHERE id = 1")}, "E 22012 | Z I | C DELETE 1 | Z I", "19"},
	{"error of the commit", []any{query("DELETE FROM owners WHERE id = 1"), query("DELETE FROM categories WHERE id = 1")}, "E 23503 | Z I | C DELETE 1 | Z I", "19"},
	{"extended", []any{run("DELETE FROM categories WHERE id <= 10"), syncs()}, "1 | 2 | C DELETE 10 | Z I", "10"},
	{"extended, too many", []any{run("DELETE FROM categories"), syncs(), run("SELECT 1"), syncs()}, "1 | 2 | E 42501 | Z I | 1 | 2 | D 1 | C SELECT 1 | Z I", "20"},
	{"extended, one write a section", []any{run("DELETE FROM categories WHERE id = 1"), run("DELETE FROM categories"), run("DELETE FROM categories WHERE id = 2"), syncs()},
		"1 | 2 | C DELETE 1 | 1 | 2 | E 42501 | Z I", "20"},
	{"extended, several sections", []any{run("DELETE FROM categories WHERE id = 1"), syncs(), run("DELETE FROM categories"), syncs(), run("DELETE FROM categories WHERE id = 2"), syncs()},
		"1 | 2 | C DELETE 1 | Z I | 1 | 2 | E 42501 | Z I | 1 | 2 | C DELETE 1 | Z I", "18"},
	{"extended in a transaction", []any{run("BEGIN"), run("DELETE FROM categories"), syncs(), run("COMMIT"), syncs()},
		"1 | 2 | C BEGIN | 1 | 2 | E 42501 | Z E | 1 | 2 | C ROLLBACK | Z I", "20"},
	{"section that failed before", []any{parse("", "SELEC"), run("DELETE FROM categories"), query("DELETE FROM categories"), syncs(), query("DELETE FROM categories WHERE id = 1")},
		"E 42601 | Z I | C DELETE 1 | Z I", "19"},
	{"Query in a section that is open", []any{run("INSERT INTO journal VALUES ('x')"), query("DELETE FROM categories WHERE id = 1"), run("SELECT 1"), syncs()},
		"1 | 2 | C INSERT 0 1 | C DELETE 1 | Z I | 1 | 2 | D 1 | C SELECT 1 | Z I", "19"},
	{"too many, in a section that is open", []any{run("DELETE FROM categories WHERE id = 1"), query("DELETE FROM categories"), syncs()},
		"1 | 2 | C DELETE 1 | E 42501 | Z I | Z I", "20"},
	{"prepared by SQL, bound by the protocol", []any{query("PREPARE p AS DELETE FROM categories WHERE id <= 20"), binds("p"), execute(""), syncs()},
		"C PREPARE | Z I | 2 | E 42501 | Z I", "20"},
	{"EXECUTE", []any{query("PREPARE p (int) AS DELETE FROM categories WHERE id <= $1"), query("EXECUTE p(5)"), query("EXECUTE p(20)")},
		"C PREPARE | Z I | C DELETE 5 | Z I | E 42501 | Z I", "15"},
	{"INSERT", []any{query("INSERT INTO journal SELECT 'x' FROM generate_series(1, 10)"), query("INSERT INTO journal SELECT 'x' FROM generate_series(1, 11)")},
		"C INSERT 0 10 | Z I | E 42501 | Z I", "20"},
	{"several statements in a string", []any{query("INSERT INTO journal VALUES ('x'); DELETE FROM categories WHERE id = 1; SELECT 1")},
		"C INSERT 0 1 | C DELETE 1 | T | D 1 | C SELECT 1 | Z I", "19"},
	{"several statements, one of them too wide", []any{query("DELETE FROM categories WHERE id = 1; DELETE FROM categories; SELECT 1"), query("SELECT 2")},
		"C DELETE 1 | E 42501 | Z I | T | D 2 | C SELECT 1 | Z I", "20"},
	{"a transaction in a string", []any{query("BEGIN; DELETE FROM categories WHERE id = 1; COMMIT; DELETE FROM categories; SELECT 1")},
		"C BEGIN | C DELETE 1 | C COMMIT | E 42501 | Z I", "19"},
	{"error in a string", []any{query("DELETE FROM categories WHERE id = 1; SELECT 1/0; SELECT 2"), query("SELECT 3")},
		"C DELETE 1 | E 22012 | Z I | T | D 3 | C SELECT 1 | Z I", "20"},
	{"error of a string's commit", []any{query("SELECT 1; DELETE FROM owners WHERE id = 1"), query("DELETE FROM categories WHERE id = 1")},
		"T | D 1 | C SELECT 1 | E 23503 | Z I | C DELETE 1 | Z I", "19"},
	{"what a string of several statements cannot do", []any{query("SELECT 1; LOCK categories; DELETE FROM categories WHERE id = 1; SAVEPOINT a")}, "E 42501 | Z I", "20"},
	{"BEGIN behind another statement", []any{query("DELETE FROM categories WHERE id = 1; BEGIN; SELECT 1"), query("ROLLBACK")},
		"C DELETE 1 | C BEGIN | T | D 1 | C SELECT 1 | Z T | C ROLLBACK | Z I", "20"},
	{"COMMIT in a string", []any{query("DELETE FROM categories WHERE id = 1; COMMIT")}, "C DELETE 1 | N | C COMMIT | Z I", "19"},
	{"AND CHAIN without a block", []any{query("DELETE FROM categories WHERE id = 1; COMMIT AND CHAIN; SELECT 1"), query("SELECT 2")}, "C DELETE 1 | E 25P01 | Z I | T | D 2 | C SELECT 1 | Z I", "20"},
	{"in WITH", []any{query("WITH d AS (DELETE FROM categories WHERE id < 9 RETURNING 1) SELECT 1 FROM d LIMIT 1")}, "T | D 1 | C SELECT 1 | Z I", "12"},
	{"in WITH, too many", []any{query("WITH d AS (DELETE FROM categories RETURNING 1) SELECT 1 FROM d LIMIT 1"), query("SELECT 2")},
		"T | D 1 | E 42501 | Z I | T | D 2 | C SELECT 1 | Z I", "20"},
	{"twice in one statement", []any{query("WITH d AS (DELETE FROM categories WHERE id < 9 RETURNING 1) DELETE FROM categories WHERE id > 15")}, "E 42501 | Z I", "20"},
	{"DO", []any{query("DO 'BEGIN DELETE FROM categories WHERE id < 9; END'"), query("DO 'BEGIN DELETE FROM categories; END'")}, "C DO | Z I | E 42501 | Z I", "12"},
	{"portal that is read in pieces", []any{parse("", "DELETE FROM categories WHERE id < 9 RETURNING id"), bind("", ""), &pgproto3.Execute{MaxRows: 1}, syncs()}, "1 | 2 | D 1 | s | Z I", "12"},
	{"portal that is read in pieces, too many", []any{parse("", "DELETE FROM categories RETURNING id"), bind("", ""), &pgproto3.Execute{MaxRows: 1}, syncs()}, "1 | 2 | D 1 | s | E 42501 | Z I", "20"},
	{"extended in WITH", []any{run("WITH d AS (DELETE FROM categories RETURNING 1) SELECT 1 FROM d LIMIT 1"), syncs(), run("SELECT 2"), syncs()},
		"1 | 2 | D 1 | E 42501 | Z I | 1 | 2 | D 2 | C SELECT 1 | Z I", "20"},
	{"COPY FROM", []any{query("COPY journal FROM STDIN"), copyData("a\nb\n"), &pgproto3.CopyDone{}, query("SELECT 2")}, "G | C COPY 2 | Z I | T | D 2 | C SELECT 1 | Z I", "20"},
	{"COPY FROM, too many", []any{query("COPY journal FROM STDIN"), copyData(strings.Repeat("a\n", 11)), &pgproto3.CopyDone{}, query("SELECT 2")}, "G | E 42501 | Z I | T | D 2 | C SELECT 1 | Z I", "20"},
	{"COPY FROM that the client gives up", []any{query("COPY journal FROM STDIN"), copyData("a\n"), &pgproto3.CopyFail{Message: "no"}, query("SELECT 2")}, "G | E 57014 | Z I | T | D 2 | C SELECT 1 | Z I", "20"},
	{"COPY FROM, extended", []any{run("COPY journal FROM STDIN"), copyData(strings.Repeat("a\n", 11)), &pgproto3.CopyDone{}, syncs(), query("SELECT 2")},
		"1 | 2 | G | E 42501 | Z I | T | D 2 | C SELECT 1 | Z I", "20"},
	{"COPY FROM and another statement", []any{query("COPY journal FROM STDIN; DELETE FROM categories WHERE id = 1; COPY journal FROM STDIN"), copyData("a\n"), &pgproto3.CopyDone{}, copyData("b\n"), &pgproto3.CopyDone{}},
		"G | C COPY 1 | C DELETE 1 | G | C COPY 1 | Z I", "19"},
	{"another message amid COPY data", []any{query("COPY journal FROM STDIN"), copyData("a\n"), query("SELECT 2")}, "G | E 08P01 | E 08P01 | closed", "20"},
	{"a table that was truncated before", []any{query("BEGIN"), query("TRUNCATE categories"), query("WITH d AS (INSERT INTO categories VALUES (1) RETURNING 1) SELECT 1 FROM d"), query("ROLLBACK")},
		"C BEGIN | Z T | C TRUNCATE TABLE | Z T | T | D 1 | C SELECT 1 | Z T | C ROLLBACK | Z I", "20"},
	{"what is only defined", []any{query("CREATE FUNCTION clear() RETURNS void LANGUAGE sql AS 'DELETE FROM categories WHERE id = 1'")}, "C CREATE FUNCTION | Z I", "20"},
}

func TestLimitOnRowsHoldsBeforeTheCommit(t *testing.T) {
	t.Parallel()
	eachMajor(t, tenRows, playLimited)
}

func playLimited(t *testing.T, s stage) {
	for _, l := range limited {
		t.Run(l.name, func(t *testing.T) {
			s.server.Exec(t, s.database, `
					DROP TABLE IF EXISTS owners, pets;
					CREATE TABLE owners (id int PRIMARY KEY);
					CREATE TABLE pets (owner int REFERENCES owners DEFERRABLE INITIALLY DEFERRED);
					INSERT INTO owners VALUES (1);
					INSERT INTO pets VALUES (1);
					TRUNCATE categories;
					INSERT INTO categories SELECT n, 'category ' || n FROM generate_series(1, 20) n`)
			c := s.raw(t, production)
			c.send(messages(l.send...)...)
			c.want(l.want)
			s.expect(t, "categories", l.left)
			if strings.HasSuffix(l.want, end) {
				return
			}
			c.silent()
			c.leave()
			// The same, a message a write.
			if l.left != "20" {
				return
			}
			c = s.raw(t, production)
			for _, m := range messages(l.send...) {
				c.send(m)
			}
			if !strings.Contains(l.name, "defined") {
				c.want(l.want)
			}
			s.expect(t, "categories", l.left)
		})
	}
}

func TestExplainAnalyzeIsCounted(t *testing.T) {
	t.Parallel()
	eachMajor(t, tenRows, func(t *testing.T, s stage) {
		c := s.raw(t, production)
		c.send(query("EXPLAIN ANALYZE DELETE FROM categories"))
		if status := c.untilReady(1); status != "Z I" || len(c.errors) != 1 || c.errors[0].Code != "42501" {
			t.Errorf("%s, errors %+v", status, c.errors)
		}
		s.intact(t)
		c.send(query("EXPLAIN ANALYZE DELETE FROM categories WHERE id = 1"))
		c.untilReady(1)
		s.expect(t, "categories", "19")
	})
}

func TestClientThatWaitsBehindAFlushIsToldOfTheLimit(t *testing.T) {
	t.Parallel()
	eachMajor(t, tenRows, func(t *testing.T, s stage) {
		c := s.raw(t, production)
		c.send(messages(run("DELETE FROM categories WHERE id = 1"), flush())...)
		c.want("1 | 2 | C DELETE 1")
		c.send(messages(run("DELETE FROM categories"), flush())...)
		c.want("1 | 2 | E 42501")
		c.send(syncs())
		c.want("Z I")
		s.intact(t)
		e := c.lastError()
		if !strings.Contains(e.Message, "rule batch,") || !strings.Contains(e.Detail, "changed 19 rows") || !strings.Contains(e.Detail, "may change 10") {
			t.Errorf("error %q, detail %q", e.Message, e.Detail)
		}
		s.recorded(t, c, "batch")
	})
}

func TestPipelineOfManyLimitedStatements(t *testing.T) {
	t.Parallel()
	eachMajor(t, tenRows, func(t *testing.T, s stage) {
		c := s.raw(t, production)
		var all []any
		const sections = 1000
		for i := range sections {
			sql := "UPDATE categories SET name = 'x' WHERE id = 1"
			if i%10 == 9 {
				sql = "UPDATE categories SET name = 'x'"
			}
			if i%2 == 0 {
				all = append(all, run(sql), syncs())
			} else {
				all = append(all, query(sql))
			}
		}
		go c.send(messages(all...)...)
		for i := range sections {
			want := "C UPDATE 1 | Z I"
			if i%10 == 9 {
				want = "E 42501 | Z I"
			}
			if i%2 == 0 {
				want = "1 | 2 | " + want
			}
			c.want(want)
		}
		if n := s.server.Query(t, s.database, "SELECT count(*) FROM categories WHERE name = 'x'"); n != "1" {
			t.Error(fmt.Sprint(n, " rows were changed"))
		}
	})
}

func copyData(lines string) pgproto3.FrontendMessage {
	return &pgproto3.CopyData{Data: []byte(lines)}
}
