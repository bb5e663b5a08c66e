import { setTimeout } from 'node:timers/promises';
import { type Dataset, dayPeriod, type EdgeledgerError, parseUtcDay } from '@edgeledger/core';
import type { Connection } from '../connect.ts';
import { type Relation, toDataTable, toRelation } from '../identifiers.ts';
import { fromPostgresError } from '../pg-errors.ts';
import { withTransaction } from '../transaction.ts';
import { dayTable } from './leaf.ts';
import { dropPartition, findPartition, lockSlot } from './slot.ts';

export interface PruneRequest {
  readonly dataset: Dataset;
  readonly account: string;
  /** Days that end at or before this instant go. */
  readonly before: Date;
  readonly now: Date;
  /** Only tells what would go. */
  readonly dryRun: boolean;
}

/** One day of one account whose rows were dropped. */
export interface PrunedDay {
  readonly dataset: string;
  readonly account: string;
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly reportKeys: readonly string[];
  /** As the ledger has them. */
  readonly rows: number;
}

const LOCK_TIMEOUT_MS = 2_000;
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 250;

/**
 * Drops the partitions of days that are old enough. The units stay in the ledger, loaded and settled, with the time of it,
 * so nothing is fetched again because of it. A dataset without partitions has nothing to prune.
 */
export async function prunePartitions(
  connection: Connection,
  request: PruneRequest,
): Promise<readonly PrunedDay[]> {
  const pruned: PrunedDay[] = [];
  for (const day of await findDays(connection, request)) {
    const found = await patiently(() => pruneDay(connection, request, day));
    if (found === undefined) continue;
    pruned.push(found);
    if (!request.dryRun) await patiently(() => dropEmptyDay(connection, request.dataset, day));
  }
  return pruned;
}

/** Days with a table that end before the limit, the oldest first. */
async function findDays(
  connection: Connection,
  { dataset, before }: PruneRequest,
): Promise<readonly string[]> {
  try {
    const found = await connection.queries.query<{ day: string }>(
      `SELECT to_char(bounds.from_instant AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day
       FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid, LATERAL (
         SELECT (parts[1])::timestamptz AS from_instant, (parts[2])::timestamptz AS to_instant
         FROM regexp_match(pg_get_expr(relpartbound, pg_class.oid), $$FROM \\('(.+)'\\) TO \\('(.+)'\\)$$) AS parts
       ) AS bounds
       WHERE inhparent = to_regclass($1) AND bounds.to_instant <= $2
       ORDER BY bounds.from_instant`,
      [toDataTable(dataset).sql, before],
    );
    return found.rows.map((row) => row.day);
  } catch (error) {
    throw fromPostgresError(error, `Looking for old partitions of ${dataset.name}`, connection.label);
  }
}

async function pruneDay(
  connection: Connection,
  request: PruneRequest,
  day: string,
): Promise<PrunedDay | undefined> {
  const { dataset, account } = request;
  const period = dayPeriod(parseUtcDay(day, 'the partition'));
  const slot = { dataset, unit: { account, dataset: dataset.name, reportKey: '', period } };
  const options = {
    pool: 'loads',
    doing: `Pruning ${dataset.name} of ${day}`,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  } as const;
  return await withTransaction(connection, options, async (client) => {
    await lockSlot(client, slot);
    const partition = await findPartition(client, slot);
    if (partition === undefined) return undefined;
    const where = `account = $1 AND dataset = $2 AND period_start >= $3 AND period_start < $4
      AND load_id IS NOT NULL AND pruned_at IS NULL`;
    const parameters = [account, dataset.name, period.start, period.end];
    const units = await client.query<{ report_key: string; rows: string | null }>(
      `SELECT report_key, rows FROM ledger.units WHERE ${where} ORDER BY report_key`,
      parameters,
    );
    if (!request.dryRun) {
      await client.query(
        `UPDATE ledger.units SET pruned_at = $5, settled_at = coalesce(settled_at, $5), next_check_at = NULL WHERE ${where}`,
        [...parameters, request.now],
      );
      await dropPartition(client, slot, partition);
    }
    return {
      dataset: dataset.name,
      account,
      day,
      reportKeys: units.rows.map((row) => row.report_key),
      rows: units.rows.reduce((sum, row) => sum + Number(row.rows ?? 0), 0),
    };
  });
}

/** The day's table goes with its last account; for that the whole data table is needed alone for a moment. */
async function dropEmptyDay(connection: Connection, dataset: Dataset, day: string): Promise<void> {
  const period = dayPeriod(parseUtcDay(day, 'the partition'));
  const table: Relation = dayTable({
    dataset,
    unit: { account: '', dataset: dataset.name, reportKey: '', period },
  });
  const root = toDataTable(dataset);
  const options = {
    pool: 'loads',
    doing: `Pruning ${dataset.name} of ${day}`,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  } as const;
  await withTransaction(connection, options, async (client) => {
    const empty = await client.query(
      `SELECT FROM pg_class WHERE oid = to_regclass($1)
         AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = pg_class.oid)`,
      [table.sql],
    );
    if (empty.rows.length === 0) return;
    await client.query(`ALTER TABLE ${root.sql} DETACH PARTITION ${table.sql}`);
    // a load that attached a partition to it meanwhile has committed by now
    const filled = await client.query('SELECT FROM pg_inherits WHERE inhparent = to_regclass($1)', [
      table.sql,
    ]);
    if (filled.rows.length === 0)
      await client.query(`DROP TABLE ${toRelation(table.schema, table.table).sql}`);
    else await client.query(reattachSql(root, table, period));
  });
}

function reattachSql(
  root: Relation,
  table: Relation,
  period: { readonly start: Date; readonly end: Date },
): string {
  const [from, to] = [period.start.toISOString(), period.end.toISOString()];
  return `ALTER TABLE ${root.sql} ATTACH PARTITION ${table.sql} FOR VALUES FROM ('${from}') TO ('${to}')`;
}

/** Readers go first: a prune that would make them queue gives way and is tried again. */
async function patiently<Result>(step: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      if ((error as EdgeledgerError).code !== 'warehouse.conflict' || attempt >= ATTEMPTS) throw error;
      await setTimeout(FIRST_PAUSE_MS * attempt);
    }
  }
}
