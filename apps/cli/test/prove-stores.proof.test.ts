import {
  type Backend,
  createReferences,
  judge,
  openScene,
  type References,
  type Scene,
} from '@edgeledger/proof';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestLab, type TestLab } from './open-lab.ts';
import { openRestartablePostgres, type RestartablePostgres } from './restartable-postgres.ts';

const LIMIT = { timeout: 30_000, interval: 200 };

let server: RestartablePostgres;
let lab: TestLab;
let references: References;
beforeAll(async () => {
  server = await openRestartablePostgres();
  lab = await openTestLab(11, server.connectionString);
  references = createReferences(lab);
  await references.get('load');
}, 120_000);
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** A worker whose files come slowly, so that something can happen in the middle. */
function openSlowScene(backend: Backend): Promise<Scene> {
  const action = { kind: 'stall', ms: 700, afterBytes: 400 } as const;
  return openScene(lab, backend, {
    prepare: ({ emulator }) => {
      emulator.faults.add({ server: 'files', match: /cdn_logs/, nth: 2, times: 8, action });
    },
  });
}

/** It ends like a run that nothing happened to, and by the same process. */
async function expectEqual(scene: Scene): Promise<void> {
  const { problems, log } = await judge(scene.bench, scene.worker, await references.get('load'));
  expect(problems, log.slice(-4_000)).toEqual([]);
}

describe('nothing is lost', () => {
  test.for([
    ['stop', 'postgres'],
    ['crash', 'postgres'],
    ['crash', 'redis'],
  ] as const)(
    'by a Postgres server that is restarted (%s), with the queue on %s',
    async ([how, backend], { skip }) => {
      if (!lab.backends.includes(backend)) skip('no redis-server on PATH');
      await using scene = await openSlowScene(backend);
      await scene.untilLoaded(3);
      await server.restart(how, 1_500);
      expect(scene.worker.isRunning(), scene.worker.output().slice(-2_000)).toBe(true);
      await expectEqual(scene);
    },
  );

  test('by a Redis that is flushed in the middle: the next tick enqueues what is missing', async ({
    skip,
  }) => {
    if (lab.redis === undefined) skip('no redis-server on PATH');
    await using scene = await openSlowScene('redis');
    await scene.untilLoaded(2);
    expect(await lab.redis?.command('FLUSHALL')).toBe('+OK');
    await scene.bench.enqueueTicks();
    await expectEqual(scene);
  });

  test('by a Redis that is restarted empty: the next tick enqueues what is missing', async ({ skip }) => {
    if (lab.redis === undefined) skip('no redis-server on PATH');
    await using scene = await openSlowScene('redis');
    await scene.untilLoaded(2);
    await lab.redis?.restart();
    // whoever asks for it again finds the new one
    await expect.poll(() => scene.bench.enqueueTicks().then(() => 'enqueued'), LIMIT).toBe('enqueued');
    await expectEqual(scene);
  });

  test('by a Redis that is out of memory for a while', async ({ skip }) => {
    const { redis } = lab;
    if (redis === undefined) return skip('no redis-server on PATH');
    await using scene = await openSlowScene('redis');
    await scene.untilLoaded(2);
    expect(await redis.command('CONFIG SET maxmemory 1mb')).toBe('+OK');
    try {
      expect(await redis.command('SET proof 1')).toContain('OOM');
      await scene.untilLogged(/OOM/);
    } finally {
      expect(await redis.command('CONFIG SET maxmemory 0')).toBe('+OK');
    }
    expect(scene.worker.isRunning(), scene.worker.output().slice(-2_000)).toBe(true);
    await expectEqual(scene);
  });
});
