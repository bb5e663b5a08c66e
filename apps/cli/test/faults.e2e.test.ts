import { createReferences, FAULT_TABLE, type Lab, type References, runFaultCase } from '@edgeledger/proof';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestLab } from './open-lab.ts';

let lab: Lab;
let references: References;
beforeAll(async () => {
  lab = await openTestLab();
  references = createReferences(lab);
  await references.get('load');
});
afterAll(() => lab?.[Symbol.asyncDispose]());

describe.each(['postgres', 'redis'] as const)('with the queue on %s', (backend) => {
  const cases = FAULT_TABLE.filter((fault) => backend === 'redis' || fault.redisOnly !== true);
  test.concurrent.each(cases)('nothing is lost by $title', async (fault) => {
    if (!lab.backends.includes(backend)) return;
    const result = await runFaultCase({ lab, references }, fault, backend);
    console.log(backend, result.name, Math.round(result.durationMs), result.injected, result.problems);
    expect(result.problems).toEqual([]);
  });
});
