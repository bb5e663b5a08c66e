import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { createWarehouse, type Warehouse } from '@edgeledger/warehouse';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { splitStatements } from '../src/sql-statements.ts';

/* Every query that a page says, in a block or after `edgeledger sql`, is one that the warehouse answers. */

const ROOT = join(import.meta.dirname, '..', '..', '..');
const PAGES = globSync(
  ['*.md', 'docs/**/*.md', 'dbt/*.md', '{apps,packages}/*/README.md', 'migrations/*.md'],
  {
    cwd: ROOT,
  },
);

let database: TestDatabase;
let warehouse: Warehouse;

beforeAll(async () => {
  database = await createTestDatabase();
  warehouse = await createWarehouse({ connectionString: database.connectionString });
  await warehouse.migrate();
}, 60_000);
afterAll(async () => {
  await warehouse.close();
  await database.drop();
});

/** Those that read; what makes roles and databases is tried elsewhere. */
function findQueries(text: string): string[] {
  const blocks = [...text.matchAll(/```sql\n(.*?)```/gs)].flatMap(([, sql = '']) => {
    const { statements, rest } = splitStatements(sql);
    return [...statements, rest];
  });
  const arguments_ = [...text.matchAll(/edgeledger sql "([^"]+)"/g)].map(([, sql = '']) => sql);
  return [...blocks, ...arguments_]
    .map((sql) => sql.replaceAll(/^\s*--.*$/gm, '').trim())
    .filter((sql) => /^(?:SELECT|WITH)\b/i.test(sql) && !/[…]|<\w+>/.test(sql));
}

async function findProblem(sql: string): Promise<string | undefined> {
  try {
    await warehouse.questions.ask(sql);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test('every query on a page is answered', async () => {
  const queries = PAGES.flatMap((page) =>
    findQueries(readFileSync(join(ROOT, page), 'utf8')).map((sql) => [page, sql]),
  );
  expect(queries.length).toBeGreaterThan(25);
  expect(new Set(queries.map(([page]) => page))).toContain(join('docs', 'operating', 'recover.md'));
  const problems = [];
  for (const [page, sql] of queries) {
    const problem = await findProblem(sql ?? '');
    if (problem !== undefined) problems.push([page, sql, problem]);
  }
  expect(problems).toEqual([]);
});

test('a query with a column that is none, or is two, would be noticed', async () => {
  const [block, argument] = findQueries(
    '```sql\nSELECT nothing FROM ledger.gaps;\nGRANT a TO b;\n```\n`edgeledger sql "SELECT rejects FROM ledger.loads JOIN ledger.units USING (unit_id)"`',
  );
  expect(await findProblem(block ?? '')).toContain('does not exist');
  expect(await findProblem(argument ?? '')).toContain('ambiguous');
});
