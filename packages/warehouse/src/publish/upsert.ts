import type pg from 'pg';
import { quoteIdentifier } from '../identifiers.ts';
import { assertComplete } from './replace.ts';
import {
  contentColumns,
  type PublishTarget,
  type RowCounts,
  selectPartSql,
  unitParameters,
} from './source.ts';

/**
 * Writes only what differs: a row that is there already with the same values is not touched, not even its
 * load_id, and a row that the report no longer has goes. Update and insert are two statements instead of a
 * MERGE, because MERGE tells how many rows it updated and inserted only from Postgres 17 on.
 */
export async function publishUpsert(client: pg.PoolClient, target: PublishTarget): Promise<RowCounts> {
  const incoming = await collectIncoming(client, target);
  const { table } = target;
  const parameters = unitParameters(target);
  const key = keyColumns(target).map(quoteIdentifier);
  const unitMatch = 'kept.account = $1 AND kept.report_key = $2';
  const keyMatch = key.map((name) => `kept.${name} = fresh.${name}`).join(' AND ');
  const isKey = new Set(keyColumns(target));
  const values = ['period_end', ...contentColumns(target).filter((name) => !isKey.has(name))].map(
    quoteIdentifier,
  );

  const deleted = await client.query(
    `DELETE FROM ${table.sql} AS kept
     WHERE ${unitMatch} AND NOT EXISTS (SELECT FROM pg_temp.${incoming.table} AS fresh WHERE ${keyMatch})`,
    [parameters[0], parameters[1]],
  );
  const updated = await client.query(
    `UPDATE ${table.sql} AS kept SET ${values.map((name) => `${name} = fresh.${name}`).join(', ')}, load_id = $3::bigint
     FROM pg_temp.${incoming.table} AS fresh
     WHERE ${unitMatch} AND ${keyMatch}
       AND ROW(${values.map((name) => `kept.${name}`).join(', ')})
         IS DISTINCT FROM ROW(${values.map((name) => `fresh.${name}`).join(', ')})`,
    [parameters[0], parameters[1], parameters[4]],
  );
  const names = [...key, ...values];
  const inserted = await client.query(
    `INSERT INTO ${table.sql} (account, report_key, load_id, ${names.join(', ')})
     SELECT $1, $2, $3::bigint, ${names.map((name) => `fresh.${name}`).join(', ')}
     FROM pg_temp.${incoming.table} AS fresh
     WHERE NOT EXISTS (SELECT FROM ${table.sql} AS kept WHERE ${unitMatch} AND ${keyMatch})
     ORDER BY ${key.map((name) => `fresh.${name}`).join(', ')}`,
    [parameters[0], parameters[1], parameters[4]],
  );
  await client.query(`DROP TABLE pg_temp.${incoming.table}`);
  const written = { inserted: inserted.rowCount ?? 0, updated: updated.rowCount ?? 0 };
  return {
    ...written,
    unchanged: incoming.rows - written.inserted - written.updated,
    deleted: deleted.rowCount ?? 0,
  };
}

/** What identifies a row within its unit: the interval, then the dataset's identity. */
function keyColumns(target: PublishTarget): readonly string[] {
  return ['period_start', ...target.dataset.identity.filter((name) => name !== 'period_start')];
}

/** All parts in one temporary table, one row for each identity: of duplicates the last one of the report counts. */
async function collectIncoming(
  client: pg.PoolClient,
  target: PublishTarget,
): Promise<{ readonly table: string; readonly rows: number }> {
  const table = 'incoming';
  const [, , start, end] = unitParameters(target);
  const columns = ['period_start', 'period_end', ...contentColumns(target)].map(quoteIdentifier);
  await client.query(
    `CREATE TEMPORARY TABLE ${table} ON COMMIT DROP AS
     SELECT ${columns.join(', ')}, NULL::integer AS "incoming part", NULL::bigint AS "incoming row"
     FROM ${target.table.sql} WITH NO DATA`,
  );
  for (const part of target.parts) {
    const result = await client.query(
      `INSERT INTO pg_temp.${table}
       SELECT staged.*, ${part.partNo}, row_number() OVER () FROM (
         ${selectPartSql(target, part, { start: '$1', end: '$2' })} ORDER BY part_rows.row_no
       ) AS staged`,
      [start, end],
    );
    assertComplete(part, result.rowCount ?? 0);
  }
  const key = keyColumns(target).map(quoteIdentifier);
  await client.query(
    `DELETE FROM pg_temp.${table} AS earlier USING (
       SELECT ctid AS place, row_number() OVER (
         PARTITION BY ${key.join(', ')} ORDER BY "incoming part" DESC, "incoming row" DESC) AS rank
       FROM pg_temp.${table}
     ) AS ranked
     WHERE earlier.ctid = ranked.place AND ranked.rank > 1`,
  );
  await client.query(`ANALYZE pg_temp.${table}`);
  const count = await client.query<{ rows: string }>(`SELECT count(*) AS rows FROM pg_temp.${table}`);
  return { table, rows: Number(count.rows[0]?.rows ?? 0) };
}
