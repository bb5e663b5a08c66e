import type { Column, Dataset } from '@edgeledger/core';
import type pg from 'pg';
import { toPostgresType } from './columns.ts';
import type { Connection } from './connect.ts';
import { quoteIdentifier, toDataTable } from './identifiers.ts';
import { withTransaction } from './transaction.ts';

const LOCK_TIMEOUT_MS = 10_000;

const SYSTEM_COMMENTS = {
  account: 'Account name of the source, as configured.',
  report_key: 'The unit the row belongs to, see ledger.units.',
  period_start: "Start of the row's interval (or of the window), UTC, inclusive.",
  period_end: "End of the row's interval (or of the window), UTC, exclusive.",
  load_id: 'The load that wrote the row as it is, see ledger.loads.',
} as const;

/**
 * Makes the table of a dataset whose columns follow from what the vendor says of its report, so that another
 * report needs configuration and no migration. Columns that come later are added; nothing is ever dropped.
 */
export async function ensureGeneratedTable(connection: Connection, dataset: Dataset): Promise<void> {
  if (dataset.generated === undefined) return;
  const { schema, table, sql } = toDataTable(dataset);
  const options = {
    pool: 'queries',
    doing: `Making the table ${dataset.name}`,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  } as const;
  if (await hasAllColumns(connection, dataset)) return;
  await withTransaction(connection, options, async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('edgeledger.columns:' || $1, 0))`, [
      dataset.name,
    ]);
    const exists = await client.query<{ found: boolean }>(
      'SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = $2) AS found',
      [schema, table],
    );
    if (exists.rows[0]?.found !== true) await createTable(client, dataset);
    for (const column of dataset.columns) await ensureColumn(client, sql, column);
  });
}

/** A look at the catalog, so that the usual load needs no lock. */
async function hasAllColumns(connection: Connection, dataset: Dataset): Promise<boolean> {
  const found = await connection.queries.query<{ name: string }>(
    'SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped',
    [toDataTable(dataset).sql],
  );
  const present = new Set(found.rows.map((row) => row.name));
  return present.size > 0 && dataset.columns.every((column) => present.has(column.name));
}

/** Through a function of the owner: whoever loads may make nothing in the schemas of the data by itself. */
async function createTable(client: pg.PoolClient, dataset: Dataset): Promise<void> {
  const { schema, table, sql } = toDataTable(dataset);
  await client.query(
    'SELECT ledger.make_report_table($1::text, $2::text, $3::text[], $4::text[], $5::text[])',
    [
      schema,
      table,
      dataset.columns.map(({ name }) => name),
      dataset.columns.map(({ type }) => toPostgresType(type)),
      dataset.identity,
    ],
  );
  await comment(client, `TABLE ${sql}`, dataset.generated?.comment ?? '');
  for (const [name, text] of Object.entries(SYSTEM_COMMENTS)) {
    await comment(client, `COLUMN ${sql}.${quoteIdentifier(name)}`, text);
  }
}

async function ensureColumn(client: pg.PoolClient, sql: string, column: Column): Promise<void> {
  const name = quoteIdentifier(column.name);
  await client.query(`ALTER TABLE ${sql} ADD COLUMN IF NOT EXISTS ${name} ${toPostgresType(column.type)}`);
  await comment(
    client,
    `COLUMN ${sql}.${name}`,
    column.comment ?? `As the vendor sends it (${column.name}).`,
  );
}

/** COMMENT takes no parameters; the text is the vendor's. */
async function comment(client: pg.PoolClient, what: string, text: string): Promise<void> {
  const clean = text.replaceAll('\0', '').slice(0, 2000);
  await client.query(`COMMENT ON ${what} IS E'${clean.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`);
}
