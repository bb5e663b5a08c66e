import type pg from 'pg';
import type { LoadIdentity } from '../load-identity.ts';

/** The two reports that say the same in two ways. */
const DAILY = 'imgix.credit_analytics_daily';
const MONTH_TO_DATE = 'imgix.credit_analytics_mtd';

/** Marks the findings of this check: they are about several units, so loading one of them alone resolves none. */
const CHECK = 'credits-month';

/** In credits. Rounded figures may differ by so little without meaning anything. */
const TOLERANCE = 0.001;

interface WrongSum {
  readonly report_key: string;
  readonly source_id: string;
  readonly month_to_date_credits: string | null;
  readonly sum_of_daily_credits: string | null;
  readonly sources: string;
}

const WRONG_SQL = `
SELECT DISTINCT ON (report_key) report_key, source_id, month_to_date_credits, sum_of_daily_credits,
  count(*) OVER (PARTITION BY report_key) AS sources
FROM imgix.credits_month_check
WHERE account = $1 AND month = date_trunc('month', $2::timestamptz AT TIME ZONE 'UTC')::date
  AND day >= ($2::timestamptz AT TIME ZONE 'UTC')::date AND days_missing = 0 AND abs(difference) > $3
ORDER BY report_key, abs(difference) DESC, source_id`;

/**
 * Compares month-to-date credits with the sum of the daily ones for every report of the month that the load may have
 * changed, in the load's own transaction. Loads of one month check one after the other, so that the last one sees all.
 */
export async function checkMonth(client: pg.PoolClient, load: LoadIdentity, now: Date): Promise<void> {
  const { account, period } = load.unit;
  if (load.dataset.name !== DAILY && load.dataset.name !== MONTH_TO_DATE) return;
  await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('edgeledger.month:' || $1, 0))`, [
    `${account}/${period.start.toISOString().slice(0, 7)}`,
  ]);
  const wrong = await client.query<WrongSum>(WRONG_SQL, [account, period.start, TOLERANCE]);
  const found = wrong.rows.map((row) => ({
    report_key: row.report_key,
    message: toMessage(row),
    details: {
      check: CHECK,
      sources: Number(row.sources),
      sourceId: row.source_id,
      monthToDate: row.month_to_date_credits,
      sumOfDaily: row.sum_of_daily_credits,
    },
  }));
  await client.query(
    `UPDATE ledger.findings SET resolved_at = $5
     WHERE account = $1 AND dataset = $2 AND kind = 'sum-mismatch' AND details ->> 'check' = $3 AND resolved_at IS NULL
       AND report_key IN (
         SELECT report_key FROM ledger.report_steps
         WHERE account = $1 AND dataset = $2 AND month = date_trunc('month', $4::timestamptz AT TIME ZONE 'UTC')::date
           AND day >= ($4::timestamptz AT TIME ZONE 'UTC')::date)
       AND (report_key, message) NOT IN (
         SELECT report_key, message FROM jsonb_to_recordset($6::jsonb) AS wrong (report_key text, message text))`,
    [account, MONTH_TO_DATE, CHECK, period.start, now, JSON.stringify(found)],
  );
  if (found.length === 0) return;
  await client.query(
    `INSERT INTO ledger.findings (account, dataset, report_key, kind, message, details, created_at)
     SELECT $1, $2, report_key, 'sum-mismatch', message, details, $3
     FROM jsonb_to_recordset($4::jsonb) AS wrong (report_key text, message text, details jsonb)
     WHERE NOT EXISTS (
       SELECT FROM ledger.findings AS known
       WHERE known.account = $1 AND known.dataset = $2 AND known.report_key = wrong.report_key
         AND known.kind = 'sum-mismatch' AND known.message = wrong.message AND known.resolved_at IS NULL)`,
    [account, MONTH_TO_DATE, now, JSON.stringify(found)],
  );
}

function toMessage(row: WrongSum): string {
  const others = Number(row.sources) - 1;
  const more = others === 0 ? '' : ` (and ${others} more Sources)`;
  return (
    `Month-to-date credits are not the sum of the daily reports: Source ${row.source_id} has ` +
    `${row.month_to_date_credits ?? 'none'}, its days add up to ${row.sum_of_daily_credits ?? 'none'}${more}. ` +
    'See imgix.credits_month_check.'
  );
}
