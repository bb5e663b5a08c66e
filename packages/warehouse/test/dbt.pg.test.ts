import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createTestDatabase, dbtSourcesFile, dumpDbtSources } from '@edgeledger/testkit';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

interface DbtTable {
  readonly name: string;
  readonly loaded_at_field?: string;
  readonly columns: readonly { readonly name: string }[];
}

it('dbt/models/sources.yml is what the database says of itself', async () => {
  await using database = await createTestDatabase();
  const committed = await readFile(dbtSourcesFile(), 'utf8');
  const actual = await dumpDbtSources(database.connectionString);
  expect(actual === committed, 'dbt/models/sources.yml is stale: run `pnpm db:dump`').toBe(true);
});

it('dbt finds every table, column and freshness field that it names', async () => {
  await using database = await createTestDatabase();
  const { sources } = parse(await readFile(dbtSourcesFile(), 'utf8'));
  const tables = sources.flatMap((source: { schema: string; tables: DbtTable[] }) =>
    source.tables.map((table) => ({ ...table, relation: `${source.schema}.${table.name}` })),
  );
  expect(tables.length).toBeGreaterThan(30);
  for (const { relation, columns, loaded_at_field: field } of tables) {
    const names = columns.map((column: { name: string }) => `"${column.name}"`);
    await database.query(`SELECT ${names.join(', ')} FROM ${relation} LIMIT 0`);
    if (field !== undefined) await database.query(`SELECT max(${field}) FROM ${relation} LIMIT 0`);
  }
  expect(tables.filter((table: DbtTable) => table.loaded_at_field !== undefined).length).toBeGreaterThan(7);
});

it('every dbt test is a query that runs, and is silent on an empty warehouse', async () => {
  await using database = await createTestDatabase();
  const folder = path.join(dbtSourcesFile(), '..', '..', 'tests');
  const files = await readdir(folder);
  expect(files.length).toBe(3);
  for (const file of files) {
    const text = await readFile(path.join(folder, file), 'utf8');
    const sql = text.replaceAll(/\{\{ source\('(\w+)', '(\w+)'\) \}\}/g, '$1.$2');
    expect(await database.query(sql)).toEqual([]);
  }
});
