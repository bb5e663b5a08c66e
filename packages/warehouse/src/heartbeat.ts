import type pg from 'pg';
import type { Connection } from './connect.ts';

interface Beating {
  readonly loadId: string;
  /** Holds a transaction that waits for us, not for Postgres, so that the server would take us for dead. */
  readonly client?: pg.PoolClient;
}

/**
 * Tells the ledger, as long as `work` takes, that somebody is at the load: a part may take longer than a load is believed
 * to be alive without a sign. A process that is frozen or killed gives none.
 */
export async function withHeartbeat<Result>(
  { queries, beatMs }: Connection,
  { loadId, client }: Beating,
  work: () => Promise<Result>,
): Promise<Result> {
  let isBeating = false;
  const timer = setInterval(async () => {
    if (isBeating) return;
    isBeating = true;
    // whatever is wrong with the connection, the work itself finds out
    await Promise.allSettled([
      queries.query('UPDATE staging.loads SET touched_at = now() WHERE load_id = $1', [loadId]),
      client?.query('SELECT'),
    ]);
    isBeating = false;
  }, beatMs);
  timer.unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
