import { dayPeriod, HOUR_MS, type PartFacts, parseUtcDay, type UnitRecord } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { decideFinality, type Finality } from './finality.ts';

const unit = {
  account: 'default',
  dataset: 'akamai.endpoint_usage_by_time',
  reportKey: 'endpoint-usage-by-time_default_20261120',
  period: dayPeriod(parseUtcDay('2026-11-20', 'day')),
};
const morning = new Date('2026-11-21T04:15:00Z');

function facts(availability: PartFacts['availability'], settlesAfterMs = 48 * HOUR_MS): PartFacts {
  return { sha256: '', bytes: 0, availability, settlesAfterMs, companions: [], findings: [] };
}

function readable(finality: Finality): Extract<Finality, { kind: 'readable' }> {
  if (finality.kind !== 'readable') throw new Error(`expected readable, got ${finality.kind}`);
  return finality;
}

test('the files of a finished report are settled at once', () => {
  const finality = readable(
    decideFinality({ unit, facts: [facts({ kind: 'complete' }, 0)], record: undefined, now: morning }),
  );
  expect(finality.isSettled(false)).toBe(true);
});

test('live data is settled by a second complete reading that agrees', () => {
  const first = readable(
    decideFinality({ unit, facts: [facts({ kind: 'complete' })], record: undefined, now: morning }),
  );
  expect(first.isSettled(true)).toBe(false);
  expect(first.nextCheckAt.toISOString()).toBe('2026-11-21T07:15:00.000Z');
  const record = { availableAt: first.availableAt } as UnitRecord;
  const second = readable(
    decideFinality({ unit, facts: [facts({ kind: 'complete' })], record, now: first.nextCheckAt }),
  );
  expect(second.isSettled(false)).toBe(false);
  expect(second.isSettled(true)).toBe(true);
  // and read once more when the vendor's time for revisions is over
  expect(second.confirmAt?.toISOString()).toBe('2026-11-23T00:00:00.000Z');
});

test('live data is settled after its tail, whatever the readings said', () => {
  const now = new Date('2026-11-23T00:00:00Z');
  const finality = readable(
    decideFinality({ unit, facts: [facts({ kind: 'complete' })], record: undefined, now }),
  );
  expect(finality.isSettled(false)).toBe(true);
  expect(finality.confirmAt).toBeNull();
});

test('a day that is still running is never final, even when the answer looks complete', () => {
  const noon = new Date('2026-11-20T12:00:00Z');
  const finality = readable(
    decideFinality({ unit, facts: [facts({ kind: 'complete' }, 0)], record: undefined, now: noon }),
  );
  expect(finality.isSettled(true)).toBe(false);
  expect(finality.availableAt).toBeNull();
});

test('partly available data is loaded and looked at again when the vendor suggests', () => {
  const retryAt = new Date('2026-11-21T11:54:08Z');
  const availability = {
    kind: 'partial',
    availableUntil: new Date('2026-11-20T19:00:00Z'),
    retryAt,
  } as const;
  const finality = readable(
    decideFinality({ unit, facts: [facts(availability)], record: undefined, now: morning }),
  );
  expect(finality.isSettled(true)).toBe(false);
  expect(finality.nextCheckAt).toEqual(retryAt);
});

test('a suggested retry time in the past does not make a hot loop', () => {
  const availability = { kind: 'nothing', availableUntil: unit.period.start, retryAt: new Date(0) } as const;
  const finality = decideFinality({ unit, facts: [facts(availability)], record: undefined, now: morning });
  expect(finality).toEqual({ kind: 'waiting', until: new Date(morning.getTime() + 60_000) });
});

test('a suggested retry time a few seconds ahead is kept', () => {
  const retryAt = new Date(morning.getTime() + 3_000);
  const availability = { kind: 'partial', availableUntil: unit.period.start, retryAt } as const;
  const finality = readable(
    decideFinality({ unit, facts: [facts(availability)], record: undefined, now: morning }),
  );
  expect(finality.nextCheckAt).toEqual(retryAt);
});

test('one part with data is enough to load a unit', () => {
  const nothing = facts({ kind: 'nothing', availableUntil: unit.period.start, retryAt: null });
  const some = facts({ kind: 'complete' });
  expect(decideFinality({ unit, facts: [nothing, some], record: undefined, now: morning }).kind).toBe(
    'readable',
  );
});
