import type { MonthSum } from '@edgeledger/core';
import type pg from 'pg';
import { quoteIdentifier } from '../identifiers.ts';
import type { LoadIdentity } from '../load-identity.ts';

interface WrongSum {
  readonly report_key: string;
  readonly subject: string;
  readonly month_to_date: string | null;
  readonly sum_of_daily: string | null;
  readonly subjects: string;
}

function toWrongSql({ view, subject, figure }: MonthSum): string {
  const column = quoteIdentifier(subject.column);
  return `
SELECT DISTINCT ON (report_key) report_key, ${column} AS subject, ${quoteIdentifier(figure.monthToDate)} AS month_to_date,
  ${quoteIdentifier(figure.sumOfDaily)} AS sum_of_daily, count(*) OVER (PARTITION BY report_key) AS subjects
FROM ${view.split('.').map(quoteIdentifier).join('.')}
WHERE account = $1 AND month = date_trunc('month', $2::timestamptz AT TIME ZONE 'UTC')::date
  AND day >= ($2::timestamptz AT TIME ZONE 'UTC')::date AND days_missing = 0 AND abs(difference) > $3
ORDER BY report_key, abs(difference) DESC, ${column}`;
}

/**
 * Compares month-to-date figures with the sum of the daily ones, where the dataset says what they are, for every report of the
 * month that the load may have changed, in the load's own transaction. Loads of one month check one after the other, so that
 * the last one sees all.
 */
export async function checkMonth(client: pg.PoolClient, load: LoadIdentity, now: Date): Promise<void> {
  const { account, period } = load.unit;
  const { monthSum } = load.dataset;
  if (monthSum === undefined) return;
  await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('edgeledger.month:' || $1, 0))`, [
    `${account}/${period.start.toISOString().slice(0, 7)}`,
  ]);
  const wrong = await client.query<WrongSum>(toWrongSql(monthSum), [
    account,
    period.start,
    monthSum.tolerance,
  ]);
  const found = wrong.rows.map((row) => ({
    report_key: row.report_key,
    message: toMessage(row, monthSum),
    details: {
      check: monthSum.check,
      subjects: Number(row.subjects),
      subject: row.subject,
      monthToDate: row.month_to_date,
      sumOfDaily: row.sum_of_daily,
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
    [account, monthSum.dataset, monthSum.check, period.start, now, JSON.stringify(found)],
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
    [account, monthSum.dataset, now, JSON.stringify(found)],
  );
}

function toMessage(row: WrongSum, { subject, figure, view }: MonthSum): string {
  const others = Number(row.subjects) - 1;
  const more = others === 0 ? '' : ` (and ${others} more ${subject.name}s)`;
  return (
    `Month-to-date ${figure.name} are not the sum of the daily reports: ${subject.name} ${row.subject} has ` +
    `${row.month_to_date ?? 'none'}, its days add up to ${row.sum_of_daily ?? 'none'}${more}. See ${view}.`
  );
}
