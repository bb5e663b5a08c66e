import {
  addDays,
  DAY_MS,
  dayPeriod,
  type ExpectedUnit,
  type ListedReport,
  parseUtcDay,
  toCompactDay,
  type UnitRecord,
  type UnitState,
} from '@edgeledger/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plan } from './plan.ts';

const now = new Date('2026-11-21T06:00:00Z');
const yesterday = parseUtcDay('2026-11-20', 'day');
const ticks = { isManual: false };
const completed: ListedReport = { vendorReportId: 'a1', completed: true, revision: 'r1' };

function expectedUnit(daysAgo: number, changes: Partial<ExpectedUnit> = {}): ExpectedUnit {
  const day = addDays(yesterday, 1 - daysAgo);
  const period = dayPeriod(day);
  return {
    account: 'default',
    dataset: 'imgix.cdn_logs',
    reportKey: `cdn_logs_${toCompactDay(day)}`,
    period,
    expiresAt: new Date(period.end.getTime() + 90 * DAY_MS),
    dueAt: new Date(period.end.getTime() + DAY_MS / 6),
    ...changes,
  };
}

function recordOf(unit: ExpectedUnit, state: UnitState, changes: Partial<UnitRecord> = {}): UnitRecord {
  const loaded = state === 'loaded';
  return {
    ...unit,
    unitId: '1',
    state,
    vendorReportId: loaded ? 'a1' : null,
    revision: loaded ? 'r1' : null,
    parts: null,
    rows: null,
    rejects: null,
    bytes: null,
    fingerprint: null,
    attempts: 1,
    errorCode: null,
    errorMessage: null,
    firstSeenAt: now,
    availableAt: null,
    loadedAt: loaded ? now : null,
    settledAt: loaded ? now : null,
    expiresAt: unit.expiresAt,
    nextCheckAt: null,
    loadId: loaded ? '1' : null,
    isBeingLoaded: false,
    ...changes,
  };
}

test('what is listed as complete and not in the ledger is loaded, newest first', () => {
  const units = [3, 1, 2].map((daysAgo) => expectedUnit(daysAgo, { listed: completed }));
  const planned = plan(units, [], now, ticks);
  expect(planned.load.map((item) => item.unit.reportKey)).toEqual([
    'cdn_logs_20261120',
    'cdn_logs_20261119',
    'cdn_logs_20261118',
  ]);
  expect(planned.load.every((item) => item.reason === 'new')).toBe(true);
});

test('a loaded unit is covered until the vendor issues it again', () => {
  const unit = expectedUnit(1, { listed: completed });
  expect(plan([unit], [recordOf(unit, 'loaded')], now, ticks).covered).toEqual([unit]);
  const reissued = { ...unit, listed: { ...completed, revision: 'r2' } };
  expect(plan([reissued], [recordOf(unit, 'loaded')], now, ticks).load[0]?.reason).toBe('revised');
});

test('a revision that is not complete yet does not replace what is loaded', () => {
  const unit = expectedUnit(1, { listed: { vendorReportId: 'a2', completed: false, revision: 'r2' } });
  expect(plan([unit], [recordOf(unit, 'loaded')], now, ticks).covered).toHaveLength(1);
});

test('a unit that a person imported is not replaced by the listing alone', () => {
  const unit = expectedUnit(1, { listed: completed });
  expect(
    plan([unit], [recordOf(unit, 'loaded', { vendorReportId: null, revision: 'file-hash' })], now, ticks)
      .load,
  ).toEqual([]);
});

test('a provisional unit is read again when its time has come, not before', () => {
  const unit = expectedUnit(1);
  const at = (nextCheckAt: string) =>
    plan(
      [unit],
      [recordOf(unit, 'loaded', { settledAt: null, nextCheckAt: new Date(nextCheckAt) })],
      now,
      ticks,
    );
  expect(at('2026-11-21T05:59:00Z').load[0]?.reason).toBe('provisional');
  expect(at('2026-11-21T06:01:00Z').load).toEqual([]);
});

test('what the vendor does not have yet waits, with a growing pause', () => {
  const unit = expectedUnit(1, { notYet: 'not listed' });
  const [waiting] = plan([unit], [], now, ticks).waiting;
  expect(waiting?.until.toISOString()).toBe('2026-11-21T06:30:00.000Z');
  const early = plan([unit], [], new Date('2026-11-21T01:00:00Z'), ticks).waiting[0];
  expect(early?.until.toISOString()).toBe('2026-11-21T04:00:00.000Z');
});

test('a waiting unit is read at once when the listing says it is complete', () => {
  const unit = expectedUnit(1, { listed: completed });
  const waiting = recordOf(unit, 'waiting', { nextCheckAt: new Date('2026-11-21T09:00:00Z') });
  expect(plan([unit], [waiting], now, ticks).load[0]?.reason).toBe('waited');
});

test('a waiting unit without a listing keeps the time the vendor suggested', () => {
  const unit = expectedUnit(1);
  const waiting = recordOf(unit, 'waiting', { nextCheckAt: new Date('2026-11-21T09:00:00Z') });
  expect(plan([unit], [waiting], now, ticks).waiting[0]?.until.toISOString()).toBe(
    '2026-11-21T09:00:00.000Z',
  );
  expect(plan([unit], [waiting], new Date('2026-11-21T09:00:01Z'), ticks).load).toHaveLength(1);
});

test('a failed unit pauses between ticks but not when a person asks', () => {
  const unit = expectedUnit(1, { listed: completed });
  const failed = recordOf(unit, 'failed', {
    nextCheckAt: new Date('2026-11-21T07:00:00Z'),
    errorMessage: 'bad',
  });
  expect(plan([unit], [failed], now, ticks).waiting[0]).toMatchObject({
    reason: 'failed once: bad',
    hasFailed: true,
  });
  expect(plan([unit], [failed], now, { isManual: true }).load[0]?.reason).toBe('failed before');
});

test('a failed unit does not pause when the queue lost what would have tried it again soon', () => {
  const unit = expectedUnit(1, { listed: completed });
  const failed = recordOf(unit, 'failed', { nextCheckAt: new Date('2026-11-21T07:00:00Z') });
  const found = plan([unit], [failed], now, { isManual: false, queueLostAt: now });
  expect(found.load[0]?.reason).toBe('failed before');
});

test('an expired unit is lost, unless the vendor still lists it', () => {
  const unit = expectedUnit(100);
  expect(plan([unit], [], now, ticks).lost).toEqual([unit]);
  expect(plan([{ ...unit, listed: completed }], [], now, ticks).load).toHaveLength(1);
  expect(plan([unit], [recordOf(unit, 'loaded')], now, ticks).covered).toHaveLength(1);
});

test('a load that a killed worker left behind is taken up again', () => {
  const unit = expectedUnit(1, { listed: completed });
  expect(plan([unit], [recordOf(unit, 'loading')], now, ticks).load[0]?.reason).toBe('interrupted');
});

test('a tick after the queue was lost takes over what was begun before, not what was begun since', () => {
  const unit = expectedUnit(1, { listed: completed });
  const loading = (loadingSince: Date) => [recordOf(unit, 'loading', { isBeingLoaded: true, loadingSince })];
  const lost = { isManual: false, queueLostAt: now };
  const before = new Date(now.getTime() - 1);
  expect(plan([unit], loading(before), now, lost).load).toHaveLength(1);
  expect(plan([unit], loading(now), now, lost).running).toMatchObject([{ unit }]);
  expect(plan([unit], loading(before), now, ticks).running).toMatchObject([{ unit }]);
});

test('a tick leaves alone what a process is loading, a person does not', () => {
  const unit = expectedUnit(1, { listed: completed });
  const loading = recordOf(unit, 'loading', { isBeingLoaded: true });
  expect(plan([unit], [loading], now, ticks)).toMatchObject({
    load: [],
    running: [{ unit, seenLoadId: recordOf(unit, 'loading').loadId }],
  });
  expect(plan([unit], [loading], now, { isManual: true }).load).toHaveLength(1);
});

test('every expected unit is decided once, and planning after the loads plans nothing', () => {
  const shape = fc.record({
    daysAgo: fc.integer({ min: 1, max: 120 }),
    state: fc.constantFrom<UnitState | 'none'>(
      'none',
      'expected',
      'waiting',
      'loading',
      'loaded',
      'failed',
      'lost',
    ),
    listed: fc.constantFrom(undefined, completed, { ...completed, completed: false }),
    notYet: fc.constantFrom(undefined, 'not yet'),
  });
  fc.assert(
    fc.property(fc.uniqueArray(shape, { selector: (item) => item.daysAgo }), (items) => {
      const units = items.map(({ daysAgo, listed, notYet }) =>
        expectedUnit(daysAgo, { ...(listed && { listed }), ...(notYet && !listed?.completed && { notYet }) }),
      );
      const ledger = units.flatMap((unit, index) => {
        const state = items[index]?.state ?? 'none';
        return state === 'none' ? [] : [recordOf(unit, state)];
      });
      const first = plan(units, ledger, now, ticks);
      expect(
        first.load.length +
          first.waiting.length +
          first.lost.length +
          first.covered.length +
          first.running.length,
      ).toBe(units.length);
      const after = units.map((unit) => recordOf(unit, 'loaded'));
      expect(plan(units, after, now, ticks).load).toEqual([]);
    }),
  );
});
