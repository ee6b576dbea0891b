package operations

import (
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// What limits on rows rest on (docs/decisions/0010-rows-before-commit.md), asked of the
// servers themselves.

func flush() pgproto3.FrontendMessage { return &pgproto3.Flush{} }

// missing is what a server must reject wherever an Execute may stand.
func missing() pgproto3.FrontendMessage { return execute("there is no such portal") }

// eachServer runs a test against every major without a guard in between.
func eachServer(t *testing.T, test func(t *testing.T, s stage, c *client)) {
	eachMajor(t, "", func(t *testing.T, s stage) {
		s.server.Exec(t, s.database, `
			CREATE TABLE owners (id int PRIMARY KEY);
			CREATE TABLE pets (owner int REFERENCES owners DEFERRABLE INITIALLY DEFERRED);
			CREATE TABLE toys (owner int REFERENCES owners ON DELETE CASCADE);
			INSERT INTO owners SELECT generate_series(1, 10);
			INSERT INTO toys SELECT 10 FROM generate_series(1, 50);
			INSERT INTO pets VALUES (1);
			CREATE RULE journal_delete AS ON DELETE TO journal DO ALSO DELETE FROM categories`)
		conn, err := dialFrom(production)(deadline(t), "tcp", s.server.Addr())
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, conn)
		c.send(&pgproto3.StartupMessage{
			ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "postgres", "database": s.database},
		})
		c.want("R ok | K | Z I")
		test(t, s, c)
	})
}

func (s stage) expect(t *testing.T, table, rows string) {
	t.Helper()
	if n := s.server.Query(t, s.database, "SELECT count(*) FROM "+table); n != rows {
		t.Errorf("%s has %s rows, want %s", table, n, rows)
	}
}

func TestTagComesBeforeTheCommitWhileTheSyncIsHeld(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s stage, c *client) {
		c.send(messages(run("INSERT INTO journal VALUES ('in the same section')"), run("DELETE FROM categories"), flush())...)
		c.want("1 | 2 | C INSERT 0 1 | 1 | 2 | C DELETE 20")
		s.expect(t, "categories", "20")
		c.send(missing(), syncs())
		c.want("E 34000 | Z I")
		s.expect(t, "categories", "20")
		s.expect(t, "journal", "0")
		c.send(messages(run("DELETE FROM categories WHERE id = 1"), flush())...)
		c.want("1 | 2 | C DELETE 1")
		c.send(syncs())
		c.want("Z I")
		s.expect(t, "categories", "19")
	})
}

func TestHeldSyncInATransactionAndASavepoint(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s stage, c *client) {
		c.send(query("BEGIN; INSERT INTO journal VALUES ('kept'); SAVEPOINT a"))
		c.want("C BEGIN | C INSERT 0 1 | C SAVEPOINT | Z T")
		c.send(messages(run("UPDATE categories SET name = 'x'"), flush())...)
		c.want("1 | 2 | C UPDATE 20")
		c.send(missing(), syncs())
		c.want("E 34000 | Z E")
		c.send(query("ROLLBACK TO a"), query("COMMIT"))
		c.want("C ROLLBACK | Z T | C COMMIT | Z I")
		s.expect(t, "categories WHERE name = 'x'", "0")
		s.expect(t, "journal", "1")
		c.send(messages(run("BEGIN"), run("DELETE FROM categories"), flush())...)
		c.want("1 | 2 | C BEGIN | 1 | 2 | C DELETE 20")
		c.send(missing(), syncs(), query("COMMIT"))
		c.want("E 34000 | Z E | C ROLLBACK | Z I")
		s.expect(t, "categories", "20")
	})
}

// A commit can fail behind the tag. A Query tells its tag behind the commit.
func TestTagIsNoPromiseOfACommit(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s stage, c *client) {
		c.send(messages(run("DELETE FROM owners WHERE id = 1"), flush())...)
		c.want("1 | 2 | C DELETE 1")
		c.send(syncs())
		c.want("E 23503 | Z I")
		c.send(query("DELETE FROM owners WHERE id = 1"))
		c.want("E 23503 | Z I")
		s.expect(t, "owners", "10")
	})
}

// One row that is fetched deletes all rows, and a Sync behind it commits them without
// a tag.
func TestPortalThatIsReadInPiecesDeletesAtOnce(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s stage, c *client) {
		c.send(parse("", "DELETE FROM categories RETURNING id"), bind("", ""), &pgproto3.Execute{MaxRows: 1}, syncs())
		c.want("1 | 2 | D 1 | s | Z I")
		s.expect(t, "categories", "0")
	})
}

func TestTagsThatDoNotTellWhatWasDeleted(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s stage, c *client) {
		for _, lie := range []struct{ sql, answer, table, left string }{
			{"WITH d AS (DELETE FROM categories RETURNING 1) SELECT 1 FROM d WHERE false", "C SELECT 0", "categories", "0"},
			{"WITH d AS (DELETE FROM categories RETURNING 1) INSERT INTO journal SELECT 'x' FROM d LIMIT 1", "C INSERT 0 1", "categories", "0"},
			{"DELETE FROM journal", "C DELETE 0", "categories", "0"},        // a rule
			{"DELETE FROM owners WHERE id = 10", "C DELETE 1", "toys", "0"}, // a cascade
			{"DO 'BEGIN DELETE FROM categories; END'", "C DO", "categories", "0"},
		} {
			c.send(messages(run("BEGIN"), run(lie.sql), syncs())...)
			c.want("1 | 2 | C BEGIN | 1 | 2 | " + lie.answer + " | Z T")
			c.send(query("SELECT count(*) FROM "+lie.table), query("ROLLBACK"))
			c.want("T | D " + lie.left + " | C SELECT 1 | Z T | C ROLLBACK | Z I")
		}
		c.send(messages(run("COPY (DELETE FROM coupons RETURNING id) TO STDOUT"), missing(), syncs())...)
		for range 20 + 3 { // 1, 2, H, then a row each
			c.next()
		}
		c.want("c | C COPY 20 | E 34000 | Z I")
		s.expect(t, "coupons", "20")
	})
}

// COPY FROM tells its tag before the commit, too, if the Flush comes behind the data:
// the server ignores one in front of it.
func TestHeldSyncBehindCopyFrom(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s stage, c *client) {
		c.send(messages(run("COPY journal FROM STDIN"), flush())...)
		c.want("1 | 2 | G")
		c.send(&pgproto3.CopyData{Data: []byte("a\nb\n")}, &pgproto3.CopyDone{}, flush())
		c.want("C COPY 2")
		s.expect(t, "journal", "0")
		c.send(missing(), syncs())
		c.want("E 34000 | Z I")
		s.expect(t, "journal", "0")
	})
}

// What a Query is translated to: its row description, and where an error points.
func TestQueryAndItsTranslationTellTheSame(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s stage, c *client) {
		told := func(send ...pgproto3.FrontendMessage) string {
			c.received.Reset()
			c.send(send...)
			for c.next() != "Z I" {
			}
			return c.received.String()
		}
		const returning = "DELETE FROM categories WHERE id = 1 RETURNING id, name, now() - now() AS x"
		translated := func(sql string) string {
			return told(parse("", sql), bind("", ""), &pgproto3.Describe{ObjectType: 'P'}, execute(""), syncs())
		}
		const parsedAndBound = "1\x00\x00\x00\x042\x00\x00\x00\x04"
		simple := told(query(returning))
		s.server.Exec(t, s.database, "INSERT INTO categories VALUES (1, 'category 1')")
		if got := translated(returning); got != parsedAndBound+simple {
			t.Errorf("translated %q, want %q", got, simple)
		}
		for _, sql := range []string{"DELETE FROM categories WHERE nothing = 1", "DELETE FROM categories WHERE id = 'x'", "DELET"} {
			if got, want := translated(sql), told(query(sql)); got != want {
				t.Errorf("%s: translated %q, want %q", sql, got, want)
			}
		}
	})
}
