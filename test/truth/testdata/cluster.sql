-- What all databases of the server share. Run before each case that cannot be
-- rolled back, it puts back what such a case took away.
DO $$
DECLARE missing text;
BEGIN
  FOR missing IN SELECT unnest('{shop_owner,shop_app,shop_reader,shop_intern}'::text[]) EXCEPT SELECT rolname FROM pg_roles LOOP
    EXECUTE format('CREATE ROLE %I', missing);
  END LOOP;
  IF NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'standby') THEN
    PERFORM pg_create_physical_replication_slot('standby');
  END IF;
END $$;
ALTER ROLE shop_app SET statement_timeout = '30s';
ALTER ROLE shop_reader SET default_transaction_read_only = on;
