import { isMuchSmaller, type PublishRequest, type PublishResult } from '@edgeledger/core';
import type pg from 'pg';
import type { LoadIdentity } from '../load-identity.ts';
import { removeStagedLoad } from '../staging.ts';
import type { LockedUnit } from '../unit-lock.ts';
import { recordLoad } from './record.ts';
import type { StagedLoad } from './staged-load.ts';

/** A revision that is much smaller than what is visible, and not confirmed yet. */
export interface Shrink {
  readonly rows: number;
  readonly visibleRows: number;
  /** When this content was read first. */
  readonly heldAt: Date;
  /** A reading from here on confirms it, if its content is the same. */
  readonly confirmableAt: Date;
}

/**
 * What to keep back. A vendor that publishes half a report by mistake must not take the other half away from
 * readers; a second reading of the same content, later, shows that it is meant.
 */
export function findShrink(
  unit: LockedUnit,
  staged: StagedLoad,
  request: PublishRequest,
): Shrink | undefined {
  const { shrinkGuard: guard, now } = request;
  const isVisible = unit.state === 'loaded' || unit.state === 'held';
  if (guard === undefined || !isVisible || unit.rows === null) return undefined;
  const counts = { visibleRows: Number(unit.rows), rows: staged.rows };
  if (!isMuchSmaller(counts, guard)) return undefined;
  const heldAt =
    unit.held_at !== null && unit.held_fingerprint === staged.fingerprint ? unit.held_at : undefined;
  const confirmableAt = new Date((heldAt ?? now).getTime() + guard.confirmAfterMs);
  if (heldAt !== undefined && guard.isLook && now >= confirmableAt) return undefined;
  return { ...counts, heldAt: heldAt ?? now, confirmableAt };
}

interface Hold {
  readonly request: PublishRequest;
  readonly staged: StagedLoad;
  readonly shrink: Shrink;
}

/** Keeps the visible rows, remembers the content that waits, and tells a person. */
export async function holdLoad(
  client: pg.PoolClient,
  load: LoadIdentity,
  { request, staged, shrink }: Hold,
): Promise<PublishResult> {
  const counts = { inserted: 0, updated: 0, unchanged: 0, deleted: 0 };
  await recordLoad(client, load, { outcome: 'held', request, counts, staged, now: request.now });
  await client.query(
    `UPDATE ledger.units SET state = 'held', held_fingerprint = $2, held_revision = $3, held_rows = $4, held_at = $5,
       next_check_at = $6, error_code = NULL, error_message = NULL
     WHERE unit_id = $1`,
    [load.unitId, staged.fingerprint, request.revision, shrink.rows, shrink.heldAt, shrink.confirmableAt],
  );
  await recordShrunk(client, load, { request, staged, shrink });
  await client.query('DELETE FROM staging.rejects WHERE load_id = $1', [load.loadId]);
  await removeStagedLoad(client, load.loadId);
  return {
    outcome: 'held',
    rowsInserted: 0,
    rowsUpdated: 0,
    rowsUnchanged: shrink.visibleRows,
    rowsDeleted: 0,
    rejects: staged.rejects,
    bytes: staged.bytes,
    settled: false,
    held: shrink,
  };
}

/** One open finding for each content that is kept back. */
async function recordShrunk(
  client: pg.PoolClient,
  { unit }: LoadIdentity,
  { request, staged, shrink }: Hold,
): Promise<void> {
  const key = [unit.account, unit.dataset, unit.reportKey];
  const details = {
    visibleRows: shrink.visibleRows,
    rows: shrink.rows,
    vendorReportId: request.vendorReportId,
    fingerprint: staged.fingerprint,
  };
  const message =
    `The vendor issued the report again with ${shrink.rows} rows; ${shrink.visibleRows} are visible and stay. ` +
    `It replaces them when a later reading finds the same, or at once with \`edgeledger replay ${unit.reportKey} --confirm\`.`;
  await client.query(
    `UPDATE ledger.findings SET resolved_at = $4
     WHERE account = $1 AND dataset = $2 AND report_key = $3 AND kind = 'shrunk' AND resolved_at IS NULL
       AND details ->> 'fingerprint' IS DISTINCT FROM $5`,
    [...key, request.now, staged.fingerprint],
  );
  await client.query(
    `INSERT INTO ledger.findings (account, dataset, report_key, kind, message, details, created_at)
     SELECT $1, $2, $3, 'shrunk', $4, $5::jsonb, $6
     WHERE NOT EXISTS (
       SELECT FROM ledger.findings
       WHERE account = $1 AND dataset = $2 AND report_key = $3 AND kind = 'shrunk' AND resolved_at IS NULL)`,
    [...key, message, JSON.stringify(details), request.now],
  );
}
