import type pg from 'pg';
import type { Connection } from '../connect.ts';
import { quoteIdentifier, type Relation, toDataTable, toRelation } from '../identifiers.ts';
import type { LoadIdentity } from '../load-identity.ts';
import { relationExists } from '../staging.ts';
import { withTransaction } from '../transaction.ts';
import { dayTable, quoteText, toDayRange } from './leaf.ts';

/*
 * A slot: the place of one account within one day of a partitioned table. Usually one unit fills it. Where two report keys of
 * an account fall on one day (a report imported under a name of its own), they share the slot's partition.
 */

type Slot = Pick<LoadIdentity, 'unit' | 'dataset'>;

/** One at a time may change a slot. Held until the transaction ends. */
export async function lockSlot(client: pg.PoolClient, slot: Slot): Promise<void> {
  const name = `${dayTable(slot).table}/${slot.unit.account}`;
  await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('edgeledger.slot:' || $1, 0))`, [name]);
}

/** The partition that is attached for a day and account. */
export async function findPartition(client: pg.PoolClient, slot: Slot): Promise<Relation | undefined> {
  const day = dayTable(slot);
  const found = await client.query<{ schema: string; name: string }>(
    `SELECT nspname AS schema, relname AS name
     FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE inhparent = (
         SELECT parent.oid FROM pg_class AS parent JOIN pg_namespace ON pg_namespace.oid = parent.relnamespace
         WHERE nspname = $1 AND relname = $2)
       AND pg_get_expr(relpartbound, pg_class.oid) = 'FOR VALUES IN (''' || replace($3, '''', '''''') || ''')'`,
    [day.schema, day.table, slot.unit.account],
  );
  const row = found.rows[0];
  return row === undefined ? undefined : toRelation(row.schema, row.name);
}

/** Makes the day's table, in a transaction of its own: it is made aside and attached, which blocks no reader. */
export async function ensureDay(connection: Connection, slot: Slot, lockTimeoutMs: number): Promise<void> {
  const day = dayTable(slot);
  const present = await connection.queries.query('SELECT FROM pg_class WHERE oid = to_regclass($1)', [
    day.sql,
  ]);
  if (present.rows.length > 0) return;
  const root = toDataTable(slot.dataset);
  const { from, to } = toDayRange(slot.unit);
  const options = { pool: 'loads', doing: `Making ${day.schema}.${day.table}`, lockTimeoutMs } as const;
  await withTransaction(connection, options, async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('edgeledger.day:' || $1, 0))`, [
      day.table,
    ]);
    if (await relationExists(client, day)) return;
    // no column may be added to the root between the copy of its columns and the attachment
    await client.query(`LOCK TABLE ONLY ${root.sql} IN SHARE UPDATE EXCLUSIVE MODE`);
    await client.query(`CREATE TABLE ${day.sql} (LIKE ${root.sql}) PARTITION BY LIST (account)`);
    await client.query(
      `ALTER TABLE ${root.sql} ATTACH PARTITION ${day.sql} FOR VALUES FROM ('${from}') TO ('${to}')`,
    );
  });
}

/** Takes a partition away and drops it. Needs the day's table alone for a moment. */
export async function dropPartition(client: pg.PoolClient, slot: Slot, partition: Relation): Promise<void> {
  await client.query(`ALTER TABLE ${dayTable(slot).sql} DETACH PARTITION ${partition.sql}`);
  await client.query(`DROP TABLE ${partition.sql}`);
}

export async function attachPartition(
  client: pg.PoolClient,
  slot: Slot,
  leaf: { readonly table: Relation; readonly name: string },
): Promise<Relation> {
  const { table, name } = leaf;
  const partition = toRelation('partitions', name);
  await client.query(`ALTER TABLE ${table.sql} RENAME TO ${quoteIdentifier(name)}`);
  await client.query(`ALTER TABLE ${table.schema}.${quoteIdentifier(name)} SET SCHEMA ${partition.schema}`);
  await client.query(
    `ALTER TABLE ${dayTable(slot).sql} ATTACH PARTITION ${partition.sql} FOR VALUES IN (${quoteText(slot.unit.account)})`,
  );
  return partition;
}
