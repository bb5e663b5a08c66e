import type { UnitKey, UnitRef, UnitState } from '@edgeledger/core';
import type { Connection } from './connect.ts';
import { createTranslator } from './pg-errors.ts';
import { readUnitDetails, type UnitDetails } from './unit-details.ts';

/** One dataset of one account, as far as the ledger knows it. */
export interface Series {
  readonly account: string;
  readonly dataset: string;
  /** UTC days `YYYY-MM-DD` of the oldest and of the newest unit. */
  readonly firstDay: string;
  readonly lastDay: string;
  readonly units: number;
}

/** One dataset on one UTC day. */
export interface CalendarCell {
  readonly account: string;
  readonly dataset: string;
  readonly day: string;
  readonly units: number;
  readonly loaded: number;
  /** Of the units' states the one that most wants attention, as in `ledger.coverage`. */
  readonly state: UnitState;
  readonly rows: string;
  readonly rejects: string;
  /** Of the loaded ones, those whose rows were pruned since. */
  readonly pruned: number;
  /** When the vendor drops the first of the units that are not loaded. */
  readonly expiresAt: Date | null;
}

export interface UnitSummary extends UnitRef {
  readonly state: UnitState;
  readonly rows: string | null;
  readonly rejects: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly nextCheckAt: Date | null;
  readonly expiresAt: Date | null;
  readonly loadedAt: Date | null;
}

export interface UnitSearch {
  /** Part of a report key. */
  readonly text?: string | undefined;
  readonly account?: string | undefined;
  readonly dataset?: string | undefined;
  /** UTC day that the unit's period touches. */
  readonly day?: string | undefined;
  readonly states?: readonly UnitState[] | undefined;
  /** `urgent`: what is lost first comes first; else the newest period. */
  readonly order?: 'newest' | 'urgent' | undefined;
  readonly limit: number;
  readonly offset: number;
}

export interface UnitPage {
  readonly units: readonly UnitSummary[];
  /** At most {@link COUNT_LIMIT}: then there are more. */
  readonly total: number;
}

/** Further than that nobody pages, so it is not counted either. */
export const COUNT_LIMIT = 10_000;

export interface StateCount {
  readonly account: string;
  readonly state: UnitState;
  readonly units: number;
  /** When the vendor drops the first of them; null when that is not known or they are loaded. */
  readonly soonestLossAt: Date | null;
}

export interface SchemaChange {
  readonly dataset: string;
  readonly column: string;
  readonly header: string;
  readonly action: string;
  readonly type: string;
  readonly reportKey: string;
  readonly createdAt: Date;
}

/** What the pages ask of the ledger. Every answer is bounded, however large the warehouse is. Reads only. */
export interface Browse {
  series(): Promise<readonly Series[]>;
  /** UTC days, both inclusive. */
  calendar(filter: {
    readonly account?: string | undefined;
    readonly from: string;
    readonly to: string;
  }): Promise<readonly CalendarCell[]>;
  states(): Promise<readonly StateCount[]>;
  search(search: UnitSearch): Promise<UnitPage>;
  /** `rejectsFrom`: how many rejects to skip. */
  unit(key: UnitKey, options?: { readonly rejectsFrom?: number }): Promise<UnitDetails | undefined>;
  /** Units whose last attempt failed, those that are lost first at the front. */
  failedUnits(filter: {
    readonly account?: string | undefined;
    readonly dataset?: string | undefined;
    readonly limit: number;
  }): Promise<readonly UnitRef[]>;
  /** Newest first. */
  schemaChanges(limit: number): Promise<readonly SchemaChange[]>;
}

export function createBrowse(connection: Connection): Browse {
  const translated = createTranslator(connection.label);
  const ask = <Result>(work: () => Promise<Result>): Promise<Result> =>
    translated('Asking the warehouse', work);
  return {
    series: () => ask(() => readSeries(connection)),
    calendar: (filter) => ask(() => readCalendar(connection, filter)),
    states: () => ask(() => readStates(connection)),
    search: (search) => ask(() => searchUnits(connection, search)),
    unit: (key, options = {}) => ask(() => readUnitDetails(connection, key, options.rejectsFrom ?? 0)),
    failedUnits: (filter) => ask(() => readFailedUnits(connection, filter)),
    schemaChanges: (limit) => ask(() => readSchemaChanges(connection, limit)),
  };
}

const DAY_OF = `to_char(period_start AT TIME ZONE 'UTC', 'YYYY-MM-DD')`;

async function readSeries(connection: Connection): Promise<readonly Series[]> {
  const { rows } = await connection.queries.query<Series>(
    `SELECT account, dataset, to_char(min(period_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS "firstDay",
       to_char(max(period_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS "lastDay", count(*)::int AS units
     FROM ledger.units GROUP BY account, dataset ORDER BY account, dataset`,
  );
  return rows;
}

/** By the period itself, not by the view's day: so the index on it serves. */
async function readCalendar(
  connection: Connection,
  filter: { readonly account?: string | undefined; readonly from: string; readonly to: string },
): Promise<readonly CalendarCell[]> {
  const { rows } = await connection.queries.query<CalendarCell>(
    `SELECT account, dataset, ${DAY_OF} AS day, count(*)::int AS units,
       count(*) FILTER (WHERE state IN ('loaded', 'held'))::int AS loaded,
       count(*) FILTER (WHERE state IN ('loaded', 'held') AND pruned_at IS NOT NULL)::int AS pruned,
       CASE
         WHEN bool_or(state = 'failed') THEN 'failed' WHEN bool_or(state = 'lost') THEN 'lost'
         WHEN bool_or(state = 'held') THEN 'held' WHEN bool_or(state = 'loading') THEN 'loading'
         WHEN bool_or(state = 'waiting') THEN 'waiting' WHEN bool_or(state = 'expected') THEN 'expected'
         ELSE 'loaded' END AS state,
       coalesce(sum(rows), 0)::text AS rows, coalesce(sum(rejects), 0)::text AS rejects,
       min(expires_at) FILTER (WHERE state NOT IN ('loaded', 'held', 'lost')) AS "expiresAt"
     FROM ledger.units
     WHERE period_start >= $1::date::timestamp AT TIME ZONE 'UTC'
       AND period_start < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'
       AND ($3::text IS NULL OR account = $3)
     GROUP BY account, dataset, day ORDER BY account, dataset, day`,
    [filter.from, filter.to, filter.account ?? null],
  );
  return rows;
}

async function readStates(connection: Connection): Promise<readonly StateCount[]> {
  const { rows } = await connection.queries.query<StateCount>(
    `SELECT account, state, count(*)::int AS units,
       min(expires_at) FILTER (WHERE state NOT IN ('loaded', 'held', 'lost')) AS "soonestLossAt"
     FROM ledger.units GROUP BY account, state ORDER BY account, state`,
  );
  return rows;
}

interface SummaryRow extends Omit<UnitSummary, 'period'> {
  readonly periodStart: Date;
  readonly periodEnd: Date;
}

const SUMMARY_COLUMNS = `account, dataset, report_key AS "reportKey", period_start AS "periodStart",
  period_end AS "periodEnd", state, rows::text, rejects::text, error_code AS "errorCode",
  left(error_message, 300) AS "errorMessage", next_check_at AS "nextCheckAt", expires_at AS "expiresAt",
  loaded_at AS "loadedAt"`;

function toSummary({ periodStart, periodEnd, ...row }: SummaryRow): UnitSummary {
  return { ...row, period: { start: periodStart, end: periodEnd } };
}

const ORDERS = {
  newest: 'period_start DESC, account, dataset, report_key',
  urgent: `CASE state WHEN 'failed' THEN 0 WHEN 'lost' THEN 2 ELSE 1 END, expires_at NULLS LAST, account, dataset, report_key`,
} as const;

async function searchUnits(connection: Connection, search: UnitSearch): Promise<UnitPage> {
  const parameters: unknown[] = [];
  const conditions: string[] = [];
  const where = (condition: (parameter: string) => string, value: unknown): void => {
    parameters.push(value);
    conditions.push(condition(`$${parameters.length}`));
  };
  if (search.text) where((p) => `report_key ILIKE ${p}`, `%${search.text.replaceAll(/[\\%_]/g, '\\$&')}%`);
  if (search.account) where((p) => `account = ${p}`, search.account);
  if (search.dataset) where((p) => `dataset = ${p}`, search.dataset);
  if (search.day) {
    where((p) => `period_start < (${p}::date + 1)::timestamp AT TIME ZONE 'UTC'`, search.day);
    where((p) => `period_end > ${p}::date::timestamp AT TIME ZONE 'UTC'`, search.day);
  }
  if (search.states) where((p) => `state = ANY (${p}::text[])`, [...search.states]);
  const from = `FROM ledger.units ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}`;
  const [units, total] = await Promise.all([
    connection.queries.query<SummaryRow>(
      `SELECT ${SUMMARY_COLUMNS} ${from} ORDER BY ${ORDERS[search.order ?? 'newest']}
       LIMIT $${parameters.length + 1} OFFSET $${parameters.length + 2}`,
      [...parameters, search.limit, search.offset],
    ),
    connection.queries.query<{ total: number }>(
      `SELECT count(*)::int AS total FROM (SELECT 1 ${from} LIMIT ${COUNT_LIMIT}) AS found`,
      parameters,
    ),
  ]);
  return { units: units.rows.map(toSummary), total: total.rows[0]?.total ?? 0 };
}

async function readFailedUnits(
  connection: Connection,
  filter: {
    readonly account?: string | undefined;
    readonly dataset?: string | undefined;
    readonly limit: number;
  },
): Promise<readonly UnitRef[]> {
  const { rows } = await connection.queries.query<SummaryRow>(
    `SELECT ${SUMMARY_COLUMNS} FROM ledger.units
     WHERE state = 'failed' AND ($1::text IS NULL OR account = $1) AND ($2::text IS NULL OR dataset = $2)
     ORDER BY expires_at NULLS LAST, unit_id LIMIT $3`,
    [filter.account ?? null, filter.dataset ?? null, filter.limit],
  );
  return rows.map(({ account, dataset, reportKey, periodStart, periodEnd }) => ({
    account,
    dataset,
    reportKey,
    period: { start: periodStart, end: periodEnd },
  }));
}

async function readSchemaChanges(connection: Connection, limit: number): Promise<readonly SchemaChange[]> {
  const { rows } = await connection.queries.query<SchemaChange>(
    `SELECT dataset, column_name AS "column", header, action, type, report_key AS "reportKey", created_at AS "createdAt"
     FROM ledger.schema_changes ORDER BY created_at DESC, dataset, column_name LIMIT $1`,
    [limit],
  );
  return rows;
}
