import type { Connection } from '../connect.ts';
import type { LoadIdentity } from '../load-identity.ts';
import { withTransaction } from '../transaction.ts';
import { findPartition } from './slot.ts';

/** Longer than Postgres lets somebody wait for autovacuum before it cancels it (deadlock_timeout, 1 s by default). */
const LIMIT_MS = 3_000;

/**
 * Autovacuum comes by within a minute of every large load and takes longer than one. When the report is loaded again
 * meanwhile, it goes through rows that are about to be dropped, and gives way only to somebody who has waited for its table for
 * a second: at the swap readers would wait just as long. So it is made to give way before. Somebody's own VACUUM, and one against
 * wraparound, give way to nobody; those the swap waits for. Never rejects.
 */
export async function endVacuum(connection: Connection, load: LoadIdentity): Promise<void> {
  const options = {
    pool: 'queries',
    doing: `Ending a vacuum for ${load.label}`,
    lockTimeoutMs: LIMIT_MS,
  } as const;
  try {
    await withTransaction(connection, options, async (client) => {
      const visible = await findPartition(client, load);
      // in the mode that VACUUM takes, and that no reader notices
      if (visible !== undefined)
        await client.query(`LOCK TABLE ONLY ${visible.sql} IN SHARE UPDATE EXCLUSIVE MODE`);
    });
  } catch {
    // nothing depends on it, and whatever is wrong with the connection, the load itself finds out
  }
}
