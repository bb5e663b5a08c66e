import type pg from 'pg';
import { quoteIdentifier, type Relation } from '../identifiers.ts';

/** Distinct values that are read at once. */
const BATCH = 5_000;

/** Every distinct text of a column with the number of its rows, in batches: memory does not grow with the table. */
export async function* readColumnTexts(
  client: pg.PoolClient,
  table: Relation,
  column: string,
): AsyncGenerator<readonly { readonly text: string; readonly rows: number }[]> {
  const name = quoteIdentifier(column);
  await client.query(
    `DECLARE column_texts NO SCROLL CURSOR FOR
     SELECT ${name}::text AS text, count(*) AS rows FROM ${table.sql} WHERE ${name} IS NOT NULL GROUP BY 1`,
  );
  for (;;) {
    const batch = await client.query<{ text: string; rows: string }>(`FETCH ${BATCH} FROM column_texts`);
    if (batch.rows.length === 0) break;
    yield batch.rows.map(({ text, rows }) => ({ text, rows: Number(rows) }));
  }
  await client.query('CLOSE column_texts');
}
