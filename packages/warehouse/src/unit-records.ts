import type { UnitKey, UnitRecord } from '@edgeledger/core';
import type { Selectable } from 'kysely';
import type pg from 'pg';
import type { UnitsTable } from './schema.ts';

/** A count that Postgres sends as text. Counts of ours stay far below 2^53. */
export function toCount(text: string | null): number | null {
  return text === null ? null : Number(text);
}

/** Nobody is at a load that showed no sign of life for so long, unless its parts wait in the queue. An interval of Postgres. */
export const IDLE_AFTER = '10 minutes';

/** Of a unit's row: when a load of it was begun that runs, and of which somebody staged a part lately. */
const LOADING_SINCE_SQL = `CASE WHEN state = 'loading' THEN (
  SELECT max(load.started_at) FROM ledger.loads AS load JOIN staging.loads AS running USING (load_id)
  WHERE load.unit_id = units.unit_id AND running.touched_at > now() - interval '${IDLE_AFTER}') END`;

/** A row of `ledger.units`, and since when somebody is at it. */
export type UnitRow = Selectable<UnitsTable> & { readonly loading_since: Date | null };

export const SELECT_UNITS_SQL = `SELECT units.*, ${LOADING_SINCE_SQL} AS loading_since FROM ledger.units AS units`;

/** The one with this account, dataset and report key. */
export const SELECT_UNIT_SQL = `${SELECT_UNITS_SQL} WHERE account = $1 AND dataset = $2 AND report_key = $3`;

/** A row of `ledger.units` as everybody else knows it. */
export function toUnitRecord(row: UnitRow): UnitRecord {
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
    heldRevision: row.held_revision,
    isBeingLoaded: row.loading_since !== null,
    loadingSince: row.loading_since,
  };
}

/** One unit by its key. */
export async function findUnitRecord(queries: pg.Pool, key: UnitKey): Promise<UnitRecord | undefined> {
  const { rows } = await queries.query<UnitRow>(SELECT_UNIT_SQL, [key.account, key.dataset, key.reportKey]);
  return rows[0] === undefined ? undefined : toUnitRecord(rows[0]);
}

export async function hasLaterLoad(queries: pg.Pool, key: UnitKey): Promise<boolean> {
  const { rows } = await queries.query(
    `SELECT FROM ledger.loads AS loads JOIN ledger.units AS units USING (unit_id)
     WHERE account = $1 AND dataset = $2 AND report_key = $3 AND outcome = 'running' AND loads.load_id > units.load_id
     LIMIT 1`,
    [key.account, key.dataset, key.reportKey],
  );
  return rows.length > 0;
}
