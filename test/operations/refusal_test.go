package operations

import (
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/audit"
)

// refusingRules are in force wherever a test of this file runs.
const refusingRules = `
statements:
  - {name: keep-large-objects, action: deny, when: {function: [lo_unlink]}}
  - {name: no-loads, action: deny, when: {effect: [copy_in], relation: [categories]}}
`

// exchange is what a client sends in one write, and what it then receives.
type exchange struct {
	send []pgproto3.FrontendMessage
	want string
}

func ask(want string, parts ...any) exchange { return exchange{messages(parts...), want} }

// loUnlink is the OID of lo_unlink (src/include/catalog/pg_proc.dat).
const loUnlink = 964

var callOfLoUnlink = &pgproto3.FunctionCall{
	Function: loUnlink, ArgFormatCodes: []uint16{1}, Arguments: [][]byte{{0, 0, 0, 1}}, ResultFormatCode: 1,
}

// refusals are the ways in which a statement can come, and the rule that refuses it.
var refusals = []struct {
	name, rule string
	exchanges  []exchange
}{
	{"simple query", "builtin/unbounded-delete", []exchange{
		ask("E 42501 | Z I", query("DELETE FROM categories")),
	}},
	{"multi-statement string, as a whole", "builtin/truncate", []exchange{
		ask("E 42501 | Z I", query("INSERT INTO journal VALUES ('lost'); TRUNCATE categories; SELECT 1")),
	}},
	{"string that commits before it destroys", "builtin/truncate", []exchange{
		ask("E 42501 | Z I", query("BEGIN; INSERT INTO journal VALUES ('lost'); COMMIT; TRUNCATE categories")),
	}},
	{"extended query", "builtin/unbounded-delete", []exchange{
		ask("E 42501 | Z I", run("DELETE FROM categories WHERE id > 0"), syncs()),
	}},
	{"extended query with parameters", "builtin/unbounded-delete", []exchange{
		ask("E 42501 | Z I", parse("", "DELETE FROM categories WHERE id > $1"),
			&pgproto3.Bind{Parameters: [][]byte{[]byte("0")}}, execute(""), syncs()),
	}},
	{"named prepared statement", "builtin/truncate", []exchange{
		ask("E 42501 | Z I", parse("wipe", "TRUNCATE categories"), syncs()),
		ask("E 26000 | Z I", bind("", "wipe"), execute(""), syncs()),
	}},
	{"pipeline: what came before is rolled back, what follows is skipped", "builtin/unbounded-delete", []exchange{
		ask("1 | 2 | C INSERT 0 1 | E 42501 | Z I", run("INSERT INTO journal VALUES ('lost')"),
			run("DELETE FROM categories"), run("INSERT INTO journal VALUES ('lost')"), syncs()),
		ask("1 | 2 | D 0 | C SELECT 1 | Z I", run("SELECT count(*) FROM journal"), syncs()),
	}},
	{"pipeline of several Syncs", "builtin/unbounded-delete", []exchange{
		ask("1 | 2 | D 1 | C SELECT 1 | Z I | E 42501 | Z I | 1 | 2 | D 2 | C SELECT 1 | Z I", run("SELECT 1"), syncs(),
			run("DELETE FROM categories"), syncs(), run("SELECT 2"), syncs()),
	}},
	{"pipeline of simple queries", "builtin/unbounded-delete", []exchange{
		ask("T | D 1 | C SELECT 1 | Z I | E 42501 | Z I | T | D 2 | C SELECT 1 | Z I",
			query("SELECT 1"), query("DELETE FROM categories"), query("SELECT 2")),
	}},
	{"transaction", "builtin/unbounded-update", []exchange{
		ask("C BEGIN | Z T", query("BEGIN")),
		ask("C INSERT 0 1 | Z T", query("INSERT INTO journal VALUES ('lost')")),
		ask("E 42501 | Z E", query("UPDATE categories SET name = ''")),
		ask("E 25P02 | Z E", query("SELECT 1")),
		ask("C ROLLBACK | Z I", query("COMMIT")),
	}},
	{"transaction, extended", "builtin/unbounded-delete", []exchange{
		ask("1 | 2 | C BEGIN | Z T", run("BEGIN"), syncs()),
		ask("E 42501 | Z E", run("DELETE FROM categories"), syncs()),
		ask("1 | 2 | C ROLLBACK | Z I", run("COMMIT"), syncs()),
	}},
	{"savepoint", "builtin/truncate", []exchange{
		ask("C BEGIN | C SAVEPOINT | Z T", query("BEGIN; SAVEPOINT here")),
		ask("E 42501 | Z E", query("TRUNCATE categories")),
		ask("C ROLLBACK | Z T", query("ROLLBACK TO here")),
		ask("C INSERT 0 1 | Z T", query("INSERT INTO journal VALUES ('kept')")),
		ask("C COMMIT | Z I", query("COMMIT")),
		ask("C DELETE 1 | Z I", query("DELETE FROM journal WHERE note = 'kept'")),
	}},
	{"failed transaction: the server says so, and nothing runs", "builtin/truncate", []exchange{
		ask("C BEGIN | E 22012 | Z E", query("BEGIN; SELECT 1/0")),
		ask("E 25P02 | Z E", query("TRUNCATE categories")),
		ask("E 25P02 | Z E", run("TRUNCATE categories"), syncs()),
		ask("C ROLLBACK | Z I", query("ROLLBACK")),
	}},
	{"PREPARE", "builtin/unbounded-delete", []exchange{
		ask("E 42501 | Z I", query("PREPARE wipe AS DELETE FROM categories")),
		ask("E 26000 | Z I", query("EXECUTE wipe")),
	}},
	{"EXPLAIN ANALYZE", "builtin/unbounded-delete", []exchange{
		ask("E 42501 | Z I", query("EXPLAIN (COSTS off, ANALYZE) DELETE FROM categories")),
	}},
	{"common table expression", "builtin/unbounded-delete", []exchange{
		ask("E 42501 | Z I", query("WITH gone AS (DELETE FROM categories RETURNING id) SELECT count(*) FROM gone")),
	}},
	{"cursor", "builtin/unbounded-delete", []exchange{
		ask("E 42501 | Z I", query("BEGIN; DECLARE c CURSOR FOR WITH d AS (DELETE FROM categories RETURNING 1) SELECT 1; COMMIT")),
	}},
	{"FunctionCall", "keep-large-objects", []exchange{
		ask("E 42501 | Z I", callOfLoUnlink),
		ask("C BEGIN | Z T", query("BEGIN")),
		ask("E 42501 | Z E", callOfLoUnlink),
		ask("C ROLLBACK | Z I", query("ROLLBACK")),
	}},
	{"function in a query", "keep-large-objects", []exchange{
		ask("E 42501 | Z I", query("SELECT lo_unlink(1)")),
	}},
	{"COPY FROM STDIN, and the data that comes all the same", "no-loads", []exchange{
		ask("E 42501 | Z I", query("COPY categories FROM STDIN"),
			&pgproto3.CopyData{Data: []byte("99\tnew\n")}, &pgproto3.CopyDone{}),
	}},
	{"COPY of a DELETE", "builtin/unbounded-delete", []exchange{
		ask("E 42501 | Z I", query("COPY (DELETE FROM categories RETURNING id) TO STDOUT")),
	}},
	{"COPY TO PROGRAM", "builtin/copy-program", []exchange{
		ask("E 42501 | Z I", query("COPY categories TO PROGRAM 'true'")),
	}},
	{"text that nobody can parse", "builtin/unknown", []exchange{
		ask("E 42501 | Z I", query("TRUNCATE TABLE categories IMMEDIATELY AND FOR GOOD")),
	}},
}

func TestRefusedStatementNeverTakesEffectAndLeavesTheServersState(t *testing.T) {
	t.Parallel()
	eachMajor(t, refusingRules, func(t *testing.T, s stage) {
		for _, refusal := range refusals {
			t.Run(refusal.name, func(t *testing.T) {
				c := s.raw(t, production)
				for _, e := range refusal.exchanges {
					c.send(e.send...)
					c.want(e.want)
				}
				c.send(query("SELECT 'alive'"))
				c.want("T | D alive | C SELECT 1 | Z I")
				c.silent()
				s.recorded(t, c, refusal.rule)
			})
		}
		s.intact(t)
		if n := s.server.Query(t, s.database, "SELECT count(*) FROM journal"); n != "0" {
			t.Errorf("%s rows remain of what refused transactions inserted", n)
		}
	})
}

// refusalMessage takes the message of a refused statement apart.
var refusalMessage = regexp.MustCompile(
	`^pgcordon refused [^:]+: rule (\S+), source environment (\S+), target environment (\S+), event (\S+)$`)

// recorded checks every refusal that a client received: what it says, and that the
// audit log has it under the same event id.
func (s stage) recorded(t testing.TB, c *client, rule string) {
	t.Helper()
	for _, e := range c.errors {
		if e.Code != "42501" {
			continue
		}
		if e.Severity != "ERROR" || e.SeverityUnlocalized != "ERROR" || e.Detail == "" || e.Hint == "" {
			t.Errorf("fields of the error: %+v", e)
		}
		part := refusalMessage.FindStringSubmatch(e.Message)
		if part == nil || part[1] != rule || part[2] != "production" || part[3] != "production" {
			t.Fatalf("message %q, want one of rule %s", e.Message, rule)
		}
		event := s.event(t, part[4]) // on disk before the client heard of it
		if event.Type != audit.StatementRefused || event.Rule != rule || event.Decision != audit.Deny || event.SQLSTATE != "42501" {
			t.Errorf("event %+v", event)
		}
	}
}

// event returns the audit event with an id, which must be written already.
func (s stage) event(t testing.TB, id string) audit.Event {
	t.Helper()
	for _, e := range s.guard.Events(t) {
		if e.ID == id {
			return e
		}
	}
	t.Fatalf("the audit log has no event %s", id)
	return audit.Event{}
}
