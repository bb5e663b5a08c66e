import type { UnitState } from '@edgeledger/core';
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

/*
 * One interface for each table and view of the ledger. A test compares them with the live catalog in both
 * directions. Data tables are not here: their columns come from reports and may grow at any time.
 * `bigint` and `numeric` come from the driver as text.
 */

type Instant = Date;
/** Has a default, so it need not be given. */
type DefaultInstant = ColumnType<Date, Date | undefined, Date>;
/** `bigint`, read as text, written as either. */
type BigIntText = ColumnType<string, string | number, string | number>;
type NullableBigIntText = ColumnType<
  string | null,
  string | number | null | undefined,
  string | number | null
>;
type DefaultBigIntText = ColumnType<string, string | number | undefined, string | number>;
type Json<Value> = ColumnType<Value, string | undefined, string>;

export type LoadOutcome = 'running' | 'published' | 'unchanged' | 'failed' | 'abandoned' | 'superseded';

export interface MigrationsTable {
  version: number;
  name: string;
  checksum: string;
  applied_at: DefaultInstant;
}

export interface UnitsTable {
  unit_id: GeneratedAlways<string>;
  account: string;
  dataset: string;
  report_key: string;
  period_start: Instant;
  period_end: Instant;
  state: Generated<UnitState>;
  vendor_report_id: string | null;
  parts: number | null;
  rows: NullableBigIntText;
  rejects: NullableBigIntText;
  bytes: NullableBigIntText;
  fingerprint: string | null;
  attempts: Generated<number>;
  error_code: string | null;
  error_message: string | null;
  first_seen_at: DefaultInstant;
  available_at: Instant | null;
  loaded_at: Instant | null;
  settled_at: Instant | null;
  expires_at: Instant | null;
  load_id: NullableBigIntText;
  revision: string | null;
  next_check_at: Instant | null;
  pruned_at: Instant | null;
}

/** One element of `ledger.loads.parts`. */
export interface LoadPart {
  readonly part: number;
  readonly name: string;
  readonly rows: number;
  readonly rejects: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface LoadsTable {
  load_id: GeneratedAlways<string>;
  unit_id: BigIntText;
  started_at: DefaultInstant;
  finished_at: Instant | null;
  outcome: Generated<LoadOutcome>;
  rows_inserted: DefaultBigIntText;
  rows_updated: DefaultBigIntText;
  rows_unchanged: DefaultBigIntText;
  rows_deleted: DefaultBigIntText;
  rejects: DefaultBigIntText;
  bytes: DefaultBigIntText;
  parts: Json<readonly LoadPart[]>;
  worker: string | null;
  version: string | null;
}

export interface RejectsTable {
  reject_id: GeneratedAlways<string>;
  load_id: BigIntText;
  account: string;
  dataset: string;
  report_key: string;
  part: number;
  line: BigIntText;
  column_name: string | null;
  code: string;
  message: string;
  raw: string;
}

export interface FindingsTable {
  finding_id: GeneratedAlways<string>;
  account: string;
  dataset: string;
  report_key: string;
  kind: string;
  message: string;
  details: Json<Readonly<Record<string, unknown>>>;
  created_at: DefaultInstant;
  resolved_at: Instant | null;
}

export interface SchemaChangesTable {
  dataset: string;
  column_name: string;
  header: string;
  action: string;
  type: string;
  report_key: string;
  created_at: DefaultInstant;
}

/** Views have no NOT NULL in the catalog; here stands what they really give. */
export interface CoverageView {
  account: string;
  dataset: string;
  /** `YYYY-MM-DD`. */
  day: string;
  units: string;
  expected: string;
  waiting: string;
  loading: string;
  loaded: string;
  failed: string;
  lost: string;
  held: string;
  state: UnitState;
  rows: string;
  rejects: string;
  loaded_at: Instant | null;
}

export interface GapsView {
  account: string;
  dataset: string;
  report_key: string;
  period_start: Instant;
  period_end: Instant;
  state: UnitState;
  error_code: string | null;
  error_message: string | null;
  expires_at: Instant | null;
  days_left: string | null;
}

export interface FreshnessView {
  account: string;
  dataset: string;
  complete_through: Instant | null;
  newest_loaded_at: Instant | null;
  settled_through: Instant | null;
  gaps: string;
}

export interface StagedLoadsTable {
  load_id: BigIntText;
  previous_state: string;
  touched_at: DefaultInstant;
}

export interface StagedPartsTable {
  load_id: BigIntText;
  part_no: number;
  name: string;
  header: ColumnType<readonly string[], string, string>;
  columns: ColumnType<readonly string[], string, string>;
  rows: BigIntText;
  rejects: BigIntText;
  bytes: BigIntText;
  sha256: string;
  fingerprint: string;
}

export interface StagedRejectsTable {
  load_id: BigIntText;
  part_no: number;
  line: BigIntText;
  column_name: string | null;
  code: string;
  message: string;
  raw: string;
}

export interface WarehouseSchema {
  'ledger.migrations': MigrationsTable;
  'ledger.units': UnitsTable;
  'ledger.loads': LoadsTable;
  'ledger.rejects': RejectsTable;
  'ledger.findings': FindingsTable;
  'ledger.schema_changes': SchemaChangesTable;
  'ledger.coverage': CoverageView;
  'ledger.gaps': GapsView;
  'ledger.freshness': FreshnessView;
  'staging.loads': StagedLoadsTable;
  'staging.parts': StagedPartsTable;
  'staging.rejects': StagedRejectsTable;
}
