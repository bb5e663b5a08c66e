import { setImmediate } from 'node:timers/promises';
import type pg from 'pg';
import type { Connection } from './connect.ts';
import { fromLostConnection, fromPostgresError } from './pg-errors.ts';

export interface TransactionOptions {
  readonly pool: 'queries' | 'loads';
  /** What is going on, for the message of an error. */
  readonly doing: string;
  /** How long to wait for a lock before giving up as `warehouse.conflict`. */
  readonly lockTimeoutMs?: number;
}

/**
 * Runs `work` in one transaction. After an error the connection is thrown away instead of rolled back: that
 * is right also in the middle of a COPY, and when the connection itself is what failed.
 */
export async function withTransaction<Result>(
  connection: Connection,
  options: TransactionOptions,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  let client: pg.PoolClient;
  try {
    client = await connection[options.pool].connect();
  } catch (error) {
    throw fromPostgresError(error, options.doing, connection.label);
  }
  const loss = watchForLoss(client);
  try {
    await client.query('BEGIN');
    if (options.lockTimeoutMs !== undefined) {
      await client.query(`SET LOCAL lock_timeout = ${Math.round(options.lockTimeoutMs)}`);
    }
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    // the connection may be gone already, and its driver say so a moment later
    await setImmediate();
    const isLost = loss.isLost();
    client.release(true);
    throw isLost
      ? fromLostConnection(error, options.doing, connection.label)
      : fromPostgresError(error, options.doing, connection.label);
  } finally {
    loss.stop();
  }
}

/** Whether the connection broke; what its driver throws after that can be anything. */
function watchForLoss(client: pg.PoolClient): { isLost(): boolean; stop(): void } {
  let lost = false;
  const note = (): void => {
    lost = true;
  };
  client.once('error', note);
  client.once('end', note);
  return {
    isLost: () => lost,
    stop: () => {
      client.off('error', note);
      client.off('end', note);
    },
  };
}
