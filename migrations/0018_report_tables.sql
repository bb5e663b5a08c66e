-- Who loads makes the tables of reports that only their vendor describes, and for that it had the right to make anything in the
-- schemas of the data: also to drop a table with the views on it, and to put a view of the same name there that does something else
-- with the rights of whoever reads it. Now it asks for a table, and has that right no more (edgeledger migrate takes it away).

CREATE FUNCTION ledger.make_report_table(
  schema_name text, table_name text, column_names text[], column_types text[], key_columns text[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  full_name text := format('%I.%I', schema_name, table_name);
  columns text;
  keys text;
BEGIN
  IF schema_name NOT IN ('imgix', 'akamai') OR table_name !~ '^[a-z][a-z0-9_]{0,62}$' THEN
    RAISE EXCEPTION 'A report has no table %: it would be in imgix or akamai, and of small letters, digits and _.', full_name
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  -- an expression in place of a type would run with the rights of the owner
  IF EXISTS (
    SELECT FROM unnest(column_types) AS wanted
    WHERE NOT EXISTS (
      SELECT FROM pg_type
      WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' AND format_type(oid, NULL) = wanted)
  ) THEN
    RAISE EXCEPTION 'The table % would have a column of another type than Postgres''s own.', full_name
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  -- grants on a schema and edgeledger migrate, which makes the same ones, one after the other
  PERFORM pg_advisory_xact_lock(hashtextextended('edgeledger.migrate', 0));
  IF to_regclass(full_name) IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT string_agg(format('%I %s%s, ', name, type,
      CASE WHEN name <> ALL (key_columns) THEN '' WHEN type = 'text' THEN ' NOT NULL DEFAULT ''''' ELSE ' NOT NULL' END), ''
      ORDER BY place)
    INTO columns FROM unnest(column_names, column_types) WITH ORDINALITY AS wanted (name, type, place);
  SELECT string_agg(format(', %I', name), '' ORDER BY place)
    INTO keys FROM unnest(key_columns) WITH ORDINALITY AS wanted (name, place);
  EXECUTE format(
    'CREATE TABLE %s (account text NOT NULL, report_key text NOT NULL, period_start timestamptz NOT NULL,
       period_end timestamptz NOT NULL, %s load_id bigint NOT NULL, PRIMARY KEY (account, report_key, period_start%s))',
    full_name, columns, keys);
  IF to_regrole('edgeledger_reader') IS NOT NULL THEN
    EXECUTE format('GRANT SELECT ON %s TO edgeledger_reader', full_name);
  END IF;
  -- where roles were never assigned, whoever loads is the owner
  IF pg_has_role(to_regrole('edgeledger_loader'), 'MEMBER') THEN
    -- an owner must be able to make such a table where it is; nobody sees that it may
    EXECUTE format('GRANT CREATE ON SCHEMA %I TO edgeledger_loader', schema_name);
    EXECUTE format('ALTER TABLE %s OWNER TO edgeledger_loader', full_name);
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM edgeledger_loader', schema_name);
  END IF;
END
$$;

COMMENT ON FUNCTION ledger.make_report_table(text, text, text[], text[], text[]) IS
  'Makes the data table of a report that only its vendor describes, unless it is there, and hands it over to edgeledger_loader. For that role alone: it runs with the rights of the owner.';
REVOKE EXECUTE ON FUNCTION ledger.make_report_table(text, text, text[], text[], text[]) FROM PUBLIC;
