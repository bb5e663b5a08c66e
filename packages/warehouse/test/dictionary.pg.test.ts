import { readFile } from 'node:fs/promises';
import { createTestDatabase, dictionaryFile, dumpDictionary } from '@edgeledger/testkit';
import { expect, it } from 'vitest';

it('docs/data-dictionary.md is what the database says of itself', async () => {
  await using database = await createTestDatabase();
  const committed = await readFile(dictionaryFile(), 'utf8');
  const actual = await dumpDictionary(database.connectionString);
  expect(actual === committed, 'docs/data-dictionary.md is stale: run `pnpm db:dump`').toBe(true);
  expect(actual).not.toMatch(/\|\s*\|$/m);
  await database.query(`COMMENT ON COLUMN imgix.cdn_logs.url IS 'Something else | entirely.'`);
  expect(await dumpDictionary(database.connectionString)).toContain('Something else \\| entirely.');
});
