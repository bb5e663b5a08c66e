import { createReferences, judge, openScene, type References } from '@edgeledger/proof';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestLab, type TestLab } from './open-lab.ts';

let lab: TestLab;
let references: References;
beforeAll(async () => {
  lab = await openTestLab();
  references = createReferences(lab);
  await references.get('load');
}, 120_000);
afterAll(() => lab?.[Symbol.asyncDispose]());

test('a Redis that is flushed in the middle loses nothing: the next tick enqueues what is missing', async ({
  skip,
}) => {
  if (lab.redis === undefined) skip('no redis-server on PATH');
  await using scene = await openScene(lab, 'redis', async () => undefined);
  await scene.untilLoaded(2);
  expect(await lab.redis?.command('FLUSHALL')).toBe('+OK');
  await scene.bench.enqueueTicks();
  const { problems, log } = await judge(scene.bench, scene.worker, await references.get('load'));
  expect(problems, log.slice(-4_000)).toEqual([]);
});
