import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCase, readFixtures } from './cases.ts';
import { createRandom } from './random.ts';
import { makeInput, type Target, tryInput, Unsound } from './target.ts';
import { openTargets } from './targets/all.ts';

/** Short and always the same in a test run; `pnpm fuzz --minutes N` is for more. */
const SEED = 'continuous';
const TIME_LIMIT_MS = 1_200;
const NAMES = ['csv', 'gzip', 'akamai-csv', 'akamai-json', 'listing', 'http', 'configuration'];

let targets: Target[];
beforeAll(async () => {
  targets = await openTargets();
});
afterAll(() => Promise.all(targets.map((target) => target.close?.())));

function getTarget(name: string): Target {
  const target = targets.find((candidate) => candidate.name === name);
  if (target === undefined) throw new Error(`no target ${name}`);
  return target;
}

test('every target is tried, and has been tried on its own samples', async () => {
  expect(targets.map(({ name }) => name)).toEqual(NAMES);
  for (const target of targets) {
    for (const sample of target.samples) expect(await tryInput(target, sample)).toBeUndefined();
  }
});

test.each(NAMES)(
  '%s answers damaged input with a clear error or a reject',
  { timeout: 60_000 },
  async (name) => {
    const target = getTarget(name);
    const deadline = performance.now() + TIME_LIMIT_MS;
    for (let caseNo = 0; performance.now() < deadline; caseNo += 1) {
      const failure = await tryInput(target, makeCase(target, SEED, caseNo));
      expect(failure, `case ${caseNo} of ${name}`).toBeUndefined();
    }
  },
);

describe('what failed once', () => {
  test.each(readFixtures().map((fixture) => [`${fixture.target}/${fixture.name}`, fixture] as const))(
    '%s does not fail again, and takes no time',
    { timeout: 60_000 },
    async (_name, fixture) => {
      const startedAt = performance.now();
      expect(await tryInput(getTarget(fixture.target), fixture.input)).toBeUndefined();
      expect(performance.now() - startedAt).toBeLessThan(10_000);
    },
  );
});

describe('the fuzzing itself', () => {
  test('makes the same input of the same seed and number, and others of others', () => {
    const target = getTarget('csv');
    expect(makeCase(target, 'a', 7)).toEqual(makeCase(target, 'a', 7));
    const inputs = new Set(
      Array.from({ length: 20 }, (_, caseNo) => makeCase(target, 'a', caseNo).toString('hex')),
    );
    expect(inputs.size).toBeGreaterThan(15);
  });

  test('sees a reader that crashes, one that breaks its promise, and one whose error is not ours', async () => {
    const failing = (thrown: unknown): Target => ({
      name: 'failing',
      samples: [Buffer.from('x')],
      run: () => Promise.reject(thrown),
    });
    expect(await tryInput(failing(new TypeError('x is undefined')), Buffer.from(''))).toContain(
      'x is undefined',
    );
    expect(await tryInput(failing(new Unsound('two rows of one')), Buffer.from(''))).toContain(
      'two rows of one',
    );
    expect(makeInput(failing(null), createRandom('seed'))).toBeInstanceOf(Buffer);
  });
});
