package guard

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// exchange is what a client sends in one go, and what the server answers; the
// answers are tags, "!" for an error and I, T, E for ReadyForQuery.
type exchange struct{ client, server string }

// refuses plays the exchanges, then tells whether the last text is refused.
func refuses(t *testing.T, exchanges []exchange, last string) bool {
	t.Helper()
	b := ready(t, "")
	for _, e := range exchanges {
		for text := range strings.SplitSeq(e.client, " | ") {
			if sql, extended := strings.CutPrefix(text, "> "); extended {
				b.fromClient(parse("", sql), bind("", ""), execute(""))
			} else if text == "sync" {
				b.fromClient(sync())
			} else {
				b.fromClient(query(text))
			}
		}
		if e.server == "" {
			continue
		}
		for answer := range strings.SplitSeq(e.server, " | ") {
			switch answer {
			case "I", "T", "E":
				b.fromServer(z(answer[0]))
			case "!":
				b.fromServer(serverError("23505", "no"))
			case "bound":
				b.fromServer(message(wire.ParseComplete, ""), message(wire.BindComplete, ""))
			default:
				b.fromServer(done(answer))
			}
		}
	}
	b.sent()
	b.fromClient(query(last))
	return strings.Contains(b.sent(), "nonce")
}

func TestTemporaryTablesOfTheSessionAreItsOwn(t *testing.T) {
	const create = "CREATE TEMP TABLE t (id int)"
	created := exchange{create, "CREATE TABLE | I"}
	tests := []struct {
		name      string
		exchanges []exchange
		last      string
		refused   bool
	}{
		{"never created", nil, "DELETE FROM t", true},
		{"created", []exchange{created}, "DELETE FROM t", false},
		{"created by SELECT INTO", []exchange{{"SELECT 1 INTO TEMP t", "SELECT 1 | I"}}, "UPDATE t SET x = 1", false},
		{"created in the extended protocol", []exchange{{"> " + create + " | sync", "bound | CREATE TABLE | I"}}, "TRUNCATE t", false},
		{"by its schema", []exchange{created}, "DELETE FROM pg_temp.t", false},
		{"another by its schema", []exchange{created}, "DELETE FROM pg_temp.u", true},
		{"another schema", []exchange{created}, "DELETE FROM public.t", true},
		{"another name", []exchange{created}, "DELETE FROM u", true},
		{"used as well", []exchange{created}, "DELETE FROM u USING t", true},
		{"a program reads it", []exchange{created}, "COPY t TO PROGRAM 'x'", true},
		{"with what depends on it", []exchange{created}, "DROP TABLE t CASCADE", true},

		{"not yet answered", []exchange{{create, ""}}, "DELETE FROM t", true},
		{"answered, but not ready", []exchange{{create, "CREATE TABLE"}}, "DELETE FROM t", true},
		{"failed", []exchange{{create, "! | I"}}, "DELETE FROM t", true},
		{"another is under way", []exchange{created, {"SELECT f()", ""}}, "DELETE FROM t", true},
		{"behind another in a string", []exchange{created}, "DROP TABLE t; DELETE FROM t", true},
		{"failed behind another", []exchange{{"SELECT f() | " + create, "SELECT 1 | I | ! | I"}}, "DELETE FROM t", true},
		{"in a body", []exchange{created}, "DO 'BEGIN DELETE FROM t; END'", true},
		{"on another server", []exchange{created}, "SELECT dblink_exec('host=x', 'DELETE FROM t')", true},
		{"created in a body", []exchange{{"DO 'BEGIN CREATE TEMP TABLE t (id int); END'", "DO | I"}}, "DELETE FROM t", true},
		{"ends with the transaction", []exchange{{"BEGIN", "BEGIN | T"}, {create + " ON COMMIT DROP", "CREATE TABLE | T"}}, "DELETE FROM t", true},

		{"in the transaction", []exchange{{"BEGIN", "BEGIN | T"}, {create, "CREATE TABLE | T"}}, "DELETE FROM t", false},
		{"committed", []exchange{{"BEGIN", "BEGIN | T"}, {create, "CREATE TABLE | T"}, {"COMMIT", "COMMIT | I"}}, "DELETE FROM t", false},
		{"rolled back", []exchange{{"BEGIN", "BEGIN | T"}, {create, "CREATE TABLE | T"}, {"ROLLBACK", "ROLLBACK | I"}}, "DELETE FROM t", true},
		{"rolled back to a savepoint", []exchange{{"BEGIN", "BEGIN | T"}, {create, "CREATE TABLE | T"}, {"ROLLBACK TO a", "ROLLBACK | T"}}, "DELETE FROM t", true},
		{"an error in the transaction", []exchange{{"BEGIN", "BEGIN | T"}, {create, "CREATE TABLE | T"}, {"SELEC", "! | E"}}, "DELETE FROM t", true},
		{"the commit fails", []exchange{{"BEGIN", "BEGIN | T"}, {create, "CREATE TABLE | T"}, {"COMMIT", "! | I"}}, "DELETE FROM t", true},
		{"a later rollback", []exchange{created, {"BEGIN", "BEGIN | T"}, {"ROLLBACK", "ROLLBACK | I"}}, "DELETE FROM t", false},
		{"rolled back in the pipeline", []exchange{{"> " + create + " | > ROLLBACK | sync", "bound | CREATE TABLE | bound | ROLLBACK | I"}}, "DELETE FROM t", true},
		{"skipped behind an error", []exchange{{"> SELEC | > " + create + " | sync", "! | I"}}, "DELETE FROM t", true},

		{"dropped", []exchange{created, {"DROP TABLE t", "DROP TABLE | I"}}, "DELETE FROM t", true},
		{"dropped, or so it was tried", []exchange{created, {"DROP TABLE t", "! | I"}}, "DELETE FROM t", true},
		{"another dropped", []exchange{created, {"DROP TABLE pg_temp.u", "DROP TABLE | I"}}, "DELETE FROM t", false},
		{"renamed", []exchange{created, {"ALTER TABLE t RENAME TO u", "ALTER TABLE | I"}}, "DELETE FROM t", true},
		{"altered", []exchange{created, {"ALTER TABLE t ADD COLUMN x int", "ALTER TABLE | I"}}, "DELETE FROM t", false},
		{"discarded", []exchange{created, {"DISCARD TEMP", "DISCARD TEMP | I"}}, "DELETE FROM t", true},
		{"a rule that does something else instead", []exchange{created, {"CREATE RULE r AS ON DELETE TO t DO INSTEAD SELECT 1", "CREATE RULE | I"}}, "DELETE FROM t", true},
		{"a body in between", []exchange{created, {"DO 'BEGIN NULL; END'", "DO | I"}}, "DELETE FROM t", true},
		{"the search path changed", []exchange{created, {"SET search_path = public, pg_temp", "SET | I"}}, "DELETE FROM t", true},
		{"the search path changed, by its schema", []exchange{created, {"SET search_path = public, pg_temp", "SET | I"}}, "DELETE FROM pg_temp.t", false},

		{"a function that renames it", []exchange{{"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'ALTER TABLE pg_temp.t RENAME TO u'", "CREATE FUNCTION | I"},
			created, {"SELECT f()", "SELECT 1 | I"}}, "DELETE FROM t", true},
		{"a function that drops it", []exchange{
			{"CREATE FUNCTION pg_temp.f() RETURNS void LANGUAGE plpgsql AS 'BEGIN DROP TABLE pg_temp.t; END'", "CREATE FUNCTION | I"},
			created, {"SELECT pg_temp.f()", "SELECT 1 | I"}}, "DELETE FROM t", true},
		{"a function that does no harm", []exchange{{"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT 1'", "CREATE FUNCTION | I"},
			created, {"SELECT f()", "SELECT 1 | I"}}, "DELETE FROM t", false},
		{"a function that makes a view of that name", []exchange{
			{"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'CREATE TEMP VIEW t AS SELECT * FROM orders'", "CREATE FUNCTION | I"},
			{"SELECT f()", "SELECT 1 | I"}, {"CREATE TEMP TABLE IF NOT EXISTS t (id int)", "CREATE TABLE | I"}}, "DELETE FROM t", true},
		{"there or created", []exchange{{"CREATE TEMP TABLE IF NOT EXISTS t (id int)", "CREATE TABLE | I"}}, "DELETE FROM t", false},
		{"a view of that name may be there", []exchange{{"CREATE TEMP VIEW t AS SELECT * FROM orders", "CREATE VIEW | I"},
			{"CREATE TEMP TABLE IF NOT EXISTS t (id int)", "CREATE TABLE | I"}}, "DELETE FROM t", true},
	}
	for _, test := range tests {
		if got := refuses(t, test.exchanges, test.last); got != test.refused {
			t.Errorf("%s: refused %v", test.name, got)
		}
	}
}

// A statement that was prepared while the table was there is judged again.
func TestPreparedStatementOutlivesTheTemporaryTable(t *testing.T) {
	b := ready(t, "")
	b.fromClient(query("CREATE TEMP TABLE t (id int)"))
	b.fromServer(done("CREATE TABLE"), z('I'))
	b.fromClient(parse("s", "DELETE FROM t"), sync())
	b.fromServer(message(wire.ParseComplete, ""), z('I'))
	b.fromClient(bind("", "s"), execute(""), sync())
	if got := b.sent(); strings.Contains(got, "nonce") {
		t.Fatalf("refused while the table is there: %s", got)
	}
	b.fromServer(message(wire.BindComplete, ""), done("DELETE 1"), z('I'))
	b.fromClient(parse("", "DROP TABLE t"), bind("", ""), execute(""), bind("p", "s"), execute("p"), sync())
	if got := b.sent(); !strings.Contains(got, "B .pgcordon_nonce1") {
		t.Fatalf("behind a DROP in the pipeline the server received %s", got)
	}
}
