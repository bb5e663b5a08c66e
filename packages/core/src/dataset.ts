/** The column types data tables use, as Postgres names them. */
export const COLUMN_TYPES = [
  'text',
  'bigint',
  'integer',
  'numeric',
  'double precision',
  'timestamptz',
  'date',
  'boolean',
  'jsonb',
] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

export const VENDORS = ['imgix', 'akamai'] as const;
export type Vendor = (typeof VENDORS)[number];

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Other header names that mean this column, in order of preference, already normalized. */
  readonly aliases?: readonly string[];
  /** Without this column the report cannot be loaded. */
  readonly required?: boolean;
  /** For `COMMENT ON COLUMN`, where the table is made from the dataset. */
  readonly comment?: string;
}

/**
 * - `daily`: the report covers its day alone.
 * - `month_to_date`: totals since the first of the month; adding two days up counts twice.
 * - `interval`: each row has its own five-minute interval.
 * - `window`: one value for the whole requested window.
 */
export type Accumulation = 'daily' | 'month_to_date' | 'interval' | 'window';

/**
 * How a load meets what was there before. `upsert` writes only rows that differ and deletes vanished ones;
 * `replace` swaps the unit's rows as a whole, when any of them differs; `partition` does the same for large reports,
 * by filling a table aside and attaching it as a partition.
 */
export type LoadStrategy = 'upsert' | 'replace' | 'partition';

/** One kind of report that lands in one table. Datasets are data: code asks them, never their name. */
export interface Dataset {
  /** `<schema>.<table>`, for example `imgix.cdn_logs`. */
  readonly name: string;
  readonly vendor: Vendor;
  /** The vendor's own name of the report, for example `endpoint-usage-by-time`. */
  readonly report: string;
  readonly accumulation: Accumulation;
  readonly strategy: LoadStrategy;
  /** Row identity within (account, report_key, period_start). */
  readonly identity: readonly string[];
  readonly columns: readonly Column[];
  /** How long the vendor keeps a report, counted in days from the end of its period. */
  readonly retentionDays: number;
  /** The table is made from this definition when it is missing, because it follows from what the vendor says. */
  readonly generated?: { readonly comment: string };
  /**
   * SQL functions `(account text, report_key text) RETURNS TABLE (kind text, message text, details jsonb)` that
   * compare what was published with other datasets; what they return are findings of the unit.
   */
  readonly checks?: readonly string[];
  /** Named by both datasets that it compares, so that it is looked at whichever of them is loaded last. */
  readonly monthSum?: MonthSum;
}

/**
 * A month-to-date report says what the daily ones of its month add up to. The view has a row of each report and subject, with
 * `account`, `report_key`, `month`, `day`, `days_missing`, `difference` and the columns named here.
 */
export interface MonthSum {
  /** Marks the findings: they are about several units, so loading one of them alone resolves none. */
  readonly check: string;
  /** The month-to-date dataset; the findings are of its reports. */
  readonly dataset: string;
  readonly view: string;
  readonly subject: { readonly name: string; readonly column: string };
  readonly figure: { readonly name: string; readonly monthToDate: string; readonly sumOfDaily: string };
  /** Rounded figures may differ by so little without meaning anything. */
  readonly tolerance: number;
}

/** Columns that every data table has and that no header may claim. */
export const SYSTEM_COLUMNS = [
  'account',
  'report_key',
  'period_start',
  'period_end',
  'load_id',
  'part',
  'row_no',
] as const;
