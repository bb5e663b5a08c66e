import type { EdgeledgerError } from '@edgeledger/core';
import type pg from 'pg';
import type { Connection } from './connect.ts';
import type { LoadIdentity } from './load-identity.ts';
import { removeIfIdle } from './outdated-loads.ts';
import { moveRejects } from './rejects.ts';
import { retryDelaySql } from './retry-delay.ts';
import { removeStagedLoad } from './staging.ts';
import { toStoredText } from './stored-text.ts';
import { withTransaction } from './transaction.ts';
import { findLockedUnit } from './unit-lock.ts';

interface Failure {
  readonly error: EdgeledgerError;
  readonly now: Date;
}

const LOCK_TIMEOUT_MS = 60_000;

/** Keeps the rejects, drops the rows, records why. What was loaded before stays, and so does its state. */
export async function failLoad(connection: Connection, load: LoadIdentity, failure: Failure): Promise<void> {
  const options = {
    pool: 'loads',
    doing: `Recording the failure of ${load.label}`,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  } as const;
  await withTransaction(connection, options, async (client) => {
    const unit = await findLockedUnit(client, load.unitId);
    if (unit === undefined) return;
    const end = { outcome: 'failed', now: failure.now, code: failure.error.code } as const;
    if (!(await endLoad(client, load, end))) {
      await removeIfIdle(client, load.loadId);
      return;
    }
    await moveRejects(client, {
      unitId: load.unitId,
      loadId: load.loadId,
      keepLoadIds: [unit.load_id, load.loadId],
      fileUnder: load.loadId,
    });
    await removeStagedLoad(client, load.loadId);
    // a newer load went well meanwhile: this failure says nothing about the unit any more
    if (unit.newest_load_id !== null && BigInt(unit.newest_load_id) > BigInt(load.loadId)) return;
    await client.query(
      `UPDATE ledger.units SET
         state = CASE WHEN state IN ('loaded', 'held') THEN state ELSE 'failed' END,
         error_code = $2, error_message = $3, next_check_at = $4::timestamptz + ${retryDelaySql('attempts', failure.error)}
       WHERE unit_id = $1`,
      [load.unitId, failure.error.code, toStoredText(failure.error.message), failure.now],
    );
  });
  connection.passing?.('load.ended');
}

/** Nothing went wrong: the unit is as it was before, and the attempt does not count. */
export async function abandonLoad(connection: Connection, load: LoadIdentity): Promise<void> {
  const options = {
    pool: 'loads',
    doing: `Abandoning ${load.label}`,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  } as const;
  await withTransaction(connection, options, (client) => abandonWithin(client, load));
  connection.passing?.('load.ended');
}

/** The same inside a transaction that is there already. */
export async function abandonWithin(
  client: pg.PoolClient,
  load: Pick<LoadIdentity, 'loadId' | 'unitId'>,
): Promise<void> {
  const unit = await findLockedUnit(client, load.unitId);
  if (unit === undefined) return;
  if (!(await endLoad(client, load, { outcome: 'abandoned', now: null }))) {
    // somebody else wrote it off; what came to its staging after that is nobody's
    await removeIfIdle(client, load.loadId);
    return;
  }
  await client.query(
    `UPDATE ledger.units SET
       attempts = greatest(0, attempts - 1),
       state = CASE
         WHEN state <> 'loading' THEN state
         WHEN EXISTS (SELECT FROM ledger.loads WHERE loads.unit_id = units.unit_id AND outcome = 'running') THEN state
         ELSE coalesce((SELECT previous_state FROM staging.loads WHERE load_id = $2), 'expected')
       END
     WHERE unit_id = $1`,
    [load.unitId, load.loadId],
  );
  await removeStagedLoad(client, load.loadId);
}

/** Writes the end into `ledger.loads`; false when the load had ended before. */
async function endLoad(
  client: pg.PoolClient,
  load: Pick<LoadIdentity, 'loadId'>,
  end: { readonly outcome: 'failed' | 'abandoned'; readonly now: Date | null; readonly code?: string },
): Promise<boolean> {
  const result = await client.query(
    `UPDATE ledger.loads SET outcome = $2, finished_at = coalesce($3, now()), error_code = $4
     WHERE load_id = $1 AND outcome = 'running'`,
    [load.loadId, end.outcome, end.now, end.code ?? null],
  );
  if (result.rowCount !== 1) return false;
  // a second statement, because only now every part that was about to commit has done so
  await client.query(
    `UPDATE ledger.loads SET (parts, rejects, bytes) = (
       SELECT ${PARTS_SQL}, coalesce(sum(rejects), 0), coalesce(sum(bytes), 0)
       FROM staging.parts WHERE parts.load_id = $1)
     WHERE load_id = $1`,
    [load.loadId],
  );
  return true;
}

/** Receipts in the form of `ledger.loads.parts`. */
export const PARTS_SQL = `coalesce(jsonb_agg(jsonb_build_object(
  'part', part_no, 'name', name, 'rows', rows, 'rejects', rejects, 'bytes', bytes, 'sha256', sha256,
  'fingerprint', fingerprint)
  ORDER BY part_no), '[]')`;
