import { type Reading, toUtcDay, type UnitKey, type UtcDay } from '@edgeledger/core';
import type { Connection } from './connect.ts';
import type { LoadPart } from './schema.ts';

/**
 * A load that failed at its rejects had read everything: it is the one to repeat when the column mapping was wrong.
 * Of other failures some part may be missing.
 */
const READING_SQL = `
SELECT loads.load_id, loads.parts,
  coalesce(loads.vendor_report_id, CASE WHEN state NOT IN ('loaded', 'held') THEN units.vendor_report_id END) AS vendor_report_id,
  coalesce(loads.revision, CASE WHEN state NOT IN ('loaded', 'held') THEN units.revision END) AS revision
FROM ledger.loads JOIN ledger.units USING (unit_id)
WHERE account = $1 AND dataset = $2 AND report_key = $3
  AND (outcome IN ('published', 'unchanged', 'held')
    OR (outcome = 'failed' AND loads.error_code = 'unit.rejects-above-threshold'))
ORDER BY loads.load_id DESC
LIMIT 1`;

interface ReadingRow {
  readonly load_id: string;
  readonly parts: readonly LoadPart[];
  readonly vendor_report_id: string | null;
  readonly revision: string | null;
}

export async function findReading(connection: Connection, key: UnitKey): Promise<Reading | undefined> {
  const found = await connection.queries.query<ReadingRow>(READING_SQL, [
    key.account,
    key.dataset,
    key.reportKey,
  ]);
  const row = found.rows[0];
  if (row === undefined) return undefined;
  return {
    loadId: row.load_id,
    vendorReportId: row.vendor_report_id,
    revision: row.revision,
    parts: row.parts.map(({ name, sha256 }) => ({ name, sha256 })),
  };
}

/** Only what the vendor listed counts: a file that a person imported says nothing of what is to be expected. */
export async function findFirstDays(
  connection: Connection,
  account: string,
): Promise<ReadonlyMap<string, UtcDay>> {
  const found = await connection.queries.query<{ dataset: string; first: Date }>(
    `SELECT dataset, min(period_start) AS first FROM ledger.units
     WHERE account = $1 AND vendor_report_id IS NOT NULL GROUP BY dataset`,
    [account],
  );
  return new Map(found.rows.map(({ dataset, first }) => [dataset, toUtcDay(first)]));
}
