import type { Logger } from '@edgeledger/core';
import type pg from 'pg';
import type { Connection } from './connect.ts';
import type { LoadIdentity } from './load-identity.ts';
import { removeStagedLoad, tryLockLoad } from './staging.ts';
import { withTransaction } from './transaction.ts';
import { lockUnitRows } from './unit-lock.ts';

const LOCK_TIMEOUT_MS = 2_000;

/**
 * Writes into the ledger, in the transaction that publishes a load, that those of its unit that began before it have ended: if
 * this process is killed right after it, the next sweep finds what they left. One that somebody is writing into at this very
 * moment is not waited for; `endOutdatedLoads` comes back to it.
 */
export async function markOutdatedLoads(client: pg.PoolClient, load: LoadIdentity): Promise<void> {
  await client.query(
    `UPDATE ledger.loads SET outcome = 'superseded', finished_at = now() WHERE load_id IN (
       SELECT load_id FROM ledger.loads WHERE unit_id = $1 AND outcome = 'running' AND load_id < $2 FOR UPDATE SKIP LOCKED)`,
    [load.unitId, load.loadId],
  );
}

/**
 * Ends the loads of a unit that began before one that has been published: what a killed worker left goes as soon as
 * another one has done its work. One that still runs somewhere learns at its next step that it has ended; it could not have
 * been published anyway. After the publish, in transactions of its own: what fails here is left to the sweep.
 */
export async function endOutdatedLoads(
  connection: Connection,
  load: LoadIdentity,
  logger: Logger,
): Promise<void> {
  try {
    const found = await connection.queries.query<{ load_id: string }>(
      `SELECT load_id FROM ledger.loads LEFT JOIN staging.loads AS staged USING (load_id)
       WHERE unit_id = $1 AND load_id < $2 AND (outcome = 'running' OR staged.load_id IS NOT NULL) ORDER BY load_id`,
      [load.unitId, load.loadId],
    );
    for (const { load_id: loadId } of found.rows) {
      const options = {
        pool: 'loads',
        doing: `Ending load ${loadId}`,
        lockTimeoutMs: LOCK_TIMEOUT_MS,
      } as const;
      await withTransaction(connection, options, async (client) => {
        await lockUnitRows(client, load.unitId);
        await client.query(
          `UPDATE ledger.loads SET outcome = 'superseded', finished_at = now() WHERE load_id = $1 AND outcome = 'running'`,
          [loadId],
        );
        await removeIfIdle(client, loadId);
      });
    }
  } catch (error) {
    logger.warn({ load: load.label, error }, 'earlier loads of a unit could not be cleared away yet');
  }
}

/** Drops what is staged for a load that has ended, unless somebody is in the middle of a part of it. */
export async function removeIfIdle(client: pg.PoolClient, loadId: string): Promise<boolean> {
  if (!(await tryLockLoad(client, loadId))) return false;
  await removeStagedLoad(client, loadId);
  return true;
}
