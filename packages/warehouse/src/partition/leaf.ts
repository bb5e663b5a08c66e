import type { UnitRef } from '@edgeledger/core';
import type pg from 'pg';
import { readTableColumns } from '../columns.ts';
import { quoteIdentifier, type Relation, toDataTable, toRelation } from '../identifiers.ts';
import type { LoadIdentity } from '../load-identity.ts';
import { leafTable, relationExists } from '../staging.ts';

/*
 * A leaf: the table that a load of a partitioned dataset fills aside, staging.load_<load id>_leaf. It is an ordinary, logged
 * table of the data table's shape without the key, so that COPY into it costs least; many workers fill it at once. A check
 * proves of every row that it belongs to the leaf's day and account, so that it can be attached as a partition without being
 * read: checking in COPY costs a tenth of a pass over the rows afterwards. Sealing builds the key, mostly when all rows are there.
 */

export async function isPartitioned(client: pg.Pool | pg.PoolClient, table: Relation): Promise<boolean> {
  const found = await client.query<{ kind: string }>(
    'SELECT relkind AS kind FROM pg_class WHERE oid = to_regclass($1)',
    [table.sql],
  );
  return found.rows[0]?.kind === 'p';
}

export async function leafExists(client: pg.Pool | pg.PoolClient, loadId: string): Promise<boolean> {
  return await relationExists(client, leafTable(loadId));
}

/**
 * From so many parts on, of up to 64 MB each, the key is built while rows come in. Building it afterwards is a second pass over
 * them, which marks each row as committed; whatever a checkpoint came upon in between is written into the WAL once more by that.
 * Ten parts of 64 MB took 7.6 GB of WAL instead of 12.6 and a tenth less time; three of 31 MB took 7 to 11 % more
 * (bench/README.md). Between those nothing was measured.
 */
const KEYED_FROM_PARTS = 5;

/** Makes the leaf unless it is there. What is the same in all of its rows are column defaults, and need not be sent. */
export async function createLeaf(client: pg.PoolClient, load: LoadIdentity): Promise<Relation> {
  const leaf = leafTable(load.loadId);
  await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('edgeledger.leaf:' || $1, 0))`, [
    load.loadId,
  ]);
  if (!(await leafExists(client, load.loadId))) {
    const { account, reportKey, period } = load.unit;
    const defaults = [
      ['account', quoteText(account)],
      ['report_key', quoteText(reportKey)],
      ['period_start', `'${period.start.toISOString()}'`],
      ['period_end', `'${period.end.toISOString()}'`],
      ['load_id', load.loadId],
    ].map(([name, value]) => `ALTER ${name} SET DEFAULT ${value}`);
    // autovacuum would come for the parts that are there, and its key would wait a second until it gives way
    await client.query(
      `CREATE TABLE ${leaf.sql} (LIKE ${toDataTable(load.dataset).sql}) WITH (autovacuum_enabled = false)`,
    );
    await client.query(`ALTER TABLE ${leaf.sql} ${defaults.join(', ')}, ${toBelongingCheck(load)}`);
    if ((load.partCount ?? 0) >= KEYED_FROM_PARTS) await sealLeaf(client, load);
  }
  await addMissingColumns(client, load);
  return leaf;
}

/** Columns that the data table got since the leaf was made. */
export async function addMissingColumns(client: pg.PoolClient, load: LoadIdentity): Promise<void> {
  const leaf = leafTable(load.loadId);
  const present = await readTableColumns(client, leaf);
  const wanted = await readTableColumns(client, toDataTable(load.dataset));
  const missing = [...wanted].filter(([name]) => !present.has(name));
  if (missing.length === 0) return;
  const added = missing.map(([name, type]) => `ADD COLUMN IF NOT EXISTS ${quoteIdentifier(name)} ${type}`);
  await client.query(`ALTER TABLE ${leaf.sql} ${added.join(', ')}`);
}

const BELONGS = 'edgeledger_belongs';

/** From which Postgres can tell that the leaf fits its place, together with both columns being NOT NULL. */
function toBelongingCheck(load: LoadIdentity): string {
  const day = toDayRange(load.unit);
  return `ADD CONSTRAINT ${BELONGS} CHECK (
    account = ${quoteText(load.unit.account)} AND period_start >= '${day.from}' AND period_start < '${day.to}')`;
}

/** Builds the key, unless it is there. */
export async function sealLeaf(client: pg.PoolClient, load: LoadIdentity): Promise<void> {
  const leaf = leafTable(load.loadId);
  if ((await readKeyColumns(client, leaf)).length > 0) return;
  const key = await readKeyColumns(client, toDataTable(load.dataset));
  await client.query(
    `ALTER TABLE ${leaf.sql}
       ADD CONSTRAINT ${quoteIdentifier(`${partitionName(load)}_pkey`)} PRIMARY KEY (${key.map(quoteIdentifier).join(', ')})`,
  );
}

/** Once attached, the partition's bounds say what the check said, nothing is inserted by default, and it is vacuumed like any other. */
export async function unsealPartition(client: pg.PoolClient, partition: Relation): Promise<void> {
  const drops = ['account', 'report_key', 'period_start', 'period_end', 'load_id'].map(
    (name) => `ALTER ${name} DROP DEFAULT`,
  );
  await client.query(
    `ALTER TABLE ${partition.sql} DROP CONSTRAINT ${BELONGS}, ${drops.join(', ')}, RESET (autovacuum_enabled)`,
  );
}

async function readKeyColumns(client: pg.PoolClient, table: Relation): Promise<readonly string[]> {
  const found = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_index, unnest(indkey) WITH ORDINALITY AS members (attnum, place)
       JOIN pg_attribute USING (attnum)
     WHERE indrelid = $1::regclass AND indisprimary AND attrelid = indrelid ORDER BY place`,
    [table.sql],
  );
  return found.rows.map((row) => row.name);
}

/** The UTC day that a unit's rows are filed under, as bounds. */
export function toDayRange(unit: UnitRef): {
  readonly from: string;
  readonly to: string;
  readonly day: string;
} {
  const day = unit.period.start.toISOString().slice(0, 10);
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
  return { from: `${day} 00:00:00+00`, to: `${next} 00:00:00+00`, day };
}

/** `cdn_logs_20261120`: one for each day that has rows. */
export function dayTable(load: Pick<LoadIdentity, 'unit' | 'dataset'>): Relation {
  const { table } = toDataTable(load.dataset);
  return toRelation('partitions', `${table}_${toDayRange(load.unit).day.replaceAll('-', '')}`);
}

/** `cdn_logs_20261120_load_17`: the name that the leaf of load 17 gets when it is attached. */
export function partitionName(load: LoadIdentity): string {
  return `${dayTable(load).table}_load_${load.loadId}`;
}

export function quoteText(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
