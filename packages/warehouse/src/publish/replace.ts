import { TransientError } from '@edgeledger/core';
import type pg from 'pg';
import { quoteIdentifier } from '../identifiers.ts';
import {
  contentColumns,
  type PublishTarget,
  type RowCounts,
  selectPartSql,
  unitParameters,
} from './source.ts';

/** Swaps the unit's rows as a whole: for reports whose rows have no identity but their place in the file. */
export async function publishReplace(client: pg.PoolClient, target: PublishTarget): Promise<RowCounts> {
  const { table } = target;
  const parameters = unitParameters(target);
  const deleted = await client.query(`DELETE FROM ${table.sql} WHERE account = $1 AND report_key = $2`, [
    parameters[0],
    parameters[1],
  ]);
  // a scan of a large table may otherwise start in its middle; rows belong in file order
  await client.query('SET LOCAL synchronize_seqscans = off');
  const names = ['account', 'report_key', 'load_id', 'period_start', 'period_end', ...contentColumns(target)];
  let inserted = 0;
  for (const part of target.parts) {
    const result = await client.query(
      `INSERT INTO ${table.sql} (${names.map(quoteIdentifier).join(', ')})
       SELECT $1, $2, $5::bigint, staged.* FROM (${selectPartSql(target, part, { start: '$3', end: '$4' })}) AS staged`,
      [...parameters],
    );
    assertComplete(part, result.rowCount ?? 0);
    inserted += part.rows;
  }
  return { inserted, updated: 0, unchanged: 0, deleted: deleted.rowCount ?? 0 };
}

/** An unlogged table is empty after a crash of the server: then its receipt says more than it holds. */
export function assertComplete(
  part: { readonly partNo: number; readonly rows: number },
  found: number,
): void {
  if (found === part.rows) return;
  throw new TransientError(
    'load.staging-lost',
    `Part ${part.partNo} was staged with ${part.rows} rows, but ${found} are there: Postgres probably crashed meanwhile. Nothing was published; the unit is read again.`,
  );
}
