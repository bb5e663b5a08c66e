import { MILESTONES, type Milestone } from '@edgeledger/core';
import { createReferences, type Lab, type References, runCrashCase } from '@edgeledger/proof';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestLab } from './open-lab.ts';

let lab: Lab;
let references: References;
beforeAll(async () => {
  lab = await openTestLab();
  references = createReferences(lab);
});
afterAll(() => lab[Symbol.asyncDispose]());

const WINDOWS = Object.keys(MILESTONES) as Milestone[];

describe.each(['postgres', 'redis'] as const)('with the queue on %s', (backend) => {
  test.concurrent.each(WINDOWS)(
    'a process killed at %s leaves nothing lost and nothing twice',
    async (window) => {
      if (!lab.backends.includes(backend)) return;
      const result = await runCrashCase({ lab, references }, window, backend);
      console.log(backend, result.name, Math.round(result.durationMs), result.rows, result.problems);
      expect(result).toMatchObject({ injected: 1, problems: [] });
    },
  );
});
