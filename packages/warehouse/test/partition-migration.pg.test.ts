import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWarehouse, migrationsFolder } from '../src/index.ts';

let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'edgeledger-before-partitions-'));
  await cp(migrationsFolder(), folder, { recursive: true });
  for (const name of await readdir(folder))
    if (name >= '0012' && name < '1') await rm(path.join(folder, name));
  database = await createTestDatabase({ empty: true });
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

it('migration 0030 moves the rows that are there, and puts views, comments and rights back', async () => {
  const options = { connectionString: database.connectionString };
  await using before = await createWarehouse({ ...options, migrations: folder });
  await before.migrate();
  await database.query('ALTER TABLE imgix.cdn_logs DROP COLUMN referers');
  await database.query('ALTER TABLE imgix.cdn_logs ADD COLUMN "Odd ""name" text');
  await database.query(
    `INSERT INTO imgix.cdn_logs (account, report_key, period_start, period_end, part, row_no, url, "Odd ""name", load_id)
     SELECT account, 'cdn_logs_' || to_char(day, 'YYYYMMDD'), day, day + interval '1 day', 1, row_no, 'u' || row_no, 'x', 7
     FROM generate_series('2026-10-30'::timestamptz, '2026-11-02', '1 day') AS days (day),
       unnest(ARRAY['default', 'it''s \\ other']) AS accounts (account), generate_series(1, 3) AS rows (row_no)`,
  );
  await database.query(
    `CREATE VIEW imgix.logs_a WITH (security_barrier) AS SELECT account, url FROM imgix.cdn_logs`,
  );
  await database.query(
    `CREATE VIEW imgix.logs_b AS SELECT count(*) AS rows FROM imgix.logs_a, imgix.image_analytics`,
  );
  await database.query(
    `COMMENT ON VIEW imgix.logs_a IS 'A comment.'; COMMENT ON COLUMN imgix.logs_a.url IS 'One more.'`,
  );
  const rowsSql = 'SELECT * FROM imgix.cdn_logs ORDER BY account, report_key, row_no';
  const rows = await database.query(rowsSql);

  await using after = await createWarehouse(options);
  await after.migrate();

  expect(rows).toHaveLength(24);
  expect(await database.query(rowsSql)).toEqual(rows);
  const views = await database.query(
    `SELECT (SELECT count(*)::int FROM imgix.logs_a) AS a, (SELECT rows::int FROM imgix.logs_b) AS b,
       obj_description('imgix.logs_a'::regclass) AS comment, col_description('imgix.logs_a'::regclass, 2) AS url,
       (SELECT reloptions FROM pg_class WHERE oid = 'imgix.logs_a'::regclass) AS options,
       obj_description('imgix.cdn_logs'::regclass) IS NOT NULL AS described,
       has_table_privilege('edgeledger_reader', 'imgix.cdn_logs', 'SELECT')
         AND has_table_privilege('edgeledger_reader', 'imgix.logs_a', 'SELECT') AS readable`,
  );
  expect(views).toEqual([
    {
      a: 24,
      b: 0,
      comment: 'A comment.',
      url: 'One more.',
      options: ['security_barrier=true'],
      described: true,
      readable: true,
    },
  ]);
  const partitions = await database.query(
    `SELECT count(*) FILTER (WHERE relkind = 'p')::int AS days, count(*) FILTER (WHERE relkind = 'r')::int AS leaves
     FROM pg_class WHERE relnamespace = 'partitions'::regnamespace`,
  );
  expect(partitions).toEqual([{ days: 4, leaves: 8 }]);
});
