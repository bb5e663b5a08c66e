import { dayStart, type OpenFilter, type OpenUnit, toUtcDay } from '@edgeledger/core';
import type { Connection } from './connect.ts';

const SELECT_SQL = `
SELECT account, dataset, report_key, period_start FROM ledger.units
WHERE account = $1 AND dataset = ANY ($2::text[]) AND period_start < $3 AND expires_at > $4
  AND state IN ('expected', 'waiting', 'loading', 'failed', 'held')
ORDER BY period_start, dataset, report_key`;

interface OpenRow {
  readonly account: string;
  readonly dataset: string;
  readonly report_key: string;
  readonly period_start: Date;
}

/** Imports are not among them: nobody owes what a person brought, so they have no `expires_at`. */
export async function findOpen(
  { queries }: Connection,
  { account, datasets, before, now }: OpenFilter,
): Promise<readonly OpenUnit[]> {
  const { rows } = await queries.query<OpenRow>(SELECT_SQL, [account, [...datasets], dayStart(before), now]);
  return rows.map((row) => ({
    account: row.account,
    dataset: row.dataset,
    reportKey: row.report_key,
    day: toUtcDay(row.period_start),
  }));
}
