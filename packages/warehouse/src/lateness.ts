import type { LateUnit } from '@edgeledger/core';
import type { Connection } from './connect.ts';
import { toStoredText } from './stored-text.ts';

const LATE_SQL = `
INSERT INTO ledger.findings (account, dataset, report_key, kind, message, details, created_at)
SELECT late.account, late.dataset, late.report_key, 'late', late.message, late.details, $2
FROM jsonb_to_recordset($1::jsonb) AS late (account text, dataset text, report_key text, message text, details jsonb)
JOIN ledger.units USING (account, dataset, report_key)
WHERE units.state IN ('expected', 'waiting', 'failed') AND NOT EXISTS (
  SELECT FROM ledger.findings AS known
  WHERE known.account = late.account AND known.dataset = late.dataset AND known.report_key = late.report_key
    AND known.kind = 'late' AND known.resolved_at IS NULL)
ORDER BY late.account, late.dataset, late.report_key`;

/** Opens one finding for each unit that is past its deadline and has none. Publishing a unit resolves it. */
export async function recordLate(
  connection: Connection,
  units: readonly LateUnit[],
  now: Date,
): Promise<void> {
  if (units.length === 0) return;
  const late = units.map(({ unit, dueAt, expiresAt, reason }) => ({
    account: unit.account,
    dataset: unit.dataset,
    report_key: unit.reportKey,
    message: `Due since ${toMinute(dueAt)} and not there: ${toStoredText(reason)} It is asked for until ${toMinute(expiresAt)}, when the vendor drops it.`,
    details: { dueAt, expiresAt },
  }));
  await connection.queries.query(LATE_SQL, [JSON.stringify(late), now]);
}

/** Closes the `late` findings that match; `now` is an SQL expression. */
export function resolveLateSql(condition: string, now: string): string {
  return `UPDATE ledger.findings SET resolved_at = ${now} WHERE kind = 'late' AND resolved_at IS NULL AND ${condition}`;
}

/** `2026-11-21 04:00 UTC`. */
function toMinute(instant: Date): string {
  return `${instant.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
