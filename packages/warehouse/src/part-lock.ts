import { setTimeout as sleep } from 'node:timers/promises';
import { TransientError } from '@edgeledger/core';
import type pg from 'pg';
import type { Connection } from './connect.ts';
import { withTransaction } from './transaction.ts';

const LOOK_MS = 100;
/** In beats: so long the one who has the part may go on, and so long until the newcomer comes again. */
const PATIENCE_BEATS = 6;
const LIMIT_BEATS = 12;

/**
 * One at a time stages a part. Only a job that the queue gave to somebody else, because its worker showed no sign of life, is
 * run twice: the second run lets the first one end by itself for a while and then ends its session. A process that is
 * frozen in the middle of a COPY would keep the part for as long as it is frozen, because to the server it is at work.
 */
export async function lockPart(
  connection: Connection,
  client: pg.PoolClient,
  loadId: string,
  partNo: number,
): Promise<void> {
  const key = `${loadId}/${partNo}`;
  const startedAt = performance.now();
  let hasEnded = false;
  for (;;) {
    const found = await client.query<{ locked: boolean }>(
      `SELECT pg_try_advisory_xact_lock(hashtextextended('edgeledger.part:' || $1, 0)) AS locked`,
      [key],
    );
    if (found.rows[0]?.locked === true) return;
    const beats = (performance.now() - startedAt) / connection.beatMs;
    if (beats > LIMIT_BEATS) {
      throw new TransientError(
        'warehouse.conflict',
        `Staging part ${partNo} of load ${loadId}: another session has it and does not end. It is tried again.`,
      );
    }
    if (beats > PATIENCE_BEATS && !hasEnded) {
      hasEnded = true;
      await endHolder(connection, key);
    }
    await sleep(LOOK_MS);
  }
}

const HOLDER_SQL = `
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND pid <> pg_backend_pid()
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND ((classid::bigint << 32) | objid::bigint) = hashtextextended('edgeledger.part:' || $1, 0)`;

/** As the login itself: the role of a loader may not end sessions, and a login may end its own. */
async function endHolder(connection: Connection, key: string): Promise<void> {
  const options = { pool: 'queries', doing: `Ending the session that has part ${key}` } as const;
  await withTransaction(connection, options, async (client) => {
    await client.query('SET LOCAL ROLE NONE');
    await client.query(HOLDER_SQL, [key]);
  });
}
