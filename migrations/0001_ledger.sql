-- The ledger: which unit is in the warehouse, which is not yet, which is lost, and why.
-- The runner has already made schema ledger and ledger.migrations, because it has to look there first.

CREATE SCHEMA imgix;
CREATE SCHEMA akamai;
CREATE SCHEMA staging;

COMMENT ON SCHEMA imgix IS 'Data of imgix reports, one table per report type.';
COMMENT ON SCHEMA akamai IS 'Data of Akamai reports, one table per dataset.';
COMMENT ON SCHEMA ledger IS 'Bookkeeping: which unit is loaded, which is not yet, which is lost, and why.';
COMMENT ON SCHEMA staging IS 'Rows that are being loaded and that no reader may see yet. Nothing here is worth a backup.';

COMMENT ON TABLE ledger.migrations IS 'Migrations that were applied to this database.';
COMMENT ON COLUMN ledger.migrations.version IS 'Number in front of the file name.';
COMMENT ON COLUMN ledger.migrations.name IS 'File name without its ending.';
COMMENT ON COLUMN ledger.migrations.checksum IS 'SHA-256 of the file, hex. A landed file never changes.';
COMMENT ON COLUMN ledger.migrations.applied_at IS 'When it was applied.';

CREATE TABLE ledger.units (
  unit_id bigint GENERATED ALWAYS AS IDENTITY,
  account text NOT NULL,
  dataset text NOT NULL,
  report_key text NOT NULL,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'expected',
  vendor_report_id text,
  parts integer,
  rows bigint,
  rejects bigint,
  bytes bigint,
  fingerprint text,
  attempts integer NOT NULL DEFAULT 0,
  error_code text,
  error_message text,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  available_at timestamptz,
  loaded_at timestamptz,
  settled_at timestamptz,
  expires_at timestamptz,
  load_id bigint,
  revision text,
  next_check_at timestamptz,
  CONSTRAINT units_unit_id_pkey PRIMARY KEY (unit_id),
  CONSTRAINT units_account_dataset_report_key_key UNIQUE (account, dataset, report_key),
  CONSTRAINT units_state_check
    CHECK (state IN ('expected', 'waiting', 'loading', 'loaded', 'failed', 'lost', 'held')),
  CONSTRAINT units_period_start_period_end_check CHECK (period_start < period_end)
);

CREATE INDEX units_account_dataset_period_start_idx ON ledger.units (account, dataset, period_start);
CREATE INDEX units_dataset_period_start_gap_idx ON ledger.units (dataset, period_start)
  WHERE state NOT IN ('loaded', 'held');
CREATE INDEX units_next_check_at_idx ON ledger.units (next_check_at) WHERE next_check_at IS NOT NULL;

COMMENT ON TABLE ledger.units IS
  'One row per unit of work and of trust: one dataset of one source for one period. Counts are of the load that is visible now.';
COMMENT ON COLUMN ledger.units.unit_id IS 'Our number of the unit.';
COMMENT ON COLUMN ledger.units.account IS 'Account name of the source, as configured.';
COMMENT ON COLUMN ledger.units.dataset IS 'Schema and table the rows are in, for example imgix.cdn_logs.';
COMMENT ON COLUMN ledger.units.report_key IS
  'The vendor''s key of the report (cdn_logs_20261120), or report, stream and window (endpoint-usage-by-time_default_20261120).';
COMMENT ON COLUMN ledger.units.period_start IS 'Start of the covered period, UTC, inclusive.';
COMMENT ON COLUMN ledger.units.period_end IS 'End of the covered period, UTC, exclusive.';
COMMENT ON COLUMN ledger.units.state IS
  'expected: should exist. waiting: the vendor does not have it yet. loading: being read for the first time. loaded: its rows are visible. failed: the last attempt failed and nothing is visible. lost: the vendor no longer keeps it. held: loaded, a revision is kept back.';
COMMENT ON COLUMN ledger.units.vendor_report_id IS 'The vendor''s own id of the report, when it has one.';
COMMENT ON COLUMN ledger.units.parts IS 'Files or sub-windows it was read from.';
COMMENT ON COLUMN ledger.units.rows IS 'Rows that are visible.';
COMMENT ON COLUMN ledger.units.rejects IS 'Records that could not be accepted; see ledger.rejects.';
COMMENT ON COLUMN ledger.units.bytes IS 'Bytes received from the vendor, compressed if they came so.';
COMMENT ON COLUMN ledger.units.fingerprint IS 'Hash of the accepted rows and their columns: equal content, equal fingerprint.';
COMMENT ON COLUMN ledger.units.attempts IS 'Attempts since it was last loaded without an error; the loading one included.';
COMMENT ON COLUMN ledger.units.error_code IS 'Code of the last error; NULL after a success.';
COMMENT ON COLUMN ledger.units.error_message IS 'What went wrong last, or why it is not there yet.';
COMMENT ON COLUMN ledger.units.first_seen_at IS 'When it was first expected.';
COMMENT ON COLUMN ledger.units.available_at IS 'Since when the vendor has had the whole report, as far as we saw.';
COMMENT ON COLUMN ledger.units.loaded_at IS 'When the rows that are visible now were published.';
COMMENT ON COLUMN ledger.units.settled_at IS 'Since when it is certain that the vendor will not change it any more; NULL: provisional.';
COMMENT ON COLUMN ledger.units.expires_at IS 'When the vendor drops it.';
COMMENT ON COLUMN ledger.units.load_id IS 'The load that wrote the rows that are visible now.';
COMMENT ON COLUMN ledger.units.revision IS 'What changes when the vendor re-issues the report, of the visible load. Holds no signed URL.';
COMMENT ON COLUMN ledger.units.next_check_at IS 'Not to be looked at before this instant; NULL when nothing is due.';

CREATE TABLE ledger.loads (
  load_id bigint GENERATED ALWAYS AS IDENTITY,
  unit_id bigint NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  outcome text NOT NULL DEFAULT 'running',
  rows_inserted bigint NOT NULL DEFAULT 0,
  rows_updated bigint NOT NULL DEFAULT 0,
  rows_unchanged bigint NOT NULL DEFAULT 0,
  rows_deleted bigint NOT NULL DEFAULT 0,
  rejects bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  parts jsonb NOT NULL DEFAULT '[]',
  worker text,
  version text,
  CONSTRAINT loads_load_id_pkey PRIMARY KEY (load_id),
  CONSTRAINT loads_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES ledger.units (unit_id) ON DELETE CASCADE,
  CONSTRAINT loads_outcome_check
    CHECK (outcome IN ('running', 'published', 'unchanged', 'failed', 'abandoned', 'superseded'))
);

CREATE INDEX loads_unit_id_load_id_idx ON ledger.loads (unit_id, load_id);
CREATE INDEX loads_started_at_running_idx ON ledger.loads (started_at) WHERE outcome = 'running';

-- checked at commit: a unit and its load are written in the same transaction, the unit last
ALTER TABLE ledger.units ADD CONSTRAINT units_load_id_fkey
  FOREIGN KEY (load_id) REFERENCES ledger.loads (load_id) DEFERRABLE INITIALLY DEFERRED;

COMMENT ON TABLE ledger.loads IS 'Every attempt to bring a unit in.';
COMMENT ON COLUMN ledger.loads.load_id IS 'Number of the load; on every row it wrote. A later load has a higher number.';
COMMENT ON COLUMN ledger.loads.unit_id IS 'The unit it was for.';
COMMENT ON COLUMN ledger.loads.started_at IS 'When it began.';
COMMENT ON COLUMN ledger.loads.finished_at IS 'When it ended, however it ended; NULL while it runs.';
COMMENT ON COLUMN ledger.loads.outcome IS
  'running. published: its rows became visible. unchanged: the same content was visible already. failed. abandoned: nothing to read, or shut down. superseded: a newer load was published first.';
COMMENT ON COLUMN ledger.loads.rows_inserted IS 'Rows that were not there before.';
COMMENT ON COLUMN ledger.loads.rows_updated IS 'Rows with a changed value.';
COMMENT ON COLUMN ledger.loads.rows_unchanged IS 'Rows that were there already and were not touched.';
COMMENT ON COLUMN ledger.loads.rows_deleted IS 'Rows of an earlier load that the report no longer has.';
COMMENT ON COLUMN ledger.loads.rejects IS 'Records that could not be accepted.';
COMMENT ON COLUMN ledger.loads.bytes IS 'Bytes received from the vendor, compressed if they came so.';
COMMENT ON COLUMN ledger.loads.parts IS 'Per part: part, name, rows, rejects, bytes, sha256 (of the bytes as received).';
COMMENT ON COLUMN ledger.loads.worker IS 'Process that began it.';
COMMENT ON COLUMN ledger.loads.version IS 'Version of edgeledger that began it.';

CREATE TABLE ledger.rejects (
  reject_id bigint GENERATED ALWAYS AS IDENTITY,
  load_id bigint NOT NULL,
  account text NOT NULL,
  dataset text NOT NULL,
  report_key text NOT NULL,
  part integer NOT NULL,
  line bigint NOT NULL,
  column_name text,
  code text NOT NULL,
  message text NOT NULL,
  raw text NOT NULL,
  CONSTRAINT rejects_reject_id_pkey PRIMARY KEY (reject_id),
  CONSTRAINT rejects_load_id_fkey FOREIGN KEY (load_id) REFERENCES ledger.loads (load_id) ON DELETE CASCADE
);

CREATE INDEX rejects_load_id_idx ON ledger.rejects (load_id);
CREATE INDEX rejects_account_dataset_report_key_idx ON ledger.rejects (account, dataset, report_key);

COMMENT ON TABLE ledger.rejects IS
  'Records that could not be accepted, of the visible load of a unit and of its last failed one. At most 10,000 of one part are kept; the counts in ledger.units and ledger.loads are complete.';
COMMENT ON COLUMN ledger.rejects.reject_id IS 'Number of the reject.';
COMMENT ON COLUMN ledger.rejects.load_id IS 'The load that met it.';
COMMENT ON COLUMN ledger.rejects.account IS 'Account of the unit.';
COMMENT ON COLUMN ledger.rejects.dataset IS 'Dataset of the unit.';
COMMENT ON COLUMN ledger.rejects.report_key IS 'Report key of the unit.';
COMMENT ON COLUMN ledger.rejects.part IS 'Number of the part, as in the data table.';
COMMENT ON COLUMN ledger.rejects.line IS 'Physical line where the record starts; the header is line 1.';
COMMENT ON COLUMN ledger.rejects.column_name IS 'The column whose type refused the field, when one did.';
COMMENT ON COLUMN ledger.rejects.code IS 'What is wrong with it, for example type-mismatch or too-few-fields.';
COMMENT ON COLUMN ledger.rejects.message IS 'What is wrong with it, for a person.';
COMMENT ON COLUMN ledger.rejects.raw IS
  'The record as received, at most 64 KiB. A NUL byte, which Postgres cannot hold, is shown as U+2400.';

CREATE TABLE ledger.findings (
  finding_id bigint GENERATED ALWAYS AS IDENTITY,
  account text NOT NULL,
  dataset text NOT NULL,
  report_key text NOT NULL,
  kind text NOT NULL,
  message text NOT NULL,
  details jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  CONSTRAINT findings_finding_id_pkey PRIMARY KEY (finding_id)
);

CREATE INDEX findings_account_dataset_report_key_idx ON ledger.findings (account, dataset, report_key);
CREATE INDEX findings_created_at_open_idx ON ledger.findings (created_at) WHERE resolved_at IS NULL;

COMMENT ON TABLE ledger.findings IS 'Things a person should know that did not stop a load.';
COMMENT ON COLUMN ledger.findings.finding_id IS 'Number of the finding.';
COMMENT ON COLUMN ledger.findings.account IS 'Account of the unit.';
COMMENT ON COLUMN ledger.findings.dataset IS 'Dataset of the unit.';
COMMENT ON COLUMN ledger.findings.report_key IS 'Report key of the unit.';
COMMENT ON COLUMN ledger.findings.kind IS 'sum-mismatch, truncated, shrunk, late, lost, deprecated or clock-skew.';
COMMENT ON COLUMN ledger.findings.message IS 'What was found.';
COMMENT ON COLUMN ledger.findings.details IS 'The numbers behind the message.';
COMMENT ON COLUMN ledger.findings.created_at IS 'When it was first found.';
COMMENT ON COLUMN ledger.findings.resolved_at IS 'When a later load no longer found it; NULL while it is open.';

CREATE TABLE ledger.schema_changes (
  dataset text NOT NULL,
  column_name text NOT NULL,
  header text NOT NULL,
  action text NOT NULL,
  type text NOT NULL,
  report_key text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT schema_changes_action_check CHECK (action IN ('added'))
);

CREATE INDEX schema_changes_dataset_column_name_idx ON ledger.schema_changes (dataset, column_name);
CREATE INDEX schema_changes_created_at_idx ON ledger.schema_changes (created_at);

COMMENT ON TABLE ledger.schema_changes IS 'Columns that a report brought and that the data table did not have.';
COMMENT ON COLUMN ledger.schema_changes.dataset IS 'The data table.';
COMMENT ON COLUMN ledger.schema_changes.column_name IS 'The column as it is called in the table.';
COMMENT ON COLUMN ledger.schema_changes.header IS 'The header text it came from.';
COMMENT ON COLUMN ledger.schema_changes.action IS 'added.';
COMMENT ON COLUMN ledger.schema_changes.type IS 'Its Postgres type.';
COMMENT ON COLUMN ledger.schema_changes.report_key IS 'The report that brought it first.';
COMMENT ON COLUMN ledger.schema_changes.created_at IS 'When it was added.';

-- Staged rows themselves are in unlogged tables staging.load_<load id>_part_<part>, made and dropped by the loader.

CREATE TABLE staging.loads (
  load_id bigint NOT NULL,
  previous_state text NOT NULL,
  touched_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT loads_load_id_pkey PRIMARY KEY (load_id),
  CONSTRAINT loads_load_id_fkey FOREIGN KEY (load_id) REFERENCES ledger.loads (load_id) ON DELETE CASCADE
);

COMMENT ON TABLE staging.loads IS 'Loads that are running.';
COMMENT ON COLUMN staging.loads.load_id IS 'The load.';
COMMENT ON COLUMN staging.loads.previous_state IS 'State the unit had before the load began; it goes back there when the load is abandoned.';
COMMENT ON COLUMN staging.loads.touched_at IS 'When a worker last did something for it; leftovers of killed workers are known by it.';

CREATE TABLE staging.parts (
  load_id bigint NOT NULL,
  part_no integer NOT NULL,
  name text NOT NULL,
  header jsonb NOT NULL,
  columns jsonb NOT NULL,
  rows bigint NOT NULL,
  rejects bigint NOT NULL,
  bytes bigint NOT NULL,
  sha256 text NOT NULL,
  fingerprint text NOT NULL,
  CONSTRAINT parts_load_id_part_no_pkey PRIMARY KEY (load_id, part_no),
  CONSTRAINT parts_load_id_fkey FOREIGN KEY (load_id) REFERENCES ledger.loads (load_id) ON DELETE CASCADE
);

COMMENT ON TABLE staging.parts IS 'Parts that are staged. Logged, unlike the rows: so a crash that empties the unlogged tables is noticed.';
COMMENT ON COLUMN staging.parts.load_id IS 'The load.';
COMMENT ON COLUMN staging.parts.part_no IS 'Number of the part.';
COMMENT ON COLUMN staging.parts.name IS 'A URL path or a sub-window; never a signed URL.';
COMMENT ON COLUMN staging.parts.header IS 'The header as found.';
COMMENT ON COLUMN staging.parts.columns IS 'Names of the staged columns.';
COMMENT ON COLUMN staging.parts.rows IS 'Rows that were staged.';
COMMENT ON COLUMN staging.parts.rejects IS 'Records that could not be accepted.';
COMMENT ON COLUMN staging.parts.bytes IS 'Bytes as received.';
COMMENT ON COLUMN staging.parts.sha256 IS 'SHA-256 of the bytes as received, hex.';
COMMENT ON COLUMN staging.parts.fingerprint IS 'Hash of the accepted rows and their columns.';

CREATE TABLE staging.rejects (
  load_id bigint NOT NULL,
  part_no integer NOT NULL,
  line bigint NOT NULL,
  column_name text,
  code text NOT NULL,
  message text NOT NULL,
  raw text NOT NULL,
  CONSTRAINT rejects_load_id_fkey FOREIGN KEY (load_id) REFERENCES ledger.loads (load_id) ON DELETE CASCADE
);

CREATE INDEX rejects_load_id_part_no_idx ON staging.rejects (load_id, part_no);

COMMENT ON TABLE staging.rejects IS 'Rejects of running loads; they move to ledger.rejects when the load ends.';
COMMENT ON COLUMN staging.rejects.load_id IS 'The load.';
COMMENT ON COLUMN staging.rejects.part_no IS 'Number of the part.';
COMMENT ON COLUMN staging.rejects.line IS 'Physical line where the record starts; the header is line 1.';
COMMENT ON COLUMN staging.rejects.column_name IS 'The column whose type refused the field, when one did.';
COMMENT ON COLUMN staging.rejects.code IS 'What is wrong with it.';
COMMENT ON COLUMN staging.rejects.message IS 'What is wrong with it, for a person.';
COMMENT ON COLUMN staging.rejects.raw IS 'The record as received.';
