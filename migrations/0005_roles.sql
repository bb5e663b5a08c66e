-- edgeledger_reader may SELECT the data and the ledger, and nothing else: nothing in staging, and no write anywhere.
-- Roles belong to the whole server, so it may be there already, and the user of this database may not be allowed to
-- make one. Then nothing is granted; an administrator can create it and run the GRANTs below again.

DO $$
DECLARE
  may_create_roles boolean;
  data_schema text;
BEGIN
  SELECT rolsuper OR rolcreaterole INTO may_create_roles FROM pg_roles WHERE rolname = current_user;

  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'edgeledger_reader') THEN
    IF NOT may_create_roles THEN
      RAISE NOTICE 'Role edgeledger_reader is missing and % may not create roles: nothing was granted.', current_user;
      RETURN;
    END IF;
    BEGIN
      CREATE ROLE edgeledger_reader NOLOGIN;
      COMMENT ON ROLE edgeledger_reader IS 'May read the data and the ledger of edgeledger, and nothing else.';
    EXCEPTION
      -- another database of this server was migrated at the same moment
      WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END IF;

  FOREACH data_schema IN ARRAY ARRAY['imgix', 'akamai', 'ledger'] LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO edgeledger_reader', data_schema);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO edgeledger_reader', data_schema);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO edgeledger_reader', data_schema);
  END LOOP;
END
$$;
