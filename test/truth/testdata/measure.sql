-- What a transaction did so far. The functions belong to the superuser and see
-- everything, whatever role a script has put on.
CREATE SCHEMA truth;
GRANT USAGE ON SCHEMA truth TO PUBLIC;

-- truth.touched() counts the rows that were inserted, and those that were updated or
-- deleted, for the tables that the session holds a lock on and for the catalogs.
CREATE FUNCTION truth.touched() RETURNS TABLE (kind text, id oid, name text, inserted bigint, gone bigint, filenode oid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT 'table', c.oid, c.oid::regclass::text, pg_stat_get_xact_tuples_inserted(c.oid),
    pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid), c.relfilenode
  FROM pg_class c
  WHERE c.oid IN (SELECT relation FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation >= 16384)
    AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
  UNION ALL
  SELECT 'catalog', c.oid, c.relname, pg_stat_get_xact_tuples_inserted(c.oid),
    pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid), 0
  FROM pg_class c WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'
    AND pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid) > 0
$$;

-- truth.held() lists what a catalog holds, without what is temporary or made by the
-- server for itself. What is renewed keeps its name and not its key: ALTER TYPE makes
-- indexes, constraints and statistics anew.
CREATE FUNCTION truth.held(catalog text) RETURNS TABLE (key text, name text, renewed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  CASE catalog
  WHEN 'pg_class' THEN RETURN QUERY
    SELECT 'relation ' || oid, CASE relkind WHEN 'i' THEN 'index ' WHEN 'I' THEN 'index ' WHEN 'v' THEN 'view ' WHEN 'S' THEN 'sequence ' ELSE 'table ' END || oid::regclass, relkind IN ('i', 'I')
    FROM pg_class WHERE oid >= 16384 AND relpersistence <> 't' AND relkind <> 't' AND relnamespace <> 'pg_toast'::regnamespace;
  WHEN 'pg_attribute' THEN RETURN QUERY
    SELECT 'column ' || attrelid || '.' || attnum, 'column ' || attname || ' of ' || attrelid::regclass, false
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE attnum > 0 AND NOT attisdropped AND attrelid >= 16384 AND relkind IN ('r', 'p', 'f', 'c', 'v', 'm') AND relpersistence <> 't';
  WHEN 'pg_type' THEN RETURN QUERY
    SELECT 'type ' || oid, 'type ' || typname, false FROM pg_type WHERE oid >= 16384 AND typrelid = 0 AND typelem = 0
      AND typnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg_temp%');
  WHEN 'pg_constraint' THEN RETURN QUERY
    SELECT 'constraint ' || k.oid, 'constraint ' || conname || ' of ' || CASE WHEN conrelid = 0 THEN contypid::regtype::text ELSE conrelid::regclass::text END, true
    FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = conrelid
    WHERE k.oid >= 16384 AND coalesce(relpersistence, 'p') <> 't' AND contype NOT IN ('t', 'n');
  WHEN 'pg_trigger' THEN RETURN QUERY
    SELECT 'trigger ' || t.oid, 'trigger ' || tgname || ' of ' || tgrelid::regclass, true
    FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND relpersistence <> 't';
  WHEN 'pg_rewrite' THEN RETURN QUERY
    SELECT 'rule ' || r.oid, 'rule ' || rulename || ' of ' || ev_class::regclass, true FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
    WHERE r.oid >= 16384 AND rulename <> '_RETURN' AND relpersistence <> 't';
  WHEN 'pg_inherits' THEN RETURN QUERY
    SELECT 'child ' || inhrelid || ' of ' || inhparent, 'child ' || inhrelid::regclass || ' of ' || inhparent::regclass, false
    FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE relkind IN ('r', 'p', 'f') AND relpersistence <> 't';
  WHEN 'pg_largeobject', 'pg_largeobject_metadata' THEN RETURN QUERY
    SELECT 'large object ' || m.oid || ' ' || md5(coalesce(string_agg(l.data, '' ORDER BY l.pageno), '')), 'large object ' || m.oid, false
    FROM pg_largeobject_metadata m LEFT JOIN pg_largeobject l ON l.loid = m.oid GROUP BY m.oid;
  WHEN 'pg_db_role_setting' THEN RETURN QUERY
    SELECT 'setting ' || s || ' of ' || setrole || ' in ' || setdatabase, 'setting ' || s, false FROM pg_db_role_setting, unnest(setconfig) s;
  WHEN 'pg_proc' THEN RETURN QUERY
    SELECT 'routine ' || oid, 'routine ' || proname, false FROM pg_proc WHERE oid >= 16384
      AND pronamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg_temp%');
  WHEN 'pg_statistic_ext' THEN RETURN QUERY
    SELECT 'statistics ' || oid, 'statistics ' || stxname || ' of ' || stxrelid::regclass, true FROM pg_statistic_ext;
  WHEN 'pg_namespace' THEN RETURN QUERY
    SELECT 'schema ' || oid, 'schema ' || nspname, false FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast)';
  WHEN 'pg_am', 'pg_cast', 'pg_collation', 'pg_conversion', 'pg_event_trigger', 'pg_extension', 'pg_foreign_data_wrapper',
    'pg_foreign_server', 'pg_language', 'pg_opclass', 'pg_operator', 'pg_opfamily', 'pg_policy', 'pg_publication',
    'pg_publication_rel', 'pg_publication_namespace', 'pg_subscription', 'pg_tablespace', 'pg_transform',
    'pg_ts_config', 'pg_ts_dict', 'pg_ts_parser', 'pg_ts_template', 'pg_user_mapping', 'pg_authid', 'pg_database' THEN
    RETURN QUERY EXECUTE format('SELECT %L || oid, %L::text, false FROM %I WHERE oid >= 16384', catalog, 'an entry of ' || catalog, catalog);
  ELSE -- holds nothing that could be missed
  END CASE;
END $$;

-- truth.rows() counts the rows of a table, without its children.
CREATE FUNCTION truth.rows(id oid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE n bigint;
BEGIN
  EXECUTE 'SELECT count(*) FROM ONLY ' || id::regclass INTO n;
  RETURN n;
END $$;
