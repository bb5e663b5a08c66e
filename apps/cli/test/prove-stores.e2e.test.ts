import { setTimeout as sleep } from 'node:timers/promises';
import {
  createReferences,
  judge,
  openScene,
  type References,
  type Scene,
  untilDone,
} from '@edgeledger/proof';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestLab, type TestLab } from './open-lab.ts';

const OUT_OF_MEMORY_MS = 2_000;
let lab: TestLab;
let references: References;
beforeAll(async () => {
  lab = await openTestLab();
  references = createReferences(lab);
  await references.get('load');
}, 120_000);
afterAll(() => lab?.[Symbol.asyncDispose]());

/** Files that come slowly keep the worker at work. */
async function openSlowScene(backend: 'postgres' | 'redis'): Promise<Scene> {
  return await openScene(lab, backend, async ({ emulator }) => {
    const action = { kind: 'stall', ms: 900, afterBytes: 400 } as const;
    emulator.faults.add({ server: 'files', match: /cdn_logs/, nth: 2, times: 8, action });
  });
}

async function expectEqual(scene: Scene): Promise<void> {
  const { problems, log } = await judge(scene.bench, scene.worker, await references.get('load'));
  expect(problems, log.slice(-4_000)).toEqual([]);
}

test('a Redis that is flushed in the middle loses nothing: the next tick enqueues what is missing', async ({
  skip,
}) => {
  if (lab.redis === undefined) skip('no redis-server on PATH');
  await using scene = await openSlowScene('redis');
  await scene.untilLoaded(2);
  expect(await lab.redis?.command('FLUSHALL')).toBe('+OK');
  await scene.bench.enqueueTicks();
  await expectEqual(scene);
});

test('a Redis that restarts with nothing kept loses nothing', async ({ skip }) => {
  if (lab.redis === undefined) skip('no redis-server on PATH');
  await using scene = await openSlowScene('redis');
  await scene.untilLoaded(2);
  await lab.redis?.restart();
  await sleep(500);
  await scene.bench.enqueueTicks();
  await expectEqual(scene);
});

test('a Redis that is out of memory for a while holds work up and loses nothing', async ({ skip }) => {
  if (lab.redis === undefined) skip('no redis-server on PATH');
  await using scene = await openSlowScene('redis');
  await scene.untilLoaded(2);
  expect(await lab.redis?.command('CONFIG SET maxmemory 1')).toBe('+OK');
  await sleep(OUT_OF_MEMORY_MS);
  expect(await lab.redis?.command('CONFIG SET maxmemory 0')).toBe('+OK');
  await untilDone(scene.bench);
  // what could not be enqueued meanwhile is for the next tick
  await scene.bench.enqueueTicks();
  await expectEqual(scene);
});

test.each(['postgres', 'redis'] as const)('two schedulers at once do no harm, on %s', async (backend) => {
  if (!lab.backends.includes(backend)) return;
  await using scene = await openSlowScene(backend);
  const schedulers = [1, 2].map(() => scene.bench.start(['scheduler'], {}, { BACKFILL_DAYS: '1' }));
  await untilDone(scene.bench).catch(() => false);
  for (const scheduler of schedulers) expect(await scheduler.stop()).toEqual({ code: 0, signal: null });
  const loads = await scene.bench.warehouse.questions.query(
    `SELECT unit_id FROM ledger.loads WHERE outcome = 'published' GROUP BY unit_id HAVING count(*) > 1`,
  );
  expect(loads.rows).toEqual([]);
});

test('a name that DNS does not know fails a run with a reason, and the next run loads everything', async () => {
  await using bench = await lab.openBench({ database: 'migrated' });
  const days = (
    await bench.warehouse.questions.query(
      `SELECT to_char(now() AT TIME ZONE 'UTC' - n * interval '1 day', 'YYYY-MM-DD') FROM (VALUES (4), (3)) AS ago (n)`,
    )
  ).rows.map((row) => String(row[0]));
  const range = ['--from', days[0] ?? '', '--to', days[1] ?? ''];
  const lost = bench.start(
    ['run', ...range],
    {},
    { IMGIX_API_URL: 'https://imgix.invalid', AKAMAI_API_URL: 'https://akamai.invalid' },
  );
  expect((await lost.exited).code).toBe(1);
  expect(lost.output()).toMatch(/ENOTFOUND|EAI_AGAIN/);
  const found = bench.start(['run', ...range]);
  expect((await found.exited).code, found.output()).toBe(0);
});
