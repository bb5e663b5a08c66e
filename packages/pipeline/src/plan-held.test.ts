import { DAY_MS, dayPeriod, type ExpectedUnit, parseUtcDay, type UnitRecord } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { plan } from './plan.ts';

const now = new Date('2026-11-21T06:00:00Z');
const period = dayPeriod(parseUtcDay('2026-11-20', 'day'));
const unit: ExpectedUnit = {
  account: 'default',
  dataset: 'imgix.cdn_logs',
  reportKey: 'cdn_logs_20261120',
  period,
  expiresAt: new Date(period.end.getTime() + 90 * DAY_MS),
  dueAt: new Date(period.end.getTime() + DAY_MS / 6),
  listed: { vendorReportId: 'a2', completed: true, revision: 'r2' },
};
const held: UnitRecord = {
  ...unit,
  unitId: '1',
  state: 'held',
  vendorReportId: 'a1',
  revision: 'r1',
  parts: 1,
  rows: 400,
  rejects: 0,
  bytes: 1,
  fingerprint: 'f',
  attempts: 1,
  errorCode: null,
  errorMessage: null,
  firstSeenAt: now,
  availableAt: now,
  loadedAt: now,
  settledAt: now,
  nextCheckAt: new Date(now.getTime() + 60_000),
  loadId: '1',
  heldRevision: 'r2',
  isBeingLoaded: false,
};

function decide(record: UnitRecord, expected: ExpectedUnit = unit) {
  const found = plan([expected], [record], now, { isManual: false });
  return {
    load: found.load.map(({ reason }) => reason),
    waiting: found.waiting.length,
    covered: found.covered.length,
  };
}

test('a held revision is left alone until its second look is due', () => {
  expect(decide(held)).toEqual({ load: [], waiting: 1, covered: 0 });
  expect(decide({ ...held, nextCheckAt: now })).toEqual({ load: ['held'], waiting: 0, covered: 0 });
});

test('another revision than the held one is read at once, also the one that is visible', () => {
  const other = (revision: string) => ({
    ...unit,
    listed: { vendorReportId: 'a', completed: true, revision },
  });
  expect(decide(held, other('r3')).load).toEqual(['revised']);
  expect(decide(held, other('r1')).load).toEqual(['revised']);
});

test('a held unit that the vendor no longer lists keeps its rows', () => {
  const { listed: _, ...unlisted } = unit;
  expect(decide(held, unlisted)).toEqual({ load: [], waiting: 0, covered: 1 });
});
