import type { UnitRecord } from '@edgeledger/core';
import type { Selectable } from 'kysely';
import type { UnitsTable } from './schema.ts';

/** A count that Postgres sends as text. Counts of ours stay far below 2^53. */
export function toCount(text: string | null): number | null {
  return text === null ? null : Number(text);
}

/** A row of `ledger.units` as everybody else knows it. */
export function toUnitRecord(row: Selectable<UnitsTable>): UnitRecord {
  return {
    account: row.account,
    dataset: row.dataset,
    reportKey: row.report_key,
    period: { start: row.period_start, end: row.period_end },
    unitId: row.unit_id,
    state: row.state,
    vendorReportId: row.vendor_report_id,
    revision: row.revision,
    parts: row.parts,
    rows: toCount(row.rows),
    rejects: toCount(row.rejects),
    bytes: toCount(row.bytes),
    fingerprint: row.fingerprint,
    attempts: row.attempts,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    firstSeenAt: row.first_seen_at,
    availableAt: row.available_at,
    loadedAt: row.loaded_at,
    settledAt: row.settled_at,
    expiresAt: row.expires_at,
    nextCheckAt: row.next_check_at,
    loadId: row.load_id,
  };
}
