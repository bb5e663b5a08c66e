import type { UnitState } from '@edgeledger/core';
import type { Generated, GeneratedAlways } from 'kysely';
import type { AlertsTable } from './alerts/alerts-schema.ts';
import type { ActionsTable } from './schema-actions.ts';
import type {
  RateBudgetsTable,
  RatePlacesTable,
  StagedLoadsTable,
  StagedPartsTable,
  StagedRejectsTable,
} from './schema-staging.ts';
import type {
  BigIntText,
  DefaultBigIntText,
  DefaultInstant,
  Instant,
  Json,
  NullableBigIntText,
} from './schema-types.ts';

/*
 * One interface for each table and view of the ledger. A test compares them with the live catalog both ways. Data tables are not here: their columns come from reports and may grow at any time.
 * `bigint` and `numeric` come from the driver as text.
 */

export type LoadOutcome =
  | 'running'
  | 'published'
  | 'unchanged'
  | 'held'
  | 'failed'
  | 'abandoned'
  | 'superseded';

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
  held_fingerprint: string | null;
  held_revision: string | null;
  held_rows: NullableBigIntText;
  held_at: Instant | null;
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
  /** Hash of the accepted rows and their columns; absent in loads from before it was kept. */
  readonly fingerprint?: string;
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
  vendor_report_id: string | null;
  revision: string | null;
  error_code: string | null;
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

export interface DatasetsTable {
  account: string;
  dataset: string;
  accumulation: string;
  updated_at: DefaultInstant;
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

/** A PostgreSQL `interval` comes as an object of its parts. */
type Duration = object;

/** A load that changed or removed rows that were visible before. */
export interface RowRevisionsView {
  account: string;
  dataset: string;
  report_key: string;
  period_start: Instant;
  load_id: string;
  revised_at: Instant | null;
  rows_updated: string;
  rows_deleted: string;
  rows_inserted: string;
  age: Duration | null;
}

/** One row for each time a vendor issued a loaded report again. */
export interface RevisionsView {
  account: string;
  dataset: string;
  report_key: string;
  period_start: Instant;
  load_id: string;
  previous_load_id: string;
  read_at: Instant;
  outcome: LoadOutcome;
  vendor_report_id: string | null;
  rows: string;
  previous_rows: string;
}

/** A loaded report and the one before it in its month. */
export interface ReportStepsView {
  account: string;
  dataset: string;
  report_key: string;
  period_start: Instant;
  /** `YYYY-MM-DD`, as is `month`. */
  day: string;
  month: string;
  accumulation: string;
  is_first_of_month: boolean;
  is_latest_of_month: boolean;
  previous_report_key: string | null;
  days_covered: number;
}

export interface WarehouseSchema {
  'ledger.migrations': MigrationsTable;
  'ledger.units': UnitsTable;
  'ledger.loads': LoadsTable;
  'ledger.rejects': RejectsTable;
  'ledger.findings': FindingsTable;
  'ledger.schema_changes': SchemaChangesTable;
  'ledger.actions': ActionsTable;
  'ledger.alerts': AlertsTable;
  'ledger.datasets': DatasetsTable;
  'ledger.coverage': CoverageView;
  'ledger.gaps': GapsView;
  'ledger.freshness': FreshnessView;
  'ledger.revisions': RevisionsView;
  'ledger.report_steps': ReportStepsView;
  'ledger.row_revisions': RowRevisionsView;
  'staging.loads': StagedLoadsTable;
  'staging.parts': StagedPartsTable;
  'staging.rejects': StagedRejectsTable;
  'staging.rate_budgets': RateBudgetsTable;
  'staging.rate_places': RatePlacesTable;
}
