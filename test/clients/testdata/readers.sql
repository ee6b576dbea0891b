-- What people and programs do that only read.
\d
\d+ shop.*
\dt+ *.*
\df
\dn+
\du
\dp
\ds
\dv+
\dm
\l
SHOW transaction_read_only;
SELECT count(*), min(n), max(n) FROM generate_series(1, 1000) n;
TABLE pg_catalog.pg_am;
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t;
SELECT CASE WHEN n > 2 THEN 'read' ELSE 'write' END FROM generate_series(1, 3) n;
SET work_mem = '5MB';
SHOW work_mem;
SELECT set_config('search_path', 'pg_catalog', false), current_setting('search_path');
RESET search_path;
SET default_transaction_read_only = on;
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT n FROM generate_series(1, 5) n;
FETCH 2 FROM c;
FETCH LAST FROM c;
MOVE BACKWARD ALL FROM c;
FETCH c;
SAVEPOINT a;
SELECT 1/0;
ROLLBACK TO a;
COMMIT;
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT n FROM generate_series(1, 3) n;
COMMIT;
FETCH ALL FROM h;
CLOSE h;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
SELECT 1;
COMMIT AND CHAIN;
SELECT 2;
ROLLBACK AND CHAIN;
SHOW transaction_read_only;
END;
PREPARE p (int) AS SELECT n FROM generate_series(1, $1) n;
EXECUTE p(3);
DEALLOCATE p;
EXPLAIN (COSTS off) SELECT * FROM generate_series(1, 3);
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) SELECT * FROM generate_series(1, 3);
EXPLAIN (COSTS off) DELETE FROM pg_catalog.pg_am WHERE oid = 1;
COPY (SELECT n, 'x' FROM generate_series(1, 3) n) TO STDOUT (FORMAT csv);
\copy (SELECT n FROM generate_series(1, 3) n) TO STDOUT
LISTEN a;
UNLISTEN *;
SELECT pg_try_advisory_lock(7), pg_advisory_unlock(7);
SELECT query_to_xml('SELECT 1 AS one', true, true, '');
SELECT count(*) >= 0 FROM pg_ls_waldir();
BEGIN;
LOCK TABLE pg_catalog.pg_am IN ACCESS SHARE MODE;
ROLLBACK;
SELECT 1 \; SELECT 2 \; SELECT 3;
SELECT 1 \; COMMIT;
ROLLBACK \; SELECT 4;
SET ROLE pg_monitor;
RESET ROLE;
DISCARD ALL;
SHOW transaction_read_only;
RESET ALL;
SELECT 'read write' AS text, $$SET default_transaction_read_only = off$$ AS quoted;
