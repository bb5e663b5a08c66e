import { DAY_MS, type EdgeledgerError, type Logger, toUnitId, type UnitKey } from '@edgeledger/core';
import type { Connection } from './connect.ts';
import { abandonWithin } from './end-load.ts';
import { quoteIdentifier } from './identifiers.ts';
import { fromPostgresError } from './pg-errors.ts';
import { tryLockLoad } from './staging.ts';
import { withTransaction } from './transaction.ts';
import { IDLE_AFTER } from './unit-records.ts';

/** A load that no worker touched for so long has no worker any more. */
export const STAGING_LIMIT_MS = DAY_MS;

const lockTimeoutMs = 2_000;

export interface SweepReport {
  /** Loads that were running on paper only; now abandoned. */
  readonly loads: number;
  /** Staging tables without a running load; dropped. */
  readonly tables: number;
}

/** Units of which a part, or the publishing, is a job still; as `toUnitId` spells them. */
export type FindBegun = () => Promise<ReadonlySet<string>>;

export interface SweepRequest {
  readonly now: Date;
  readonly olderThanMs: number;
  readonly findBegun: FindBegun | undefined;
  readonly logger: Logger;
}

interface IdleRow {
  readonly load_id: string;
  readonly unit_id: string;
  readonly account: string;
  readonly dataset: string;
  readonly report_key: string;
  /** Whatever the queue knows: it has ended, was overtaken, or was not touched for very long. */
  readonly is_over: boolean;
}

/** The short limit by the clock that wrote `touched_at`: ours may be wrong by more than that. */
const IDLE_SQL = `
SELECT * FROM (
  SELECT loads.load_id, loads.unit_id, account, dataset, report_key, touched_at,
    touched_at < $1 OR outcome <> 'running' OR coalesce(loads.load_id < units.load_id, false) AS is_over
  FROM staging.loads AS staged
  JOIN ledger.loads ON loads.load_id = staged.load_id
  JOIN ledger.units ON units.unit_id = loads.unit_id) AS known
WHERE is_over OR touched_at < now() - interval '${IDLE_AFTER}' ORDER BY load_id`;

/**
 * Clears away what killed processes left in staging. A load with a worker in the middle of a part is left alone. Who knows the
 * queue finds dead loads after minutes; without it, parts that nobody touched may just wait for a worker.
 */
export async function sweepStaging(connection: Connection, request: SweepRequest): Promise<SweepReport> {
  const { now, olderThanMs, findBegun, logger } = request;
  const doing = 'Sweeping staging';
  try {
    const idle = await connection.queries.query<IdleRow>(IDLE_SQL, [new Date(now.getTime() - olderThanMs)]);
    const begun = idle.rows.every((row) => row.is_over) ? undefined : await findBegun?.();
    let loads = 0;
    for (const row of idle.rows) {
      if (!row.is_over && begun?.has(toUnitId(toKey(row))) !== false) continue;
      if (await endIdleLoad(connection, row, logger)) loads += 1;
    }
    connection.passing?.('sweep.dropping');
    const tables = await dropOrphans(connection);
    if (loads + tables > 0) logger.info({ loads, tables }, 'leftovers in staging cleared');
    return { loads, tables };
  } catch (error) {
    throw fromPostgresError(error, doing, connection.label);
  }
}

function toKey(row: IdleRow): UnitKey {
  return { account: row.account, dataset: row.dataset, reportKey: row.report_key };
}

/** False when somebody is at it, or at its unit: the next sweep comes back to it, and planning goes on. */
async function endIdleLoad(
  connection: Connection,
  row: { readonly load_id: string; readonly unit_id: string },
  logger: Logger,
): Promise<boolean> {
  const options = { pool: 'loads', doing: `Clearing load ${row.load_id} away`, lockTimeoutMs } as const;
  try {
    return await withTransaction(connection, options, async (client) => {
      if (!(await tryLockLoad(client, row.load_id))) return false;
      await abandonWithin(client, { loadId: row.load_id, unitId: row.unit_id });
      return true;
    });
  } catch (error) {
    if ((error as EdgeledgerError).code !== 'warehouse.conflict') throw error;
    logger.debug({ load: row.load_id }, 'a leftover could not be cleared yet: its unit is in use');
    return false;
  }
}

/**
 * Tables of loads that ended: a part that was streaming when its load was ended may commit after it. One that is in
 * use is left to the next sweep, because whoever waits for it would hold up everybody behind him.
 */
async function dropOrphans(connection: Connection): Promise<number> {
  const found = await connection.queries.query<{ table: string }>(
    `SELECT relname AS table FROM pg_class
     WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r' AND relname ~ '^load_[0-9]+_(part_[0-9]+|leaf)$'
       AND NOT EXISTS (SELECT FROM staging.loads WHERE load_id = split_part(relname, '_', 2)::bigint)`,
  );
  let dropped = 0;
  for (const { table } of found.rows) {
    const options = { pool: 'loads', doing: `Dropping staging.${table}`, lockTimeoutMs } as const;
    try {
      await withTransaction(connection, options, (client) =>
        client.query(`DROP TABLE IF EXISTS staging.${quoteIdentifier(table)}`),
      );
      dropped += 1;
    } catch (error) {
      if ((error as EdgeledgerError).code !== 'warehouse.conflict') throw error;
    }
  }
  return dropped;
}
