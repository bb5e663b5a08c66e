-- imgix.cdn_logs and imgix.image_analytics become partitioned: by UTC day of period_start, below it by account. So a query for some
-- days reads those days, and a report is swapped, or dropped when it is too old, without touching a row of another one.
-- The key starts with the row's place in the file instead of the account: within a partition account and report key hardly differ,
-- and comparing those texts made building the key four times as slow. Rows that are there move in. With more than about 1,500 days of data raise max_locks_per_transaction before: every
-- partition that is made holds locks until this file commits. Nobody may load meanwhile; stop the workers first.

CREATE SCHEMA partitions;
COMMENT ON SCHEMA partitions IS
  'Where the partitions of large data tables are: one table for each day, below it one for each account. Read them through their table.';

CREATE FUNCTION pg_temp.partition_by_day(old_table regclass, table_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  schema_name text := 'imgix';
  full_name text := format('%I.%I', schema_name, table_name);
  kept_name text := table_name || '_unpartitioned';
  key_name text := table_name || '_part_row_no_unit_pkey';
  table_comment text := obj_description(old_table, 'pg_class');
  columns text;
  piece record;
  found record;
  views text[] := '{}';
  grants text[];
BEGIN
  EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', full_name);

  -- views stay on the table they were made on, whatever its name: they are taken away and made again
  FOR piece IN
    WITH RECURSIVE users AS (
      SELECT DISTINCT rewrite.ev_class AS oid, 1 AS depth
      FROM pg_depend JOIN pg_rewrite rewrite ON rewrite.oid = pg_depend.objid
      WHERE pg_depend.classid = 'pg_rewrite'::regclass AND pg_depend.refobjid = old_table AND rewrite.ev_class <> old_table
      UNION
      SELECT rewrite.ev_class, users.depth + 1
      FROM users JOIN pg_depend ON pg_depend.refobjid = users.oid AND pg_depend.classid = 'pg_rewrite'::regclass
        JOIN pg_rewrite rewrite ON rewrite.oid = pg_depend.objid
      WHERE rewrite.ev_class <> users.oid
    )
    SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, max(depth) AS depth, c.reloptions, c.relowner,
      pg_get_viewdef(c.oid) AS definition, obj_description(c.oid, 'pg_class') AS comment
    FROM users JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'v'
    GROUP BY c.oid, n.nspname, c.relname ORDER BY max(depth)
  LOOP
    views := views || format('CREATE VIEW %s %s AS %s', piece.name,
      CASE WHEN piece.reloptions IS NULL THEN '' ELSE 'WITH (' || array_to_string(piece.reloptions, ', ') || ')' END,
      piece.definition);
    IF piece.comment IS NOT NULL THEN
      views := views || format('COMMENT ON VIEW %s IS %L', piece.name, piece.comment);
    END IF;
    FOR found IN
      SELECT attname, col_description(attrelid, attnum) AS comment FROM pg_attribute
      WHERE attrelid = piece.oid AND attnum > 0 AND col_description(attrelid, attnum) IS NOT NULL
    LOOP
      views := views || format('COMMENT ON COLUMN %s.%I IS %L', piece.name, found.attname, found.comment);
    END LOOP;
    FOR found IN
      SELECT privilege_type, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS grantee
      FROM pg_class c, aclexplode(c.relacl) WHERE c.oid = piece.oid AND grantee <> c.relowner
    LOOP
      views := views || format('GRANT %s ON %s TO %s', found.privilege_type, piece.name, found.grantee);
    END LOOP;
  END LOOP;
  FOR piece IN
    SELECT substring(command FROM '^CREATE VIEW (\S+)') AS name FROM unnest(views) WITH ORDINALITY AS made (command, place)
    WHERE command LIKE 'CREATE VIEW %' ORDER BY place DESC
  LOOP
    EXECUTE format('DROP VIEW %s', piece.name);
  END LOOP;

  SELECT coalesce(array_agg(format('GRANT %s ON %s TO %s', privilege_type, full_name,
      CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)), '{}')
    INTO grants FROM pg_class c, aclexplode(c.relacl) WHERE c.oid = old_table AND grantee <> c.relowner;
  EXECUTE format('ALTER TABLE %s RENAME TO %I', full_name, kept_name);
  EXECUTE format('CREATE TABLE %s (LIKE %I.%I INCLUDING COMMENTS INCLUDING DEFAULTS) PARTITION BY RANGE (period_start)',
    full_name, schema_name, kept_name);
  EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I PRIMARY KEY (part, row_no, account, report_key, period_start)',
    full_name, key_name);
  EXECUTE format('COMMENT ON TABLE %s IS %L', full_name, table_comment);
  FOR piece IN SELECT unnest(grants) AS command LOOP
    EXECUTE piece.command;
  END LOOP;

  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute WHERE attrelid = old_table AND attnum > 0 AND NOT attisdropped;
  FOR piece IN EXECUTE format(
    $days$SELECT DISTINCT (date_trunc('day', period_start AT TIME ZONE 'UTC'))::date AS day FROM %I.%I ORDER BY 1$days$,
    schema_name, kept_name)
  LOOP
    EXECUTE format('CREATE TABLE partitions.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L) PARTITION BY LIST (account)',
      table_name || to_char(piece.day, '_YYYYMMDD'), full_name,
      to_char(piece.day, 'YYYY-MM-DD 00:00:00+00'), to_char(piece.day + 1, 'YYYY-MM-DD 00:00:00+00'));
    FOR found IN EXECUTE format(
      'SELECT DISTINCT account FROM %I.%I WHERE period_start >= %L AND period_start < %L ORDER BY 1',
      schema_name, kept_name,
      to_char(piece.day, 'YYYY-MM-DD 00:00:00+00'), to_char(piece.day + 1, 'YYYY-MM-DD 00:00:00+00'))
    LOOP
      EXECUTE format('CREATE TABLE partitions.%I PARTITION OF partitions.%I FOR VALUES IN (%L)',
        table_name || to_char(piece.day, '_YYYYMMDD_') || substr(md5(found.account), 1, 12),
        table_name || to_char(piece.day, '_YYYYMMDD'), found.account);
    END LOOP;
  END LOOP;
  EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM %I.%I ORDER BY account, report_key, period_start, part, row_no',
    full_name, columns, columns, schema_name, kept_name);
  EXECUTE format('DROP TABLE %I.%I', schema_name, kept_name);
  FOR piece IN SELECT unnest(views) AS command LOOP
    EXECUTE piece.command;
  END LOOP;
END
$$;

SELECT pg_temp.partition_by_day('imgix.cdn_logs', 'cdn_logs');
SELECT pg_temp.partition_by_day('imgix.image_analytics', 'image_analytics');
DROP FUNCTION pg_temp.partition_by_day;
