import { type ColumnType, fieldReader } from '@edgeledger/core';
import type pg from 'pg';
import { toPostgresType } from '../columns.ts';
import { quoteIdentifier, type Relation } from '../identifiers.ts';
import { readColumnTexts } from './column-text.ts';

/** A unit with values that a type refuses. */
export interface RefusedUnit {
  readonly account: string;
  readonly reportKey: string;
}

export interface Conversion {
  /** False: some value is refused and nothing was changed. */
  readonly isConverted: boolean;
  readonly values: number;
  readonly units: readonly RefusedUnit[];
}

export interface ColumnToConvert {
  readonly table: Relation;
  readonly column: string;
  readonly type: ColumnType;
  /** Make NULL of what the type refuses. */
  readonly force: boolean;
}

const CHUNK = 5_000;

/**
 * Changes a column's type in place. What a value means is decided by the same reader that takes it from a report, so
 * that converting gives what loading again would give; Postgres only casts what is left.
 */
export async function convertColumn(client: pg.PoolClient, request: ColumnToConvert): Promise<Conversion> {
  const { table, column, type, force } = request;
  await client.query(
    'CREATE TEMPORARY TABLE converted_texts (text text NOT NULL, canonical text) ON COMMIT DROP',
  );
  const values = await readConversions(client, request);
  const units = values === 0 ? [] : await findRefusedUnits(client, request);
  if (values > 0 && !force) return { isConverted: false, values, units };
  const name = quoteIdentifier(column);
  await client.query(`ALTER TABLE ${table.sql} ALTER COLUMN ${name} TYPE text USING ${name}::text`);
  await client.query(
    `UPDATE ${table.sql} AS kept SET ${name} = converted_texts.canonical
     FROM converted_texts WHERE kept.${name} = converted_texts.text`,
  );
  const postgresType = toPostgresType(type);
  await client.query(
    `ALTER TABLE ${table.sql} ALTER COLUMN ${name} TYPE ${postgresType} USING ${name}::${postgresType}`,
  );
  await client.query('DROP TABLE pg_temp.converted_texts');
  return { isConverted: true, values, units };
}

/** Writes down every text that has another spelling in the new type, or none; gives how many rows are refused. */
async function readConversions(
  client: pg.PoolClient,
  { table, column, type }: ColumnToConvert,
): Promise<number> {
  const read = fieldReader(type);
  let refused = 0;
  let found: { text: string; canonical: string | null }[] = [];
  const write = async (): Promise<void> => {
    await client.query(
      'INSERT INTO converted_texts (text, canonical) SELECT * FROM unnest($1::text[], $2::text[])',
      [found.map(({ text }) => text), found.map(({ canonical }) => canonical)],
    );
    found = [];
  };
  for await (const batch of readColumnTexts(client, table, column)) {
    for (const { text, rows } of batch) {
      const canonical = read(text);
      if (canonical === text) continue;
      if (canonical === undefined) refused += rows;
      found.push({ text, canonical: canonical ?? null });
    }
    if (found.length >= CHUNK) await write();
  }
  if (found.length > 0) await write();
  await client.query('ANALYZE pg_temp.converted_texts');
  return refused;
}

async function findRefusedUnits(
  client: pg.PoolClient,
  { table, column }: ColumnToConvert,
): Promise<readonly RefusedUnit[]> {
  const found = await client.query<RefusedUnit>(
    `SELECT DISTINCT account, report_key AS "reportKey"
     FROM ${table.sql} AS kept JOIN converted_texts ON kept.${quoteIdentifier(column)}::text = converted_texts.text
     WHERE canonical IS NULL ORDER BY 1, 2`,
  );
  return found.rows;
}
