import type pg from 'pg';
import type { Connection } from './connect.ts';
import { fromPostgresError } from './pg-errors.ts';

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
    client.release(true);
    throw fromPostgresError(error, options.doing, connection.label);
  }
}
