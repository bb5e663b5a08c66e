import { type ExpectedUnit, type Ledger, parseUtcDay, type Source, toCompactDay } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { recordPlan } from './plan-source.ts';

function unitOf(day: string): ExpectedUnit {
  const start = new Date(`${day}T00:00:00Z`);
  const end = new Date(start.getTime() + 86_400_000);
  return {
    account: 'a',
    dataset: 'imgix.cdn_logs',
    reportKey: `cdn_logs_${toCompactDay(parseUtcDay(day, 'day'))}`,
    period: { start, end },
    dueAt: end,
    expiresAt: new Date(end.getTime() + 90 * 86_400_000),
  };
}

test('what failed and pauses stays on record as failed, with its reason; what the vendor lacks waits', async () => {
  const waited: string[] = [];
  const ledger = {
    recordExpected: async () => undefined,
    recordWaiting: async ({ reportKey }: ExpectedUnit) => {
      waited.push(reportKey);
    },
    recordLate: async () => undefined,
    recordExpired: async () => 0,
  } as unknown as Ledger;
  const now = new Date('2026-11-21T10:00:00Z');
  const until = new Date('2026-11-21T11:00:00Z');
  const plan = {
    load: [],
    lost: [],
    covered: [],
    running: [],
    waiting: [
      { unit: unitOf('2026-11-19'), until, reason: 'failed 2 times: bad', hasFailed: true },
      { unit: unitOf('2026-11-20'), until, reason: 'not due yet' },
    ],
  };
  await recordPlan(plan, { account: 'a', datasets: [] } as unknown as Source, ledger, { now });
  expect(waited).toEqual(['cdn_logs_20261120']);
});
