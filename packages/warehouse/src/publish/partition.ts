import { setTimeout } from 'node:timers/promises';
import { type PassMilestone, TransientError } from '@edgeledger/core';
import type pg from 'pg';
import type { Connection } from '../connect.ts';
import { quoteIdentifier, type Relation } from '../identifiers.ts';
import type { LoadIdentity } from '../load-identity.ts';
import { endVacuum } from '../partition/end-vacuum.ts';
import {
  addMissingColumns,
  createLeaf,
  dayTable,
  leafExists,
  partitionName,
  sealLeaf,
  toDayRange,
  unsealPartition,
} from '../partition/leaf.ts';
import { attachPartition, dropPartition, ensureDay, findPartition, lockSlot } from '../partition/slot.ts';
import { copyVisiblePart } from '../same-part.ts';
import { leafTable, relationExists } from '../staging.ts';
import { withTransaction } from '../transaction.ts';
import { lockUnitRows, readUnit } from '../unit-lock.ts';
import { assertComplete } from './replace.ts';
import {
  contentColumns,
  type PublishTarget,
  type RowCounts,
  selectPartSql,
  unitParameters,
} from './source.ts';
import { readStaged } from './staged-load.ts';
import { isVisibleAlready, toPublishTarget } from './target.ts';

/** How long readers of a day may be held up by the swap; then it gives way and is tried again. */
export const SWAP_LOCK_TIMEOUT_MS = 2_000;

/**
 * Everything that takes time and that no reader sees: parts that were staged as rows, or not at all because they are visible
 * already, come into the leaf, then it gets its key.
 * Running it again does nothing.
 */
export async function prepareLeaf(
  client: pg.PoolClient,
  load: LoadIdentity,
  target: PublishTarget,
): Promise<void> {
  const loose = target.parts.filter((part) => !part.inLeaf);
  if (loose.some((part) => part.rows > 0)) await createLeaf(client, load);
  for (const part of loose) {
    if (part.rows === 0) continue;
    await (part.sameAs === null ? moveIntoLeaf : copyVisiblePart)(client, target, part);
  }
  if (await leafExists(client, load.loadId)) {
    await addMissingColumns(client, load);
    await sealLeaf(client, load);
  }
}

async function moveIntoLeaf(
  client: pg.PoolClient,
  target: PublishTarget,
  part: PublishTarget['parts'][number],
): Promise<void> {
  const leaf = leafTable(target.loadId);
  // a first attempt may have moved it already
  const names = ['account', 'report_key', 'load_id', 'period_start', 'period_end', ...contentColumns(target)];
  await client.query('SET LOCAL synchronize_seqscans = off');
  const result = await client.query(
    `INSERT INTO ${leaf.sql} (${names.map(quoteIdentifier).join(', ')})
     SELECT $1, $2, $5::bigint, staged.* FROM (${selectPartSql(target, part, { start: '$3', end: '$4' })}) AS staged`,
    [...unitParameters(target)],
  );
  assertComplete(part, result.rowCount ?? 0);
  await client.query(`DROP TABLE ${part.relation.sql}`);
}

interface PartitionToPrepare {
  readonly target: PublishTarget;
  readonly rowsBefore: number;
  readonly passing: PassMilestone | undefined;
}

/**
 * Swaps the unit's partition: the old one goes, the prepared leaf comes, in the transaction that writes the ledger. What
 * readers have to wait for is in `swap`.
 */
export async function preparePartition(
  client: pg.PoolClient,
  load: LoadIdentity,
  { target, rowsBefore, passing }: PartitionToPrepare,
): Promise<{ readonly counts: RowCounts; readonly swap: () => Promise<void> }> {
  await lockSlot(client, load);
  const old = await findPartition(client, load);
  await prepareLeaf(client, load, target);
  if (old !== undefined) await keepOtherUnits(client, load, { target, old });
  const hasLeaf = await leafExists(client, load.loadId);
  const inserted = target.parts.reduce((sum, part) => sum + part.rows, 0);
  return {
    counts: { inserted, updated: 0, unchanged: 0, deleted: rowsBefore },
    swap: () => swapPartition(client, load, { old, hasLeaf, root: target.table, passing }),
  };
}

interface Swap {
  readonly old: Relation | undefined;
  readonly hasLeaf: boolean;
  readonly root: Relation;
  readonly passing: PassMilestone | undefined;
}

async function swapPartition(client: pg.PoolClient, load: LoadIdentity, swap: Swap): Promise<void> {
  const { old, hasLeaf, root, passing } = swap;
  if (!hasLeaf && old === undefined) return;
  await client.query(`SET LOCAL lock_timeout = ${SWAP_LOCK_TIMEOUT_MS}`);
  if (!(await relationExists(client, dayTable(load)))) {
    throw new TransientError(
      'warehouse.conflict',
      `Publishing ${load.label}: the table of its day was pruned meanwhile. It is made again.`,
    );
  }
  // in the order in which adding a column locks them; from here on none is added
  await client.query(`LOCK TABLE ONLY ${root.sql} IN ACCESS SHARE MODE`);
  await client.query(`LOCK TABLE ONLY ${dayTable(load).sql} IN SHARE UPDATE EXCLUSIVE MODE`);
  if (hasLeaf) await addMissingColumns(client, load);
  if (old !== undefined) await dropPartition(client, load, old);
  passing?.('partition.detached');
  if (!hasLeaf) return;
  const leaf = { table: leafTable(load.loadId), name: partitionName(load) };
  await unsealPartition(client, await attachPartition(client, load, leaf));
  passing?.('partition.attached');
}

/** Rows of other report keys of the same account and day move over; there are hardly ever any. */
async function keepOtherUnits(
  client: pg.PoolClient,
  load: LoadIdentity,
  { target, old }: { readonly target: PublishTarget; readonly old: Relation },
): Promise<void> {
  const { account, reportKey } = load.unit;
  const day = toDayRange(load.unit);
  const others = await client.query<{ found: boolean }>(
    `SELECT EXISTS (
       SELECT FROM ledger.units
       WHERE account = $1 AND dataset = $2 AND report_key <> $3 AND period_start >= $4 AND period_start < $5
         AND load_id IS NOT NULL AND rows > 0 AND pruned_at IS NULL) AS found`,
    [account, load.dataset.name, reportKey, day.from, day.to],
  );
  if (others.rows[0]?.found !== true) return;
  await createLeaf(client, load);
  await sealLeaf(client, load);
  const names = [...target.columns.keys()].map(quoteIdentifier).join(', ');
  await client.query(
    `INSERT INTO ${leafTable(load.loadId).sql} (${names}) SELECT ${names} FROM ${old.sql} WHERE report_key <> $1`,
    [reportKey],
  );
}

const SWAP_ATTEMPTS = 8;
const FIRST_PAUSE_MS = 250;

/**
 * Prepares what takes long in a transaction of its own, then publishes. When readers hold the day's table for longer than
 * they may be made to queue behind us, the swap gives way and is tried again.
 */
export async function swapPatiently<Result>(
  connection: Connection,
  load: LoadIdentity,
  publish: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (await prepareAside(connection, load)) await ensureDay(connection, load, SWAP_LOCK_TIMEOUT_MS);
      connection.passing?.('partition.prepared');
      return await publish();
    } catch (error) {
      const isConflict = error instanceof TransientError && error.code === 'warehouse.conflict';
      if (!isConflict || attempt >= SWAP_ATTEMPTS) throw error;
      await setTimeout(FIRST_PAUSE_MS * attempt);
    }
  }
}

/** Fills and seals the leaf, unless the load will turn out to be outdated or unchanged; true when it has a leaf. */
async function prepareAside(connection: Connection, load: LoadIdentity): Promise<boolean> {
  const options = { pool: 'loads', doing: `Preparing ${load.label}` } as const;
  return await withTransaction(connection, options, async (client) => {
    await lockUnitRows(client, load.unitId);
    const unit = await readUnit(client, load.unitId);
    const state = await client.query(`SELECT FROM ledger.loads WHERE load_id = $1 AND outcome = 'running'`, [
      load.loadId,
    ]);
    if (unit === undefined || state.rows.length === 0) return false;
    const staged = await readStaged(client, load);
    const target = await toPublishTarget(client, load, staged.parts);
    if (await isVisibleAlready(client, target, { unit, staged })) return false;
    await Promise.all([prepareLeaf(client, load, target), endVacuum(connection, load)]);
    return await leafExists(client, load.loadId);
  });
}
