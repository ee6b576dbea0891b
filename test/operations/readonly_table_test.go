package operations

import "github.com/jackc/pgx/v5/pgproto3"

// treasures are what a read-only session must leave as it is.
const treasures = escaping + `;
	CREATE TABLE orders (id int PRIMARY KEY, name text);
	INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 20) n;
	CREATE INDEX orders_by_name ON orders (name);
	CLUSTER orders USING orders_by_name;
	CREATE MATERIALIZED VIEW totals AS SELECT 1 AS one;
	CREATE TABLE pending (a int);
	SELECT lo_unlink(oid) FROM pg_largeobject_metadata; -- of the test before
	SELECT lo_create(4711)`

// everything changes whenever one of the treasures does. _DB_ is the name of the database,
// for what belongs to the whole server.
const everything = `concat_ws(' ',
	(SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM categories c), (SELECT md5(string_agg(o::text, ',' ORDER BY ctid)) FROM orders o),
	(SELECT count(*) FROM journal), (SELECT concat(last_value, is_called) FROM numbers), (SELECT count(*) FROM pg_largeobject_metadata),
	(SELECT count(*) FROM pg_largeobject), (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
	(SELECT string_agg(concat(oid, relname, relacl, relfilenode, reloptions, relchecks, relnatts), ',' ORDER BY oid)
		FROM pg_class WHERE relnamespace = 'public'::regnamespace OR relpersistence = 't'),
	(SELECT count(*) FROM pg_description WHERE objoid = 'orders'::regclass), (SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace),
	(SELECT count(*) FROM pg_prepared_xacts WHERE gid LIKE '_DB_%'), (SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE '_DB_%'),
	(SELECT string_agg(s::text, ',' ORDER BY setrole) FROM pg_db_role_setting s, pg_database d WHERE d.oid = setdatabase AND datname = '_DB_'),
	(SELECT count(*) FROM pg_roles WHERE rolname LIKE '_DB_%'))`

// escapes are ways to write, or to be able to. What is one statement is tried in the
// extended protocol, too.
var escapes = []string{
	// Plainly.
	"INSERT INTO journal VALUES ('x')", "UPDATE orders SET name = 'x' WHERE id = 1", "DELETE FROM orders WHERE id = 1", "TRUNCATE orders",
	"MERGE INTO orders o USING (VALUES (1)) v(n) ON o.id = v.n WHEN MATCHED THEN DELETE",
	"WITH d AS (DELETE FROM orders RETURNING 1) SELECT count(*) FROM d", "EXPLAIN ANALYZE DELETE FROM orders", "PREPARE p AS DELETE FROM orders",
	"COPY (DELETE FROM orders RETURNING id) TO STDOUT", "COPY journal FROM STDIN", "DROP TABLE orders", "ALTER TABLE orders ADD x int",
	"CREATE TABLE x (a int)", "CREATE TEMP TABLE x (a int)", "SELECT 1 AS a INTO x", "SELECT 1 AS a INTO TEMP x", "CREATE TEMP VIEW x AS SELECT 1",
	"CREATE INDEX ON orders (name)", "CREATE INDEX CONCURRENTLY x ON orders (name)", "COMMENT ON TABLE orders IS 'x'", "GRANT SELECT ON orders TO PUBLIC",
	"CREATE SCHEMA x", `CREATE ROLE "_DB_ role"`, "REFRESH MATERIALIZED VIEW totals", "SELECT nextval('numbers')", "SELECT setval('numbers', 7)",
	"SELECT writes()", "SELECT * FROM orders FOR UPDATE", "REASSIGN OWNED BY postgres TO postgres",

	// What PostgreSQL lets a READ ONLY transaction do.
	"VACUUM FULL orders", "VACUUM orders", "ANALYZE orders", "CLUSTER orders", "REINDEX TABLE orders", "REINDEX TABLE CONCURRENTLY orders", "CHECKPOINT",
	"ALTER SYSTEM SET work_mem = '4MB'", "ALTER SYSTEM RESET ALL", "LOAD 'plpgsql'", "COPY orders TO '/tmp/_DB_'", "COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'",
	"COPY journal FROM PROGRAM 'echo x'", "SELECT lo_unlink(4711)", "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')", "SELECT lo_put(4711, 0, 'x')",
	"SELECT lo_export(4711, '/tmp/_DB_')", "SELECT lowrite(lo_open(4711, 131072), 'x')", "SELECT pg_create_physical_replication_slot('_DB_')",
	"SELECT pg_create_logical_replication_slot('_DB_', 'pgoutput')", "SELECT pg_drop_replication_slot('_DB_')", "SELECT pg_terminate_backend(0)",
	"SELECT pg_stat_reset()", "SELECT pg_reload_conf()", "SELECT pg_switch_wal()", "SELECT pg_logical_emit_message(true, 'a', 'b')",
	"SELECT pg_create_restore_point('_DB_')", "ROLLBACK PREPARED '_DB_'", "COMMIT PREPARED '_DB_'", "PREPARE TRANSACTION '_DB_ 2'",
	"BEGIN; PREPARE TRANSACTION '_DB_ 2'", "LOCK TABLE orders", "BEGIN; LOCK TABLE orders IN SHARE MODE",

	// Procedures and blocks, which can begin another transaction.
	"CALL leaves()", "DO $$BEGIN COMMIT; SET TRANSACTION READ WRITE; DELETE FROM orders; END$$",
	"DO $$BEGIN PERFORM escapes(); COMMIT; PERFORM writes(); END$$", "DO LANGUAGE plpgsql 'BEGIN NULL; END'",

	// The settings.
	"SET default_transaction_read_only = off", "SET SESSION default_transaction_read_only TO 'f'", "BEGIN; set local DEFAULT_TRANSACTION_READ_ONLY = no",
	`SET "default_transaction_read_only" = 0`, `SET U&"default_transaction\005fread_only" = 'of'`, "RESET default_transaction_read_only",
	"SET transaction_read_only = off", "BEGIN; SET LOCAL transaction_read_only = false", "RESET transaction_read_only", "SET transaction_read_only TO DEFAULT",
	"SET TRANSACTION READ WRITE", "BEGIN; SET LOCAL TRANSACTION READ WRITE", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE",
	"SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "BEGIN READ WRITE", "START TRANSACTION READ WRITE", "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE",
	"BEGIN/**/READ/**/WRITE", "BEGIN READ ONLY, READ WRITE", "SELECT set_config('default_transaction_read_only', 'off', false)",
	"SELECT pg_catalog.set_config('Default_Transaction_Read_Only', '0', true)", "SELECT set_config('default_transaction' || '_read_only', 'off', false)",
	"SELECT set_config('default_transaction_read_onlyX'::varchar(29), 'off', false)", "SELECT set_config('default_transaction_read_only', 'offX'::varchar(3), false)",
	"SELECT set_config(name, 'off', false) FROM pg_settings WHERE name LIKE 'default_transaction_r%'",
	`SELECT U&"set\005fconfig"('default_transaction_read_only', 'off', false)`,
	"SELECT set_config(name, off, false) FROM (SELECT 'default_transaction_read_only' AS name, 'off' AS off) x",
	"SELECT set_config('work_mem', '4MB', false), set_config('default_transaction_read_only', NULL || 'off', false)",
	"SELECT query_to_xml('SELECT set_config(''default_transaction_read_only'', ''off'', false)', true, false, '')",
	"SELECT query_to_xml(replace('SELECT set_X(''default_transaction_read_only'', ''off'', false)', 'X', 'config'), true, false, '')",
	"UPDATE pg_settings SET setting = 'off' WHERE name = 'default_transaction_read_only'", "PREPARE p AS SELECT set_config('default_transaction_read_only', 'off', false)",
	"EXPLAIN ANALYZE SELECT set_config('default_transaction_read_only', 'off', false)", "ALTER ROLE postgres SET default_transaction_read_only = off",
	`ALTER DATABASE "_DB_" SET default_transaction_read_only = off`, `ALTER ROLE postgres IN DATABASE "_DB_" SET default_transaction_read_only = off`,

	// Functions that are there already.
	"SELECT escapes()", "SELECT open FROM door", "EXPLAIN ANALYZE SELECT escapes()", "COPY (SELECT escapes()) TO STDOUT", "BEGIN; SELECT escapes()",
	"BEGIN; DECLARE c CURSOR FOR SELECT escapes(); FETCH c", "DECLARE c CURSOR WITH HOLD FOR SELECT escapes()",

	// Several statements.
	"SELECT escapes(); COMMIT; SELECT writes()", "BEGIN; SELECT escapes(); COMMIT; SELECT writes()", "BEGIN; SELECT open FROM door; END; BEGIN; SELECT writes(); END",
	"BEGIN; SELECT escapes(); COMMIT AND CHAIN; ROLLBACK; SELECT writes()", "SELECT escapes(); ROLLBACK; SELECT writes()",
	"BEGIN; SAVEPOINT a; SET TRANSACTION READ WRITE; DELETE FROM orders; COMMIT", "SELECT 1; BEGIN READ WRITE; DELETE FROM orders; COMMIT",
	"BEGIN; SET LOCAL default_transaction_read_only = off; COMMIT AND CHAIN; DELETE FROM orders; COMMIT",
	"BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT escapes(); COMMIT; SELECT writes()", "RESET ALL; SELECT writes()",
	"BEGIN; COMMIT AND CHAIN; SELECT writes(); COMMIT", "BEGIN; ROLLBACK AND CHAIN; SELECT writes(); COMMIT",
	"BEGIN; SELECT escapes(); COMMIT; DECLARE c CURSOR WITH HOLD FOR SELECT writes()", "SELECT escapes(); COMMIT; COPY (SELECT writes()) TO STDOUT",
}

// pipelines are ways that only the extended protocol has, in one write.
var pipelines = map[string][]any{
	"section behind one that escapes":       {run("SELECT escapes()"), syncs(), run("SELECT writes()"), syncs()},
	"query behind one that escapes":         {query("SELECT escapes()"), query("SELECT writes()")},
	"COMMIT in a section":                   {run("SELECT escapes()"), run("COMMIT"), run("SELECT writes()"), syncs()},
	"END of a transaction":                  {run("BEGIN"), run("SELECT open FROM door"), run("END"), run("SELECT writes()"), syncs()},
	"COMMIT AND CHAIN and ROLLBACK":         {run("BEGIN"), run("SELECT escapes()"), run("COMMIT AND CHAIN"), run("ROLLBACK"), run("SELECT writes()"), syncs()},
	"COMMIT that runs a cursor":             {run("BEGIN"), run("DECLARE c CURSOR WITH HOLD FOR SELECT escapes()"), run("COMMIT"), run("SELECT writes()"), syncs()},
	"query in the section of COMMIT":        {run("SELECT escapes()"), run("COMMIT"), query("SELECT writes()"), query("SELECT writes()")},
	"function call in the section":          {run("SELECT escapes()"), run("COMMIT"), call(1598), query("SELECT writes()")},
	"statement prepared in front of COMMIT": {parse("w", "SELECT writes()"), run("SELECT escapes()"), run("COMMIT"), bind("", "w"), execute(""), syncs()},
	"statement prepared a section before":   {parse("w", "SELECT writes()"), syncs(), run("SELECT escapes()"), run("COMMIT"), bind("", "w"), execute(""), syncs()},
	"COMMIT prepared a section before":      {parse("c", "COMMIT"), syncs(), run("SELECT escapes()"), bind("", "c"), execute(""), run("SELECT writes()"), syncs()},
	"unnamed statement parsed before": {parse("c", "COMMIT"), parse("e", "SELECT escapes()"), syncs(), parse("", "SELECT writes()"), bind("e", "e"), execute("e"),
		bind("c", "c"), execute("c"), bind("", ""), execute(""), syncs()},
	"portal of COMMIT bound before": {parse("c", "COMMIT"), bind("c", "c"), run("SELECT escapes()"), execute("c"), run("SELECT writes()"), syncs()},
	"name of the setting as a parameter": {parse("", "SELECT set_config($1, $2, false)"), bindText("default_transaction_read_only", "off"), execute(""), syncs(),
		run("SELECT writes()"), syncs()},
	"value of the setting as a parameter": {parse("", "SELECT set_config('default_transaction_read_only', $1, false)"), bindText("off"), execute(""), syncs(),
		run("SELECT writes()"), syncs()},
	"function call of set_config": {call(2078, "default_transaction_read_only", "off", "f"), query("SELECT writes()")},
	"function call of lo_unlink":  {call(964, "4711")},
	"READ WRITE in a section":     {run("BEGIN READ WRITE"), run("DELETE FROM orders"), run("COMMIT"), syncs()},
	"EXECUTE behind COMMIT":       {query("PREPARE w AS SELECT writes()"), run("SELECT escapes()"), run("COMMIT"), run("EXECUTE w"), syncs()},
	// DISCARD ALL commits at once what it does, also in the middle of a section.
	"DISCARD ALL in front":         {run("DISCARD ALL"), run("SELECT escapes()"), run("SELECT writes()"), syncs(), run("SELECT writes()"), syncs()},
	"DISCARD ALL behind":           {run("SELECT escapes()"), run("DISCARD ALL"), run("SELECT writes()"), syncs()},
	"DISCARD ALL on both sides":    {run("DISCARD ALL"), run("SELECT escapes()"), run("DISCARD ALL"), run("SELECT writes()"), syncs(), query("SELECT writes()")},
	"error that skips to the Sync": {run("SELECT escapes()"), run("SELECT 1/0"), run("COMMIT"), syncs(), run("SELECT writes()"), syncs()},
}

// bindText binds the unnamed statement with parameters in text.
func bindText(values ...string) pgproto3.FrontendMessage {
	b := &pgproto3.Bind{}
	for _, v := range values {
		b.Parameters = append(b.Parameters, []byte(v))
	}
	return b
}

func call(oid uint32, arguments ...string) pgproto3.FrontendMessage {
	f := &pgproto3.FunctionCall{Function: oid}
	for _, a := range arguments {
		f.Arguments = append(f.Arguments, []byte(a))
	}
	return f
}
