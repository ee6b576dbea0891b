package operations

import (
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// What read-only sessions rest on (docs/decisions/0017-read-only-kept-by-the-server.md),
// asked of the servers themselves.

// beginsReadOnly opens a session on the server as the guard does: its parameter is the
// last one.
func (s stage) beginsReadOnly(t *testing.T, parameters ...string) *client {
	t.Helper()
	conn, err := dialFrom(production)(deadline(t), "tcp", s.server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, conn)
	packet := []byte{0, 0, 0, 0, 0, 3, 0, 0}
	all := append([]string{"user", "postgres", "database", s.database}, parameters...)
	for _, p := range append(all, "default_transaction_read_only", "on", "") { // an empty name ends it
		packet = append(append(packet, p...), 0)
	}
	packet[2], packet[3] = byte(len(packet)>>8), byte(len(packet))
	if _, err := conn.Write(packet); err != nil {
		t.Fatal(err)
	}
	c.want("R ok | K | Z I")
	return c
}

// mayWrite asks whether a transaction that begins now may write, of a session with none open.
func (c *client) mayWrite() bool {
	c.t.Helper()
	c.send(query("SELECT current_setting('transaction_read_only')"))
	c.next()
	value := c.next()
	c.untilReady(1)
	return value != "D on"
}

func TestLastParameterOfTheStartupPacketWins(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s stage, _ *client) {
		s.server.Exec(t, s.database, "ALTER ROLE postgres IN DATABASE "+s.database+" SET default_transaction_read_only = off")
		s.server.Exec(t, "postgres", "ALTER DATABASE "+s.database+" SET default_transaction_read_only = off")
		t.Cleanup(func() { s.forgetSettings(t) })
		for _, parameters := range [][]string{
			{},
			{"Default_Transaction_Read_Only", "off"},
			{"options", "-c default_transaction_read_only=off"},
			{"options", "--default-transaction-read-only=off -c DEFAULT_TRANSACTION_READ_ONLY=0"},
			{"transaction_read_only", "off"},
		} {
			c := s.beginsReadOnly(t, parameters...)
			for _, sql := range []string{
				"SELECT 1", "RESET ALL", "DISCARD ALL", "RESET SESSION AUTHORIZATION", "RESET ROLE", "SET SESSION AUTHORIZATION postgres",
				"BEGIN", "SAVEPOINT a", "ROLLBACK TO a", "RELEASE a", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN", "COMMIT",
			} {
				c.send(query(sql))
				c.untilReady(1)
				if c.mayWrite() {
					t.Errorf("%v: it may write behind %s", parameters, sql)
				}
			}
		}
	})
}

// forgetSettings undoes ALTER ROLE and ALTER DATABASE, for another test gets the database.
func (s stage) forgetSettings(t *testing.T) {
	s.server.Exec(t, "postgres", "ALTER ROLE postgres IN DATABASE "+s.database+" RESET ALL")
	s.server.Exec(t, "postgres", "ALTER DATABASE "+s.database+" RESET ALL")
}

// escaping is a function that turns the setting off, and one that writes.
const escaping = `
	CREATE FUNCTION escapes() RETURNS int LANGUAGE plpgsql AS $$BEGIN PERFORM set_config('default_transaction_read_only', 'off', false); RETURN 1; END$$;
	CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql AS $$BEGIN DELETE FROM categories WHERE id = 1; RETURN 1; END$$;
	CREATE PROCEDURE leaves() LANGUAGE plpgsql AS $$BEGIN COMMIT; SET TRANSACTION READ WRITE; DELETE FROM categories WHERE id = 1; END$$;
	CREATE VIEW door AS SELECT escapes() AS open;
	CREATE SEQUENCE numbers`

func TestServerReportsThatASessionMayWriteInFrontOfReadyForQuery(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s stage, _ *client) {
		s.server.Exec(t, s.database, escaping)
		c := s.beginsReadOnly(t)
		c.send(messages(query("BEGIN"), run("SELECT open FROM door"), run("SELECT 2"), flush())...)
		c.want("C BEGIN | Z T | 1 | 2 | D 1 | C SELECT 1 | 1 | 2 | D 2 | C SELECT 1")
		c.send(syncs())
		m, err := c.protocol.Receive()
		if status, ok := m.(*pgproto3.ParameterStatus); err != nil || !ok || *status != (pgproto3.ParameterStatus{Name: "default_transaction_read_only", Value: "off"}) {
			t.Fatalf("%+v, %v", m, err)
		}
		c.want("Z T")
	})
}

// What follows COMMIT in a string or a section may write before the server has reported
// anything; what follows ROLLBACK may not.
func TestTransactionBehindCommitMayWriteUnreported(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s stage, _ *client) {
		s.server.Exec(t, s.database, escaping)
		for _, c := range []struct {
			send []any
			left string
		}{
			{[]any{query("SELECT escapes(); ROLLBACK; SELECT writes()")}, "20"},
			{[]any{run("BEGIN"), run("SELECT escapes()"), run("ROLLBACK"), run("SELECT writes()"), syncs()}, "20"},
			{[]any{query("BEGIN; SELECT escapes(); COMMIT AND CHAIN; SELECT writes()")}, "20"},
			{[]any{query("SELECT escapes(); COMMIT; SELECT writes()")}, "19"},
			{[]any{query("BEGIN; SELECT escapes(); COMMIT AND CHAIN; ROLLBACK; SELECT writes()")}, "19"},
			{[]any{run("SELECT escapes()"), run("COMMIT"), run("SELECT writes()"), syncs()}, "19"},
		} {
			s.server.Exec(t, s.database, "INSERT INTO categories VALUES (1, 'x') ON CONFLICT DO NOTHING")
			session := s.beginsReadOnly(t)
			session.send(messages(c.send...)...)
			session.untilReady(1)
			session.conn.Close()
			await(t, "the session is over", func() bool {
				return s.server.Query(t, s.database, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'") == "2"
			})
			s.expect(t, "categories", c.left)
		}
	})
}

// What PostgreSQL lets a READ ONLY transaction do, and the guard does not.
func TestReadOnlyTransactionMayDoMoreThanRead(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s stage, _ *client) {
		s.server.Exec(t, s.database, escaping+"; SELECT lo_unlink(oid) FROM pg_largeobject_metadata; SELECT lo_create(4711)")
		allowed := map[string]bool{
			"VACUUM FULL categories": true, "CLUSTER": true, "REINDEX TABLE categories": true, "ANALYZE categories": true, "CHECKPOINT": true,
			"BEGIN; LOCK TABLE categories; COMMIT": true, "NOTIFY a": true, "LISTEN a": true, "SELECT pg_advisory_lock(1)": true,
			"BEGIN; PREPARE TRANSACTION '" + s.database + "'": true, "LOAD 'plpgsql'": true,
			"COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'": true, "CALL leaves()": true,
			"SELECT pg_create_physical_replication_slot('" + s.database + "')": true,
			"SELECT pg_stat_reset()": true, "SELECT pg_logical_emit_message(true, 'a', 'b')": true, "EXPLAIN DELETE FROM categories": true,
			"SELECT lo_unlink(4711)": s.server.Config.Major < 16,

			"SELECT nextval('numbers')": false, "SELECT setval('numbers', 5)": false, "CREATE TEMP TABLE x (a int)": false, "SELECT 1 INTO TEMP x": false,
			"SELECT * FROM categories FOR UPDATE": false, "EXPLAIN ANALYZE DELETE FROM categories": false, "SELECT writes()": false,
			"UPDATE pg_settings SET setting = 'off' WHERE name = 'default_transaction_read_only'": false,
			"SELECT set_config('transaction_read_only', 'off', false)":                            false,
			"TRUNCATE categories": false, "COMMENT ON TABLE categories IS 'x'": false, "REFRESH MATERIALIZED VIEW x": false,
		}
		for sql, want := range allowed {
			c := s.beginsReadOnly(t)
			c.send(query(sql))
			c.untilReady(1)
			if got := len(c.errors) == 0; got != want {
				t.Errorf("%s: allowed %v, errors %+v", sql, got, c.errors)
			}
			c.conn.Close()
		}
		c := s.beginsReadOnly(t)
		c.send(query("ROLLBACK PREPARED '"+s.database+"'"), query("SELECT pg_drop_replication_slot('"+s.database+"')"))
		c.want("C ROLLBACK PREPARED | Z I | T | D  | C SELECT 1 | Z I")
	})
}
