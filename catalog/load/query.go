package load

// The tables of all schemas but the system's, with their estimates. reltuples is -1
// before the first ANALYZE, and of partitioned tables in general (documentation,
// pg_class); their partitions have the rows.
const tablesQuery = `
SELECT c.oid, n.nspname, c.relname, c.relkind = 'p', c.reltuples::pg_catalog.int8, c.relhasrules
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
  AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_toast%'`

// Unique indexes that keep any two rows apart at any time: valid, of columns alone, of
// every row, and checked at once.
const keysQuery = `
SELECT i.indrelid, ARRAY(
  SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::pg_catalog.int2[])[0:i.indnkeyatts - 1]))
FROM pg_catalog.pg_index i
WHERE i.indisunique AND i.indisvalid AND i.indisready AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL`

const parentsQuery = `SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits`

// Foreign keys; those that a partition has from its parent are the parent's.
const referencesQuery = `
SELECT conrelid, confrelid, confdeltype::pg_catalog.text FROM pg_catalog.pg_constraint
WHERE contype = 'f' AND (conparentid = 0 OR conrelid <> (SELECT p.conrelid FROM pg_catalog.pg_constraint p WHERE p.oid = pg_constraint.conparentid))`
