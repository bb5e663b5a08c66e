import { DAY_MS, TransientError } from '@edgeledger/core';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { openLoading } from './loading.ts';
import { LOGS, NOW, unitOf } from './sample-reports.ts';

const loading = await openLoading();
const { warehouse, database } = loading;
beforeEach(loading.startTest);
afterAll(loading.close);

/** Three units: one loaded whole, one failed that is lost in three days, one lost already. */
async function fillLedger(): Promise<void> {
  await database.query(
    `INSERT INTO ledger.units (account, dataset, report_key, period_start, period_end, state, available_at, loaded_at, expires_at)
     VALUES ('default', 'imgix.cdn_logs', 'cdn_logs_20261001', '2026-10-01Z', '2026-10-02Z', 'loaded', now(), now(), NULL),
            ('default', 'imgix.cdn_logs', 'cdn_logs_20261002', '2026-10-02Z', '2026-10-03Z', 'failed', NULL, NULL, now() + interval '3 days'),
            ('default', 'imgix.cdn_logs', 'cdn_logs_20261003', '2026-10-03Z', '2026-10-04Z', 'lost', NULL, NULL, now() - interval '1 day')`,
  );
}

it('tells completeness, gaps, the next loss and the states, one row each', async () => {
  await fillLedger();
  const facts = await warehouse.questions.facts();
  expect(facts.datasets).toEqual([
    {
      account: 'default',
      dataset: 'imgix.cdn_logs',
      completeThrough: new Date('2026-10-02T00:00:00Z'),
      gaps: 2,
      daysToLoss: 3,
    },
  ]);
  expect(facts.units).toEqual(
    ['failed', 'loaded', 'lost'].map((state) => ({
      account: 'default',
      dataset: 'imgix.cdn_logs',
      state,
      count: 1,
    })),
  );
});

it('has no next loss where nothing that could be loaded is missing', async () => {
  await database.query(`UPDATE ledger.units SET state = 'lost' WHERE state = 'failed'`);
  const [dataset] = (await warehouse.questions.facts()).datasets;
  expect(dataset).toMatchObject({ gaps: 2, daysToLoss: null });
});

it('counts the places of every rate budget, also of one with none, and sees a pause', async () => {
  const limit = { key: 'akamai/default/usage', requests: 5, perMs: 60_000 };
  const request = { lane: 'live', maxPauseMs: 0 } as const;
  await warehouse.rateBudget.take(limit, request);
  await warehouse.rateBudget.take(limit, request);
  await warehouse.rateBudget.pause({ ...limit, key: 'akamai/default/other' }, DAY_MS);
  expect((await warehouse.questions.facts()).budgets).toEqual([
    { key: 'akamai/default/other', taken: 0, isPaused: true },
    { key: 'akamai/default/usage', taken: 2, isPaused: false },
  ]);
  // places that are free again do not count, and their budget stays known
  await database.query(`UPDATE staging.rate_places SET free_at = now() - interval '1 second'`);
  expect((await warehouse.questions.facts()).budgets).toContainEqual({
    key: 'akamai/default/usage',
    taken: 0,
    isPaused: false,
  });
});

it('gives up when Postgres is slow, and Postgres is rid of the question', async () => {
  const blocker = database.query(`BEGIN; LOCK ledger.units IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(4)`);
  await database.query('SELECT pg_sleep(0.3)');
  const started = performance.now();
  await expect(warehouse.questions.facts()).rejects.toThrow(TransientError);
  expect(performance.now() - started).toBeLessThan(3_500);
  await blocker;
  await database.query('ROLLBACK');
});

it('knows when a load was begun that another process goes on with', async () => {
  const begun = await warehouse.loader.begin(unitOf(LOGS, '2026-10-09'), LOGS);
  const resumed = await warehouse.loader.resume(begun.loadId, LOGS);
  expect(Math.abs((resumed.startedAt?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  await resumed.fail(new TransientError('source.timeout', 'a test'), NOW);
});
