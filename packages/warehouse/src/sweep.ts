import { DAY_MS, type Logger } from '@edgeledger/core';
import type { Connection } from './connect.ts';
import { abandonWithin } from './end-load.ts';
import { quoteIdentifier } from './identifiers.ts';
import { fromPostgresError } from './pg-errors.ts';
import { tryLockLoad } from './staging.ts';
import { withTransaction } from './transaction.ts';

/** A load that no worker touched for so long has no worker any more. */
export const STAGING_LIMIT_MS = DAY_MS;

export interface SweepReport {
  /** Loads that were running on paper only; now abandoned. */
  readonly loads: number;
  /** Staging tables without a running load; dropped. */
  readonly tables: number;
}

export interface SweepRequest {
  readonly now: Date;
  readonly olderThanMs: number;
  readonly logger: Logger;
}

/** Clears away what killed processes left in staging. A load with a worker in the middle of a part is left alone. */
export async function sweepStaging(connection: Connection, request: SweepRequest): Promise<SweepReport> {
  const { now, olderThanMs, logger } = request;
  const doing = 'Sweeping staging';
  try {
    const idle = await connection.queries.query<{ load_id: string; unit_id: string }>(
      `SELECT load_id, unit_id FROM staging.loads JOIN ledger.loads USING (load_id)
       WHERE touched_at < $1 ORDER BY load_id`,
      [new Date(now.getTime() - olderThanMs)],
    );
    let loads = 0;
    for (const row of idle.rows) {
      const ended = await withTransaction(connection, { pool: 'loads', doing }, async (client) => {
        if (!(await tryLockLoad(client, row.load_id))) return false;
        await abandonWithin(client, { loadId: row.load_id, unitId: row.unit_id });
        return true;
      });
      if (ended) loads += 1;
    }
    const tables = await dropOrphans(connection);
    if (loads + tables > 0) logger.info({ loads, tables }, 'leftovers in staging cleared');
    return { loads, tables };
  } catch (error) {
    throw fromPostgresError(error, doing, connection.label);
  }
}

/** Tables of loads that ended: a part that was streaming when its load was ended may commit after it. */
async function dropOrphans(connection: Connection): Promise<number> {
  const found = await connection.queries.query<{ table: string }>(
    `SELECT relname AS table FROM pg_class
     WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r' AND relname ~ '^load_[0-9]+_(part_[0-9]+|leaf)$'
       AND NOT EXISTS (SELECT FROM staging.loads WHERE load_id = split_part(relname, '_', 2)::bigint)`,
  );
  for (const row of found.rows) {
    await connection.queries.query(`DROP TABLE IF EXISTS staging.${quoteIdentifier(row.table)}`);
  }
  return found.rows.length;
}
