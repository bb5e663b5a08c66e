import { InvariantError, TransientError } from '@edgeledger/core';
import type pg from 'pg';
import { quoteIdentifier, type Relation, toRelation } from './identifiers.ts';

/*
 * Where rows wait until they are published.
 *
 * Each part has an unlogged table of its own, staging.load_<load id>_part_<part>: parts of one report are staged by
 * several processes at once, none of them waits for another's ALTER or DELETE, and forgetting a part is a DROP.
 * The table, its rows and its receipt in staging.parts commit together, so a part is staged whole or not at all.
 *
 * Parts of partitioned datasets go into one logged table for all of them, staging.load_<load id>_leaf (partition/leaf.ts).
 */

export function stagingTable(loadId: string, partNo: number): Relation {
  if (!/^\d+$/.test(loadId) || !Number.isSafeInteger(partNo) || partNo < 0) {
    throw new InvariantError(`Load ${loadId}, part ${partNo} cannot be staged: both are numbers, from 0 up.`);
  }
  return toRelation('staging', `load_${loadId}_part_${partNo}`);
}

/** Where all parts of a load for a partitioned table are. */
export function leafTable(loadId: string): Relation {
  if (!/^\d+$/.test(loadId)) throw new InvariantError(`Load ${loadId} cannot be staged: it is no number.`);
  return toRelation('staging', `load_${loadId}_leaf`);
}

/**
 * Whether a table is there now. Not by `to_regclass`: inside a transaction that may answer from a cache which has not heard of
 * a table that another session has just made or dropped.
 */
export async function relationExists(client: pg.Pool | pg.PoolClient, relation: Relation): Promise<boolean> {
  const found = await client.query(
    `SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = $1 AND relname = $2`,
    [relation.schema, relation.table],
  );
  return found.rows.length > 0;
}

/** A staged part as publishing reads it. */
export interface StagedPart {
  readonly partNo: number;
  readonly relation: Relation;
  readonly columns: readonly string[];
  readonly rows: number;
  /** Its rows are in the load's leaf already, not in a table of their own. */
  readonly inLeaf: boolean;
}

/**
 * Held shared while a part is staged, by transaction. Who gets it exclusively knows that no worker is in the
 * middle of a part of this load.
 */
export async function lockLoadShared(client: pg.PoolClient, loadId: string): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock_shared(hashtextextended('edgeledger.load:' || $1, 0))`, [
    loadId,
  ]);
}

export async function tryLockLoad(client: pg.PoolClient, loadId: string): Promise<boolean> {
  const result = await client.query<{ locked: boolean }>(
    `SELECT pg_try_advisory_xact_lock(hashtextextended('edgeledger.load:' || $1, 0)) AS locked`,
    [loadId],
  );
  return result.rows[0]?.locked === true;
}

/**
 * Refuses when the load has ended. With `untilCommit`, an end that comes at the same moment waits for this
 * transaction and then sees what it staged; not to be held while a part streams.
 */
export async function assertLoadRuns(
  client: pg.PoolClient,
  loadId: string,
  hold: 'now' | 'untilCommit',
): Promise<void> {
  const result = await client.query<{ outcome: string }>(
    `SELECT outcome FROM ledger.loads WHERE load_id = $1${hold === 'untilCommit' ? ' FOR SHARE' : ''}`,
    [loadId],
  );
  const outcome = result.rows[0]?.outcome ?? 'unknown';
  if (outcome !== 'running') {
    throw new TransientError(
      'load.superseded',
      `Load ${loadId} has ended already (${outcome}); nothing can be staged for it any more. The next attempt begins a new load.`,
    );
  }
}

/** Forgets one staged part: table, receipt, rejects. */
export async function removeStagedPart(client: pg.PoolClient, loadId: string, partNo: number): Promise<void> {
  const table = stagingTable(loadId, partNo);
  const receipts = await client.query('DELETE FROM staging.parts WHERE load_id = $1 AND part_no = $2', [
    loadId,
    partNo,
  ]);
  if (await relationExists(client, table)) await client.query(`DROP TABLE ${table.sql}`);
  else if (receipts.rowCount !== 0 && (await relationExists(client, leafTable(loadId)))) {
    await client.query(`DELETE FROM ${leafTable(loadId).sql} WHERE part = $1`, [partNo]);
  }
  await client.query('DELETE FROM staging.rejects WHERE load_id = $1 AND part_no = $2', [loadId, partNo]);
}

/** Drops everything that was staged for a load. Call it after the load's row says that it has ended. */
export async function removeStagedLoad(client: pg.PoolClient, loadId: string): Promise<void> {
  const tables = await client.query<{ table: string }>(
    `SELECT relname AS table FROM pg_class
     WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r' AND relname ~ ('^load_' || $1 || '_(part_[0-9]+|leaf)$')`,
    [loadId],
  );
  if (tables.rows.length > 0) {
    const names = tables.rows.map((row) => `staging.${quoteIdentifier(row.table)}`);
    await client.query(`DROP TABLE ${names.join(', ')}`);
  }
  await client.query('DELETE FROM staging.parts WHERE load_id = $1', [loadId]);
  await client.query('DELETE FROM staging.rejects WHERE load_id = $1', [loadId]);
  await client.query('DELETE FROM staging.loads WHERE load_id = $1', [loadId]);
}
