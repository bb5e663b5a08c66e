import type { Connection } from './connect.ts';

/** What metrics are made of: one row per dataset, state or budget, whatever the warehouse holds. */
export interface LedgerFacts {
  readonly datasets: readonly {
    readonly account: string;
    readonly dataset: string;
    /** Exclusive end of what is loaded without a gap; null when the first unit is missing. */
    readonly completeThrough: Date | null;
    /** Units that are not loaded, lost ones included. */
    readonly gaps: number;
    /** Until the vendor drops the first missing unit that is not lost; null when there is none. */
    readonly daysToLoss: number | null;
  }[];
  readonly units: readonly {
    readonly account: string;
    readonly dataset: string;
    readonly state: string;
    readonly count: number;
  }[];
  readonly budgets: readonly { readonly key: string; readonly taken: number; readonly isPaused: boolean }[];
}

/** A scrape that comes every few seconds must not pile up in a busy Postgres. */
const STATEMENT_TIMEOUT_MS = 2_000;

const DATASETS_SQL = `
  SELECT account, dataset, complete_through AS "completeThrough", gaps::integer,
    (SELECT min(days_left)::double precision FROM ledger.gaps
     WHERE gaps.account = freshness.account AND gaps.dataset = freshness.dataset AND gaps.state <> 'lost') AS "daysToLoss"
  FROM ledger.freshness ORDER BY account, dataset`;

const UNITS_SQL = `
  SELECT account, dataset, state, count(*)::integer AS count
  FROM ledger.units GROUP BY account, dataset, state ORDER BY account, dataset, state`;

const BUDGETS_SQL = `
  SELECT budgets.budget_key AS key, count(places.place_id)::integer AS taken,
    coalesce(budgets.paused_until > clock_timestamp(), false) AS "isPaused"
  FROM staging.rate_budgets AS budgets
  LEFT JOIN staging.rate_places AS places
    ON places.budget_key = budgets.budget_key AND places.free_at > clock_timestamp()
  GROUP BY budgets.budget_key, budgets.paused_until ORDER BY budgets.budget_key`;

/** Reads of one moment, ended by Postgres itself when they take long. */
export async function readLedgerFacts(connection: Connection): Promise<LedgerFacts> {
  const client = await connection.queries.connect();
  try {
    await client.query(
      `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}`,
    );
    const datasets = await client.query<LedgerFacts['datasets'][number]>(DATASETS_SQL);
    const units = await client.query<LedgerFacts['units'][number]>(UNITS_SQL);
    const budgets = await client.query<LedgerFacts['budgets'][number]>(BUDGETS_SQL);
    return { datasets: datasets.rows, units: units.rows, budgets: budgets.rows };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}
