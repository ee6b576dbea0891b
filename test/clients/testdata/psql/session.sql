\set VERBOSITY verbose
SELECT 1/0;
SELECT * FROM nowhere;
\errverbose
BEGIN;
UPDATE products SET price = 1 WHERE id = 1 RETURNING name;
SAVEPOINT s;
INSERT INTO categories VALUES (1, 'again');
ROLLBACK TO s;
COMMIT;
SELECT id, name FROM categories WHERE id < 4 ORDER BY id \gset first_
SELECT format('SELECT %s AS n', g) FROM generate_series(1, 3) g \gexec
SELECT name, price, tags FROM products ORDER BY id LIMIT 3 \gx
SELECT category, id % 3 AS third, count(*) FROM products WHERE category < 4 GROUP BY 1, 2 ORDER BY 1, 2 \crosstabview
PREPARE by_id (int) AS SELECT name FROM products WHERE id = $1;
EXECUTE by_id(7);
EXPLAIN (COSTS OFF) SELECT * FROM products WHERE id = 7;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) DELETE FROM products WHERE id = 8;
DEALLOCATE by_id;
\set FETCH_COUNT 100
SELECT id FROM products ORDER BY id LIMIT 350;
\unset FETCH_COUNT
LISTEN news;
SELECT pg_notify('news', 'to myself') IS NOT NULL;
\lo_import shop.sql
\lo_export 70001 exported.bin
SELECT length(lo_get(70001));
\lo_unlink 70001
SELECT $$it's; a -- dollar /* quote */$$, E'\'', U&'d\0061t';
DO $$ BEGIN RAISE NOTICE 'a notice'; END $$;
SET work_mem = '9MB';
SHOW work_mem;
\c
SHOW work_mem;
\gdesc
SELECT 1 AS one, 'x'::text AS two \gdesc
VALUES (1), (2) \; SELECT 3;
SELECT 1 \; SELECT 1/0 \; SELECT 2;
TABLE dear_products LIMIT 2;
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM products ORDER BY id;
FETCH 3 FROM c;
CLOSE c;
VACUUM categories;
CREATE INDEX CONCURRENTLY ON orders_2024 (id);
TRUNCATE product_counts;
DROP TABLE orders_2025;
\d orders
