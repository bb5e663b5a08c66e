import type pg from 'pg';
import type { Connection } from './connect.ts';
import { findSqlState, fromPostgresError } from './pg-errors.ts';

/** Days `YYYY-MM-DD`, both inclusive. */
export interface ChartRange {
  readonly account: string;
  readonly from: string;
  readonly to: string;
}

/** What a Source used on a day; the largest Sources by name, all others together under a blank id. */
export interface CreditPoint {
  readonly day: string;
  readonly sourceId: string;
  readonly sourceName: string | null;
  readonly credits: number;
}

export interface Credits {
  readonly points: readonly CreditPoint[];
  /** The vendor's own total since the first of the month, from its newest month-to-date report in the range. */
  readonly monthToDate: { readonly day: string; readonly credits: number } | undefined;
}

export interface ImgixTrafficPoint {
  readonly day: string;
  readonly requests: number | null;
  readonly bandwidth: number | null;
  readonly mildErrors: number | null;
  readonly severeErrors: number | null;
  /** More than 1: figures of missing days are in it. */
  readonly daysCovered: number;
  readonly hasNegative: boolean;
}

export interface EdgeTrafficPoint {
  readonly day: string;
  readonly series: string;
  readonly edgeBytes: number | null;
  readonly edgeHits: number | null;
  readonly isComplete: boolean;
}

export interface CallPoint {
  readonly day: string;
  readonly series: string;
  readonly calls: number;
  readonly errors: number;
}

export interface UsagePoint {
  readonly at: Date;
  readonly edgeHits: number | null;
  readonly edgeBytes: number | null;
}

export interface UsageDay {
  /** Every series that has a unit on that day. */
  readonly series: readonly string[];
  readonly chosen: string | undefined;
  /** At most 288, by time; an interval without a row is not in it. */
  readonly points: readonly UsagePoint[];
}

/** What the charts show, from the views for analysts. `undefined`: it took longer than allowed. Reads only. */
export interface Charts {
  credits(range: ChartRange): Promise<Credits | undefined>;
  imgixTraffic(range: ChartRange): Promise<readonly ImgixTrafficPoint[] | undefined>;
  edgeTraffic(range: ChartRange): Promise<readonly EdgeTrafficPoint[] | undefined>;
  calls(range: ChartRange): Promise<readonly CallPoint[] | undefined>;
  usage(day: {
    readonly account: string;
    readonly day: string;
    readonly series?: string | undefined;
  }): Promise<UsageDay | undefined>;
}

/** So many Sources and series have a colour of their own. */
const NAMED = 6;
const LIMIT_MS = 8_000;

export function createCharts(connection: Connection, limitMs: number = LIMIT_MS): Charts {
  /** A page must not hold a connection of the loads for ever, so a statement that takes too long is given up. */
  const ask = async <Result>(
    work: (client: pg.PoolClient) => Promise<Result>,
  ): Promise<Result | undefined> => {
    const client = await connection.queries.connect().catch((error: unknown) => {
      throw fromPostgresError(error, 'Asking the warehouse', connection.label);
    });
    try {
      await client.query(`BEGIN READ ONLY; SET LOCAL statement_timeout = ${limitMs}`);
      return await work(client);
    } catch (error) {
      if (findSqlState(error) === '57014') return undefined;
      throw fromPostgresError(error, 'Asking the warehouse', connection.label);
    } finally {
      await client.query('ROLLBACK').catch(() => undefined);
      client.release();
    }
  };
  return {
    credits: (range) => ask((client) => readCredits(client, range)),
    imgixTraffic: (range) => ask((client) => readRows<ImgixTrafficPoint>(client, IMGIX_TRAFFIC_SQL, range)),
    edgeTraffic: (range) => ask((client) => readRows<EdgeTrafficPoint>(client, EDGE_TRAFFIC_SQL, range)),
    calls: (range) => ask((client) => readRows<CallPoint>(client, CALLS_SQL, range)),
    usage: (day) => ask((client) => readUsage(client, day)),
  };
}

async function readRows<Row extends object>(
  client: pg.PoolClient,
  sql: string,
  { account, from, to }: ChartRange,
): Promise<readonly Row[]> {
  return (await client.query<Row>(sql, [account, from, to])).rows;
}

const CREDITS_SQL = `
WITH days AS MATERIALIZED (
  SELECT day, source_id, source_name, coalesce(total_credits, 0) AS credits
  FROM imgix.credits_daily WHERE account = $1 AND day BETWEEN $2::date AND $3::date
), largest AS (
  SELECT source_id FROM days GROUP BY source_id ORDER BY sum(credits) DESC, source_id LIMIT ${NAMED}
)
SELECT day, CASE WHEN source_id IN (SELECT source_id FROM largest) THEN source_id ELSE '' END AS "sourceId",
  max(source_name) AS "sourceName", sum(credits)::float8 AS credits
FROM days GROUP BY 1, 2 ORDER BY 1, 2`;

const MONTH_TO_DATE_SQL = `
SELECT day, sum(month_to_date_credits)::float8 AS credits
FROM imgix.credits_month_check
WHERE account = $1 AND day BETWEEN $2::date AND $3::date AND month_to_date_credits IS NOT NULL
GROUP BY day ORDER BY day DESC LIMIT 1`;

async function readCredits(client: pg.PoolClient, range: ChartRange): Promise<Credits> {
  const points = await readRows<CreditPoint>(client, CREDITS_SQL, range);
  const [monthToDate] = await readRows<{ day: string; credits: number }>(client, MONTH_TO_DATE_SQL, range);
  return { points, monthToDate };
}

const IMGIX_TRAFFIC_SQL = `
SELECT day, sum(requests)::float8 AS requests, sum(bandwidth)::float8 AS bandwidth,
  sum(mild_errors)::float8 AS "mildErrors", sum(severe_errors)::float8 AS "severeErrors",
  max(days_covered)::int AS "daysCovered", bool_or(has_negative) AS "hasNegative"
FROM imgix.source_analytics_daily WHERE account = $1 AND day BETWEEN $2::date AND $3::date
GROUP BY day ORDER BY day`;

const EDGE_TRAFFIC_SQL = `
WITH days AS MATERIALIZED (
  SELECT * FROM akamai.endpoint_usage_daily WHERE account = $1 AND day BETWEEN $2::date AND $3::date
), largest AS (
  SELECT series FROM days GROUP BY series ORDER BY sum(edge_bytes) DESC NULLS LAST, series LIMIT ${NAMED}
)
SELECT day, series, sum(edge_bytes)::float8 AS "edgeBytes", sum(edge_hits)::float8 AS "edgeHits",
  bool_and(is_complete) AS "isComplete"
FROM days WHERE series IN (SELECT series FROM largest) GROUP BY day, series ORDER BY series, day`;

const CALLS_SQL = `
WITH days AS MATERIALIZED (
  SELECT * FROM akamai.api_calls_daily WHERE account = $1 AND day BETWEEN $2::date AND $3::date
), largest AS (
  SELECT series FROM days GROUP BY series ORDER BY sum(calls) DESC, series LIMIT ${NAMED}
)
SELECT day, series, calls::float8 AS calls, errors::float8 AS errors
FROM days WHERE series IN (SELECT series FROM largest) ORDER BY series, day`;

/** The units of the day lead to the rows by their key: the table has no index on the time alone. */
const USAGE_UNITS_SQL = `
SELECT report_key AS "reportKey", regexp_replace(report_key, '_\\d{8}(T\\d{4})?$', '') AS series
FROM ledger.units
WHERE account = $1 AND dataset = 'akamai.endpoint_usage_by_time' AND state IN ('loaded', 'held')
  AND period_start < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'
  AND period_end > $2::date::timestamp AT TIME ZONE 'UTC'
ORDER BY series, report_key`;

const USAGE_SQL = `
SELECT period_start AS at, sum(edge_hits)::float8 AS "edgeHits", sum(edge_bytes)::float8 AS "edgeBytes"
FROM akamai.endpoint_usage_by_time
WHERE account = $1 AND report_key = ANY ($3::text[])
  AND period_start >= $2::date::timestamp AT TIME ZONE 'UTC'
  AND period_start < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'
GROUP BY period_start ORDER BY period_start`;

async function readUsage(
  client: pg.PoolClient,
  { account, day, series: wanted }: { account: string; day: string; series?: string | undefined },
): Promise<UsageDay> {
  const units = await client.query<{ reportKey: string; series: string }>(USAGE_UNITS_SQL, [account, day]);
  const series = [...new Set(units.rows.map((unit) => unit.series))];
  const chosen = series.find((one) => one === wanted) ?? series[0];
  const keys = units.rows.filter((unit) => unit.series === chosen).map((unit) => unit.reportKey);
  if (keys.length === 0) return { series, chosen, points: [] };
  const points = await client.query<UsagePoint>(USAGE_SQL, [account, day, keys]);
  return { series, chosen, points: points.rows };
}
