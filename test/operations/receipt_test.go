package operations

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/audit"
)

// withReceipts has a receipt written of everything: with copies of journal's few rows at
// most, and elsewhere of as many as the shop has.
const withReceipts = `statements:
  - {name: few, action: allow, receipt: {copy_rows: 2}, when: {effect: ["@destructive"], relation: journal}}
  - {name: marked, action: allow, receipt: {restore_point: true}, when: {effect: ["@destructive", insert, alter], relation: coupons}}
  - {name: copied, action: allow, receipt: {copy_rows: 20}, when: {effect: ["@destructive"], relation: "cat*"}}
  - {name: perhaps, action: allow, receipt: {copy_rows: 20, without_copy: go_on}, when: {effect: ["@destructive"]}}
`

// receiptCase is what a client does and receives, and what is written down.
type receiptCase struct {
	name string
	send []any
	want string
	rows string // of categories, left
	// written is a line for each receipt: rule, rows, copies, what is missing; then the
	// outcome of its transaction.
	written string
}

var receiptCases = []receiptCase{
	{"Query", []any{query("DELETE FROM categories WHERE id <= 5")}, "C DELETE 5 | Z I", "15", "copied 5, 5 of public.categories copied, committed"},
	{"extended", []any{run("DELETE FROM categories WHERE id <= 5"), syncs()}, "1 | 2 | C DELETE 5 | Z I", "15", "copied 5, 5 of public.categories copied, committed"},
	{"update", []any{query("UPDATE categories SET name = 'x' WHERE id = 1")}, "C UPDATE 1 | Z I", "20", "copied 1, 1 of public.categories copied, committed"},
	{"rows are returned", []any{query("DELETE FROM categories WHERE id = 1 RETURNING id")}, "T | D 1 | C DELETE 1 | Z I", "19", "copied 1, 1 of public.categories copied, committed"},
	{"truncate", []any{query("TRUNCATE categories")}, "C TRUNCATE TABLE | Z I", "0", "copied -, 20 of public.categories copied, committed"},
	{"other tables", []any{query("DELETE FROM categories USING coupons WHERE coupons.id = categories.id AND coupons.id < 3")}, "C DELETE 2 | Z I", "18",
		"copied 2, 2 of public.categories copied, committed"},
	{"transaction", []any{query("BEGIN"), query("DELETE FROM categories WHERE id = 1"), query("DELETE FROM categories WHERE id = 2"), query("COMMIT")},
		"C BEGIN | Z T | C DELETE 1 | Z T | C DELETE 1 | Z T | C COMMIT | Z I", "18",
		"copied 1, 1 of public.categories copied, committed; copied 1, 1 of public.categories copied, committed"},
	{"extended transaction", []any{run("BEGIN"), run("DELETE FROM categories WHERE id = 1"), syncs(), run("COMMIT"), syncs()},
		"1 | 2 | C BEGIN | 1 | 2 | C DELETE 1 | Z T | 1 | 2 | C COMMIT | Z I", "19", "copied 1, 1 of public.categories copied, committed"},
	{"rolled back", []any{query("BEGIN"), query("DELETE FROM categories"), query("ROLLBACK")},
		"C BEGIN | Z T | C DELETE 20 | Z T | C ROLLBACK | Z I", "20", "copied 20, 20 of public.categories copied, rolled_back"},
	{"commit of a failed transaction", []any{query("BEGIN"), query("DELETE FROM categories"), query("SELECT 1/0"), query("COMMIT")},
		"C BEGIN | Z T | C DELETE 20 | Z T | E 22012 | Z E | C ROLLBACK | Z I", "20", "copied 20, 20 of public.categories copied, rolled_back"},
	{"savepoint", []any{query("BEGIN"), query("SAVEPOINT a"), query("DELETE FROM categories"), query("ROLLBACK TO a"), query("COMMIT")},
		"C BEGIN | Z T | C SAVEPOINT | Z T | C DELETE 20 | Z T | C ROLLBACK | Z T | C COMMIT | Z I", "20", "copied 20, 20 of public.categories copied, committed, partly undone"},
	{"error behind it in the section", []any{run("DELETE FROM categories"), run("SELECT 1/0"), syncs()}, "1 | 2 | C DELETE 20 | 1 | E 22012 | Z I", "20",
		"copied 20, 20 of public.categories copied, rolled_back"},
	{"error of its own", []any{query("DELETE FROM categories WHERE id = 1/0"), query("SELECT 1")}, "E 22012 | Z I | T | D 1 | C SELECT 1 | Z I", "20", ""},
	{"two in a section", []any{run("DELETE FROM categories WHERE id = 1"), run("DELETE FROM categories WHERE id = 2"), syncs()},
		"1 | 2 | C DELETE 1 | 1 | 2 | C DELETE 1 | Z I", "18", "copied 1, 1 of public.categories copied, committed; copied 1, 1 of public.categories copied, committed"},
	{"no rows", []any{query("DELETE FROM categories WHERE id = 99")}, "C DELETE 0 | Z I", "20", "copied 0, 0 of public.categories copied, committed"},
	{"without copy", []any{query("DELETE FROM coupons")}, "C DELETE 20 | Z I", "20", "marked 20, committed"},
	{"too many rows", []any{query("DELETE FROM journal")}, "E 42501 | Z I", "20", ""},
	{"too many rows, extended", []any{run("DELETE FROM journal"), syncs(), query("SELECT 1")}, "1 | 2 | E 42501 | Z I | T | D 1 | C SELECT 1 | Z I", "20", ""},
	{"WITH", []any{query("WITH one AS (SELECT 1) DELETE FROM categories")}, "E 42501 | Z I", "20", ""},
	{"volatile", []any{query("DELETE FROM categories WHERE random() < 2")}, "E 42501 | Z I", "20", ""},
	{"several statements", []any{query("DELETE FROM categories; SELECT 1")}, "E 42501 | Z I", "20", ""},
	{"several statements, without a copy that is not needed", []any{query("DELETE FROM other WHERE id = 1; SELECT 1")}, "C DELETE 1 | T | D 1 | C SELECT 1 | Z I", "20",
		"perhaps 1, missing copy: the string has several statements, committed"},
	{"several statements in a transaction", []any{query("BEGIN"), query("SELECT 1; DELETE FROM other WHERE id = 1; DELETE FROM other WHERE id = 2"), query("COMMIT")},
		"C BEGIN | Z T | T | D 1 | C SELECT 1 | C DELETE 1 | C DELETE 1 | Z T | C COMMIT | Z I", "20", "perhaps 1, missing copy: the string has several statements, committed"},
	{"several statements of which one fails", []any{query("DELETE FROM other WHERE id = 1; SELECT 1/0"), query("SELECT 1")}, "C DELETE 1 | E 22012 | Z I | T | D 1 | C SELECT 1 | Z I", "20", ""},
	{"several transactions", []any{query("DELETE FROM other WHERE id = 1; COMMIT; SELECT 1")}, "C DELETE 1 | N | C COMMIT | T | D 1 | C SELECT 1 | Z I", "20",
		"perhaps 1, missing everything: the server could not be asked around the statement, for the string has several statements"},
	{"without a copy that is not needed", []any{query("DELETE FROM other WHERE random() < 2")}, "C DELETE 3 | Z I", "20",
		"perhaps 3, missing copy: the predicate calls random, which is volatile, committed"},
	{"two tables", []any{query("TRUNCATE other, categories")}, "C TRUNCATE TABLE | Z I", "0",
		"perhaps -, 3 of public.other copied, 20 of public.categories copied, committed"},
	{"drop", []any{query("DROP TABLE other")}, "C DROP TABLE | Z I", "20", "perhaps -, 3 of public.other copied, committed"},
	{"parameters of what is set", []any{parse("", "UPDATE categories SET name = $1 WHERE id = 7"), &pgproto3.Bind{Parameters: [][]byte{[]byte("x")}}, execute(""), syncs()},
		"1 | 2 | C UPDATE 1 | Z I", "20", "copied 1, 1 of public.categories copied, committed"},
	{"parameters of the predicate", []any{parse("", "DELETE FROM categories WHERE id = $1"), binds("", "1"), execute(""), syncs()},
		"1 | 2 | C DELETE 1 | Z I", "19", "copied 1, 1 of public.categories copied, committed"},
	{"parameters of both", []any{parse("", "UPDATE categories SET name = $1 WHERE id > $2 AND name <> $1 AND $3"), binds("", "x", "5", "true"), execute(""), syncs()},
		"1 | 2 | C UPDATE 15 | Z I", "20", "copied 15, 15 of public.categories copied, committed"},
	{"parameters decide whether it is allowed", []any{parse("", "DELETE FROM categories WHERE $1::int IS NULL OR id = $1"), binds("", "7"), execute(""), syncs()},
		"1 | 2 | C DELETE 1 | Z I", "19", "copied 1, 1 of public.categories copied, committed"},
	{"binary parameter of a type that it is told", []any{
		&pgproto3.Parse{Query: "DELETE FROM categories WHERE id < $1", ParameterOIDs: []uint32{20}},
		&pgproto3.Bind{ParameterFormatCodes: []int16{1}, Parameters: [][]byte{{0, 0, 0, 0, 0, 0, 0, 4}}}, execute(""), syncs()},
		"1 | 2 | C DELETE 3 | Z I", "17", "copied 3, 3 of public.categories copied, committed"},
	{"parameter without a value", []any{parse("", "DELETE FROM categories WHERE id = $1"), &pgproto3.Bind{Parameters: [][]byte{nil}}, execute(""), syncs()},
		"1 | 2 | C DELETE 0 | Z I", "20", "copied 0, 0 of public.categories copied, committed"},
	{"prepared by SQL, bound by the protocol", []any{query("PREPARE p AS DELETE FROM categories WHERE id = 1"), binds("p"), execute(""), syncs()},
		"C PREPARE | Z I | 2 | E 42501 | Z I", "20", ""},
	{"prepared once", []any{parse("s", "DELETE FROM categories WHERE id = $1"), binds("s", "1"), execute(""), binds("s", "2"), execute(""), syncs(), binds("s", "3"), execute(""), syncs()},
		"1 | 2 | C DELETE 1 | 2 | C DELETE 1 | Z I | 2 | C DELETE 1 | Z I", "17", "copied 1, 1 of public.categories copied, committed; " +
			"copied 1, 1 of public.categories copied, committed; copied 1, 1 of public.categories copied, committed"},
	{"a setting comes between the value and its use", []any{parse("s", "DELETE FROM categories WHERE id = $1"), &pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "s", Parameters: [][]byte{[]byte("1")}},
		run("SET DateStyle = german"), execute("p"), syncs()}, "1 | 2 | 1 | 2 | C SET | E 42501 | Z I", "20", ""},
	{"value that is none of its type", []any{parse("", "DELETE FROM categories WHERE id = $1"), binds("", "x"), execute(""), syncs(), query("SELECT 1")},
		"1 | E 22P02 | Z I | T | D 1 | C SELECT 1 | Z I", "20", ""},
	{"no more rows are asked for than there are", []any{parse("", "DELETE FROM categories WHERE id = $1"), binds("", "1"), &pgproto3.Execute{MaxRows: 1}, syncs()},
		"1 | 2 | C DELETE 1 | Z I", "19", "copied 1, 1 of public.categories copied, committed"},
	{"rows are fetched in pieces", []any{run("BEGIN"), parse("", "DELETE FROM categories WHERE id > $1 RETURNING id"), binds("", "1"), &pgproto3.Execute{MaxRows: 1}, syncs()},
		"1 | 2 | C BEGIN | 1 | 2 | E 42501 | Z E", "20", ""},
}

// binds binds values, as text, to the unnamed portal of a statement.
func binds(statement string, values ...string) *pgproto3.Bind {
	b := &pgproto3.Bind{PreparedStatement: statement}
	for _, v := range values {
		b.Parameters = append(b.Parameters, []byte(v))
	}
	return b
}

const receiptTables = `
	DROP SCHEMA IF EXISTS pgcordon_receipts CASCADE;
	CREATE SCHEMA pgcordon_receipts;
	DROP TABLE IF EXISTS other;
	CREATE TABLE other AS SELECT generate_series(1, 3) AS id;
	TRUNCATE categories, journal;
	INSERT INTO journal VALUES ('a'), ('b'), ('c');
	INSERT INTO categories SELECT n, 'category ' || n FROM generate_series(1, 20) n`

func TestReceiptIsWrittenOfWhatIsAllowed(t *testing.T) {
	t.Parallel()
	eachMajor(t, withReceipts, func(t *testing.T, s stage) {
		for _, rc := range receiptCases {
			t.Run(rc.name, func(t *testing.T) {
				s.server.Exec(t, s.database, receiptTables)
				c := s.raw(t, production, "application_name", rc.name)
				c.send(messages(rc.send...)...)
				c.want(rc.want)
				s.expect(t, "categories", rc.rows)
				c.silent()
				c.leave()
				if got := s.receipts(t, rc.name); got != rc.written {
					t.Errorf("written %q\nwant    %q", got, rc.written)
				}
			})
		}
	})
}

// receipts are those of the session of an application, as a line.
func (s stage) receipts(t *testing.T, application string) string {
	t.Helper()
	var lines []string
	end := s.guard.AwaitEvent(t, "the end of "+application, func(e audit.Event) bool {
		return e.Type == audit.SessionEnd && e.Application == application
	})
	events := slices.DeleteFunc(s.guard.Events(t), func(e audit.Event) bool { return e.Session != end.Session })
	for _, e := range events {
		if e.Receipt == nil {
			continue
		}
		line := e.Rule + " -"
		if e.Rows != nil {
			line = fmt.Sprint(e.Rule, " ", *e.Rows)
		}
		nothing := strings.HasPrefix(strings.Join(e.Receipt.Missing, ""), "everything")
		if r := e.Receipt; !nothing && (r.Before == "" || r.Timeline != 1 || r.TransactionID == "" && line[len(line)-1] != '0' || (r.RestorePoint == e.ID) != (e.Rule == "marked")) {
			t.Errorf("%+v", r)
		}
		for _, copied := range e.Receipt.Copies {
			line += fmt.Sprintf(", %d of %s copied", copied.Rows, copied.Relation)
		}
		for _, missing := range e.Receipt.Missing {
			line += ", missing " + missing
		}
		lines = append(lines, line+outcomeOf(t, events, e.ID))
	}
	return strings.Join(lines, "; ")
}

func outcomeOf(t *testing.T, events []audit.Event, id string) string {
	t.Helper()
	for _, e := range events {
		if e.Transaction == nil || !strings.Contains(strings.Join(e.Transaction.Receipts, " "), id) {
			continue
		}
		outcome := ", " + e.Transaction.Outcome
		if (e.Transaction.After != "") != (e.Transaction.Outcome == audit.Committed) {
			t.Errorf("position afterwards: %+v", e.Transaction)
		}
		if e.Transaction.PartlyUndone {
			outcome += ", partly undone"
		}
		return outcome
	}
	return ""
}

// TestReceiptIsOnDiskBeforeTheCommit takes the client away between its statement and the
// Sync that would commit it.
func TestReceiptIsOnDiskBeforeTheCommit(t *testing.T) {
	t.Parallel()
	eachMajor(t, withReceipts, func(t *testing.T, s stage) {
		s.server.Exec(t, s.database, receiptTables)
		c := s.raw(t, production, "application_name", "vanishing")
		c.send(messages(run("DELETE FROM categories"), flush())...)
		c.want("1 | 2 | C DELETE 20")
		c.send(messages(run("SELECT 1"), flush())...)
		c.want("1 | 2 | D 1 | C SELECT 1")
		s.guard.AwaitEvent(t, "a receipt", func(e audit.Event) bool { return e.Receipt != nil })
		s.intact(t)
		c.conn.Close()
		if got, want := s.receipts(t, "vanishing"), "copied 20, 20 of public.categories copied, unknown"; got != want {
			t.Errorf("written %q, want %q", got, want)
		}
		s.intact(t)
	})
}

// A row that comes between the copy and the statement is not in the copy. DELETE waits for
// the lock on the table, and SELECT FOR UPDATE does not.
func TestStatementThatTakesARowThatIsNotCopiedIsRefused(t *testing.T) {
	t.Parallel()
	eachMajor(t, withReceipts, func(t *testing.T, s stage) {
		s.server.Exec(t, s.database, receiptTables)
		other, err := pgx.Connect(deadline(t), s.server.AdminDSN(s.database))
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close(deadline(t))
		for table, want := range map[string]string{"categories": "E 42501 | Z I", "other": "C DELETE 4 | Z I"} {
			if _, err := other.Exec(deadline(t), "BEGIN; LOCK TABLE "+table+" IN SHARE MODE; INSERT INTO "+table+" (id) VALUES (99)"); err != nil {
				t.Fatal(err)
			}
			c := s.raw(t, production, "application_name", table)
			c.send(query("DELETE FROM " + table))
			await(t, "the DELETE waits", func() bool {
				return s.server.Query(t, s.database, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = '"+table+"'") == "1"
			})
			if _, err := other.Exec(deadline(t), "COMMIT"); err != nil {
				t.Fatal(err)
			}
			c.want(want)
			c.leave()
		}
		s.expect(t, "categories", "21")
		s.expect(t, "other", "0")
		const written = "perhaps 4, 3 of public.other copied, missing copy: the statement took 4 rows, and 3 were there to copy, committed"
		if got := s.receipts(t, "other"); got != written {
			t.Errorf("written %q, want %q", got, written)
		}
	})
}

// TestRoleThatMayLittleHasAReceiptAllTheSame: what the server does not allow is missing.
func TestRoleThatMayLittleHasAReceiptAllTheSame(t *testing.T) {
	t.Parallel()
	rules := strings.Replace(withReceipts, "without_copy: go_on", "without_copy: go_on, restore_point: true", 1)
	eachMajor(t, rules, func(t *testing.T, s stage) {
		s.server.Exec(t, s.database, receiptTables+`;
			CREATE ROLE clerk LOGIN;
			GRANT USAGE ON SCHEMA public TO clerk;
			GRANT SELECT, DELETE, TRUNCATE ON other, categories TO clerk`)
		t.Cleanup(func() { s.server.Exec(t, s.database, "DROP OWNED BY clerk; DROP ROLE clerk") })
		for _, rc := range []struct{ name, grant, sql, want, written string }{
			{"nothing", "", "DELETE FROM other WHERE id = 1", "C DELETE 1 | Z I",
				"there is no schema pgcordon_receipts in which the role may make tables (USAGE and CREATE), or the transaction is read only"},
			{"a schema", "GRANT USAGE, CREATE ON SCHEMA pgcordon_receipts TO clerk", "DELETE FROM other WHERE id = 2", "C DELETE 1 | Z I",
				"the role may not lock rows of public.other, for which it needs UPDATE on a column"},
			{"refused", "", "DELETE FROM categories", "E 42501 | Z I", ""},
			{"whole tables", "", "TRUNCATE other", "C TRUNCATE TABLE | Z I", ""},
			{"hidden rows", "ALTER TABLE other ENABLE ROW LEVEL SECURITY", "TRUNCATE other", "C TRUNCATE TABLE | Z I", "row-level security hides rows of public.other"},
		} {
			if rc.grant != "" {
				s.server.Exec(t, s.database, rc.grant)
			}
			c := s.raw(t, production, "application_name", rc.name, "user", "clerk")
			c.send(query(rc.sql))
			c.want(rc.want)
			c.leave()
			got := s.missing(t, rc.name)
			if len(got) == 0 && rc.name == "refused" {
				continue
			}
			if !strings.Contains(got, "restore point: the role may not") || !strings.HasSuffix(got, rc.written) {
				t.Errorf("%s: missing %q, want %q", rc.name, got, rc.written)
			}
		}
		s.intact(t)
	})
}

// missing is what is not in the one receipt of a session.
func (s stage) missing(t *testing.T, application string) string {
	t.Helper()
	end := s.guard.AwaitEvent(t, "the end of "+application, func(e audit.Event) bool {
		return e.Type == audit.SessionEnd && e.Application == application
	})
	for _, e := range s.guard.Events(t) {
		if e.Session == end.Session && e.Receipt != nil {
			return strings.Join(e.Receipt.Missing, "; ")
		}
	}
	return ""
}
