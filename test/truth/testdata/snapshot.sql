-- truth.snapshot() tells what there is, as kind, key and value. It belongs to the
-- superuser and sees everything, whatever the case did to its own session.
CREATE SCHEMA truth;
CREATE TABLE truth.columns AS
SELECT a.attrelid, a.attnum FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attnum > 0 AND c.oid >= 16384 AND c.relkind = 'r' AND c.relnamespace <> 'truth'::regnamespace;
CREATE TABLE truth.catalogs AS
SELECT c.oid, c.relname FROM pg_class c
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'oid')
  -- A default, a label of an enum, a NOT NULL of version 18 and what belongs to the server as a whole are no objects
  -- in this sense; databases are listed below.
  AND c.relname NOT IN ('pg_attrdef', 'pg_enum', 'pg_database', 'pg_class', 'pg_constraint', 'pg_type');

CREATE FUNCTION truth.snapshot(described boolean) RETURNS TABLE (kind text, key text, value text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE t record;
BEGIN
  FOR t IN
    SELECT a.attrelid, string_agg(quote_ident(a.attname) || '::text', ', ' ORDER BY a.attnum) AS columns,
      a.attrelid::regclass::text AS name
    FROM truth.columns k JOIN pg_attribute a USING (attrelid, attnum) WHERE NOT a.attisdropped GROUP BY a.attrelid
  LOOP
    RETURN QUERY EXECUTE format(
      'SELECT ''rows'', %L, concat_ws('' '', %L, string_agg(hashtextextended(ROW(%s)::text, 0)::text, '' '')) FROM ONLY %s',
      t.attrelid, t.name, t.columns, t.name);
  END LOOP;
  RETURN QUERY SELECT 'column', format('%s.%s', attrelid, attnum),
      CASE WHEN described THEN pg_describe_object('pg_class'::regclass, attrelid, attnum) END
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE attnum > 0 AND NOT attisdropped AND attrelid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND relpersistence <> 't';
  FOR t IN SELECT * FROM truth.catalogs LOOP
    RETURN QUERY EXECUTE format(
      'SELECT ''object'', ''%s/'' || oid, CASE WHEN $1 THEN pg_describe_object(%s, oid, 0) END FROM %I WHERE oid >= 16384',
      t.relname, t.oid, t.relname) USING described;
  END LOOP;
  RETURN QUERY SELECT 'object', 'pg_class/' || oid, CASE WHEN described THEN pg_describe_object('pg_class'::regclass, oid, 0) END
    FROM pg_class WHERE oid >= 16384 AND relpersistence <> 't' AND relnamespace <> 'pg_toast'::regnamespace;
  RETURN QUERY SELECT 'object', 'pg_type/' || t2.oid, CASE WHEN described THEN pg_describe_object('pg_type'::regclass, t2.oid, 0) END
    FROM pg_type t2 WHERE t2.oid >= 16384 AND t2.typnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_(toast|temp)');
  RETURN QUERY SELECT 'object', 'pg_constraint/' || oid, CASE WHEN described THEN pg_describe_object('pg_constraint'::regclass, oid, 0) END
    FROM pg_constraint WHERE oid >= 16384 AND contype <> 'n'
      AND connamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg_temp%');
  RETURN QUERY SELECT 'object', 'pg_inherits/' || inhrelid || '/' || inhparent, format('%s of %s', inhrelid::regclass, inhparent::regclass)
    FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE c.relkind IN ('r', 'p');
  RETURN QUERY SELECT 'database', oid::text, datname::text FROM pg_database
    WHERE datname = 'legacy' AND current_database() = 'shop_copy';
  RETURN QUERY SELECT 'object', 'slot/' || slot_name, 'replication slot ' || slot_name FROM pg_replication_slots;
  FOR t IN SELECT c.oid, c.oid::regclass::text AS name FROM pg_class c WHERE c.relkind = 'S' AND c.oid >= 16384 AND c.relpersistence <> 't' LOOP
    RETURN QUERY EXECUTE format('SELECT ''sequence'', %L, (last_value::numeric + is_called::int)::text FROM %s', t.name, t.name);
  END LOOP;
  RETURN QUERY SELECT 'large object', m.oid::text, md5(coalesce(string_agg(l.data, '' ORDER BY l.pageno), ''))
    FROM pg_largeobject_metadata m LEFT JOIN pg_largeobject l ON l.loid = m.oid GROUP BY m.oid;
  RETURN QUERY SELECT 'setting', format('%s for role %s in database %s', split_part(s, '=', 1), setrole, setdatabase), s
    FROM pg_db_role_setting, unnest(setconfig) s
    WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()));
  RETURN QUERY SELECT 'setting', f.name, f.setting FROM pg_file_settings f WHERE f.sourcefile LIKE '%postgresql.auto.conf';
  RETURN QUERY SELECT 'lock', l.relation::regclass::text, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
      AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND c.oid IN (SELECT attrelid FROM truth.columns);
END $$;
GRANT USAGE ON SCHEMA truth TO PUBLIC;
