-- Reports that the vendor issues again: what each load was of, and what is held back until it is confirmed.

ALTER TABLE ledger.units
  ADD COLUMN held_fingerprint text,
  ADD COLUMN held_revision text,
  ADD COLUMN held_rows bigint,
  ADD COLUMN held_at timestamptz;

COMMENT ON COLUMN ledger.units.held_fingerprint IS
  'Hash of the rows of a revision that is kept back; a later reading with the same hash confirms it. NULL unless held.';
COMMENT ON COLUMN ledger.units.held_revision IS 'Like revision, of the one that is kept back.';
COMMENT ON COLUMN ledger.units.held_rows IS 'Rows of the revision that is kept back.';
COMMENT ON COLUMN ledger.units.held_at IS 'When it was first read with this content.';

ALTER TABLE ledger.loads
  ADD COLUMN vendor_report_id text,
  ADD COLUMN revision text,
  ADD COLUMN error_code text;

COMMENT ON COLUMN ledger.loads.vendor_report_id IS 'The vendor''s own id of what was read, when it has one.';
COMMENT ON COLUMN ledger.loads.revision IS
  'Changes when the vendor issues a report again. NULL: not known, or the report has none. Holds no signed URL.';

COMMENT ON COLUMN ledger.loads.error_code IS 'Why it failed; NULL otherwise.';

ALTER TABLE ledger.loads DROP CONSTRAINT loads_outcome_check;
ALTER TABLE ledger.loads ADD CONSTRAINT loads_outcome_check
  CHECK (outcome IN ('running', 'published', 'unchanged', 'held', 'failed', 'abandoned', 'superseded'));

COMMENT ON COLUMN ledger.loads.outcome IS
  'running. published: its rows became visible. unchanged: the same content was visible already. held: much smaller than what is visible, kept back until confirmed. failed. abandoned: nothing to read, or shut down. superseded: a newer load was published first.';

ALTER TABLE ledger.schema_changes DROP CONSTRAINT schema_changes_action_check;
ALTER TABLE ledger.schema_changes ADD CONSTRAINT schema_changes_action_check
  CHECK (action IN ('added', 'renamed', 'retyped', 'dropped'));

COMMENT ON TABLE ledger.schema_changes IS
  'Columns that a report brought and that the data table did not have, and what the column mapping made of them since.';
COMMENT ON COLUMN ledger.schema_changes.header IS
  'added: the header text it came from. renamed: the name the column had before. Otherwise the column.';
COMMENT ON COLUMN ledger.schema_changes.action IS
  'added: a report brought it. renamed, retyped, dropped: the mapping in edgeledger.yaml was applied.';
COMMENT ON COLUMN ledger.schema_changes.type IS 'Its Postgres type from then on.';
COMMENT ON COLUMN ledger.schema_changes.report_key IS 'The report that brought it first; blank for what a person applied.';
COMMENT ON COLUMN ledger.schema_changes.created_at IS 'When it happened.';

CREATE VIEW ledger.revisions AS
WITH readings AS (
  SELECT
    load_id, unit_id, outcome, finished_at, vendor_report_id, revision, parts,
    lag(load_id) OVER earlier AS previous_load_id,
    lag(revision) OVER earlier AS previous_revision,
    lag(parts) OVER earlier AS previous_parts
  FROM ledger.loads
  WHERE outcome IN ('published', 'unchanged', 'held') AND revision IS NOT NULL
  WINDOW earlier AS (PARTITION BY unit_id ORDER BY load_id)
)
SELECT
  units.account,
  units.dataset,
  units.report_key,
  units.period_start,
  readings.load_id,
  readings.previous_load_id,
  readings.finished_at AS read_at,
  readings.outcome,
  readings.vendor_report_id,
  (SELECT coalesce(sum((part ->> 'rows')::bigint), 0)::bigint FROM jsonb_array_elements(readings.parts) AS part) AS rows,
  (SELECT coalesce(sum((part ->> 'rows')::bigint), 0)::bigint FROM jsonb_array_elements(readings.previous_parts) AS part)
    AS previous_rows
FROM readings
JOIN ledger.units USING (unit_id)
WHERE readings.revision IS DISTINCT FROM readings.previous_revision AND readings.previous_load_id IS NOT NULL;

COMMENT ON VIEW ledger.revisions IS 'Reports that the vendor issued again after they had been loaded, one row for each time.';
COMMENT ON COLUMN ledger.revisions.account IS 'Account name of the source.';
COMMENT ON COLUMN ledger.revisions.dataset IS 'Dataset, for example imgix.cdn_logs.';
COMMENT ON COLUMN ledger.revisions.report_key IS 'The unit''s report key.';
COMMENT ON COLUMN ledger.revisions.period_start IS 'Start of the covered period, UTC, inclusive.';
COMMENT ON COLUMN ledger.revisions.load_id IS 'The load that read the revision first.';
COMMENT ON COLUMN ledger.revisions.previous_load_id IS 'The load that had read the report before.';
COMMENT ON COLUMN ledger.revisions.read_at IS 'When the revision was read first.';
COMMENT ON COLUMN ledger.revisions.outcome IS
  'published: it replaced the earlier rows. unchanged: its rows are the same. held: it was kept back.';
COMMENT ON COLUMN ledger.revisions.vendor_report_id IS 'The vendor''s id of the revision.';
COMMENT ON COLUMN ledger.revisions.rows IS 'Rows of the revision.';
COMMENT ON COLUMN ledger.revisions.previous_rows IS 'Rows of what was read before.';
