import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { toEnvironment } from './tables.ts';

const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

let emulator: Emulator;
let database: TestDatabase;

beforeAll(async () => {
  emulator = await createEmulator({
    seed: 23,
    historyDays: 70,
    imgix: { requestsPerSecond: 0 },
    volume: { cdnLogRowsPerDay: 120, imagesPerSource: 12 },
  });
  database = await createTestDatabase();
  const run = await runCli(
    ['run', '--source', 'imgix', '--from', day(45), '--to', day(1), '--json'],
    toEnvironment(emulator, database),
  );
  expect(JSON.parse(run.stdout)).toMatchObject({ failed: [], rejects: 0 });
});
afterAll(async () => {
  await emulator.close();
  await database.drop();
});

/** Days of which the day before is loaded, too, or that are a first: there the difference is the day alone. */
const ONE_DAY = 'days_covered = 1';

test('what a day added to the month-to-date requests is what its log has', async () => {
  const wrong = await database.query(
    `SELECT day, source_id, d.requests, l.requests AS logged
     FROM imgix.source_analytics_daily AS d
     FULL JOIN (SELECT (period_start AT TIME ZONE 'UTC')::date AS day, source_id, count(*) AS requests
       FROM imgix.cdn_logs GROUP BY 1, 2) AS l USING (day, source_id)
     WHERE (${ONE_DAY} OR days_covered IS NULL) AND coalesce(d.requests, 0) <> coalesce(l.requests, 0)`,
  );
  expect(wrong).toEqual([]);
  const [count] = await database.query(
    `SELECT count(*)::int AS n FROM imgix.source_analytics_daily WHERE ${ONE_DAY}`,
  );
  expect(count?.n).toBeGreaterThan(120);
});

test('images and Sources add up to the same, and 4xx errors to those of mild_errors', async () => {
  const wrong = await database.query(
    `SELECT day, source_id, s.requests, i.requests, s.mild_errors, e.errors, s.new_origin_images, n.new_origin_images
     FROM imgix.source_analytics_daily AS s
     JOIN (SELECT day, source_id, sum(requests) AS requests, sum(bandwidth) AS bandwidth FROM imgix.image_analytics_daily
       GROUP BY 1, 2) AS i USING (day, source_id)
     JOIN imgix.new_origin_images_daily AS n USING (day, source_id)
     LEFT JOIN (SELECT day, source_id, sum(errors) AS errors FROM imgix.errors_by_image GROUP BY 1, 2) AS e
       USING (day, source_id)
     WHERE s.days_covered = 1 AND (s.requests, s.bandwidth, s.mild_errors, s.new_origin_images)
       IS DISTINCT FROM (i.requests, i.bandwidth, coalesce(e.errors, 0), n.new_origin_images)`,
  );
  expect(wrong).toEqual([]);
});

test('credits of the day are what the month-to-date report grew by, so there is no finding', async () => {
  const wrong = await database.query(
    `SELECT d.day, d.source_id FROM imgix.credits_daily AS d
     JOIN imgix.credit_analytics_daily_from_mtd AS m USING (account, day, source_id)
     WHERE ${ONE_DAY} AND (d.total_credits, d.storage_credits) IS DISTINCT FROM (m.total_credits, m.storage_credits)`,
  );
  expect(wrong).toEqual([]);
  expect(await database.query(`SELECT * FROM ledger.findings WHERE kind = 'sum-mismatch'`)).toEqual([]);
  const [checked] = await database.query(
    'SELECT count(*)::int AS n FROM imgix.credits_month_check WHERE days_missing = 0',
  );
  expect(checked?.n).toBeGreaterThan(4);
});

test('a credit report that was changed on one side only is a finding', async () => {
  const yesterday = day(1);
  const reportKey = `credit_analytics_mtd_${yesterday.replaceAll('-', '')}`;
  emulator.revise({ reportKey, factor: 2 });
  await runCli(
    ['run', '--source', 'imgix', '--from', yesterday, '--to', yesterday],
    toEnvironment(emulator, database),
  );
  expect(
    await database.query(
      `SELECT report_key FROM ledger.findings WHERE kind = 'sum-mismatch' AND resolved_at IS NULL`,
    ),
  ).toEqual([{ report_key: reportKey }]);
});
