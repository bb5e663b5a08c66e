import {
  type Backend,
  type CaseResult,
  createReferences,
  type Lab,
  listMatrix,
  type MatrixCase,
  startMatrix,
} from '@edgeledger/proof';
import { findRedisServer } from '@edgeledger/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestLab } from './open-lab.ts';

/** Another one with every run would find more, and could not be repeated. */
const SEED = 20261121;
const CONCURRENCY = 2;
const NO_REDIS = 'SKIPPED: no redis-server on PATH; install it with "apt-get install redis-server"';

/** Runs every case of one kind on the stores that are wanted, two at a time, and gives each a test of its own. */
export async function describeMatrix(
  title: string,
  kind: MatrixCase['kind'],
  wanted: readonly Backend[],
): Promise<void> {
  const hasRedis = (await findRedisServer(process.env.PATH ?? '')) !== undefined;
  const cases = listMatrix(hasRedis ? ['postgres', 'redis'] : ['postgres'], SEED).filter(
    (one) => one.kind === kind && wanted.includes(one.backend),
  );
  let lab: Lab;
  let results: readonly Promise<CaseResult>[] = [];

  describe(title, () => {
    beforeAll(async () => {
      lab = await openTestLab(SEED);
      const references = createReferences(lab);
      for (const scenario of ['load', 'revision', 'prune', 'migrate'] as const)
        await references.get(scenario);
      results = startMatrix(cases, { context: { lab, references }, concurrency: CONCURRENCY });
    }, 120_000);
    afterAll(() => lab?.[Symbol.asyncDispose]());

    test.each(cases.map((one, index) => ({ ...one, index })))(
      '$name, with the queue on $backend',
      async ({ index }) => {
        const result = await results[index];
        expect(result?.problems, result?.log.slice(-4_000)).toEqual([]);
        expect(result?.injected).toBeGreaterThan(0);
        expect(result?.rows).toBeGreaterThan(0);
      },
    );

    if (hasRedis || !wanted.includes('redis')) return;
    if (process.env.CI === 'true') test('has a Redis in CI', () => expect.fail(NO_REDIS));
    else test.skip(NO_REDIS, () => undefined);
  });
}
