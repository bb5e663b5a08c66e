import { expect, test } from 'vitest';
import { isLate, nextLookAt } from './wait.ts';

const dueAt = new Date('2026-11-21T04:00:00Z');

test.each([
  ['2026-11-21T03:00:00Z', '2026-11-21T04:00:00.000Z'],
  ['2026-11-21T04:00:00Z', '2026-11-21T04:15:00.000Z'],
  ['2026-11-21T05:00:00Z', '2026-11-21T05:30:00.000Z'],
  ['2026-11-21T11:00:00Z', '2026-11-21T12:00:00.000Z'],
  ['2026-11-23T04:00:00Z', '2026-11-23T10:00:00.000Z'],
])('at %s the next look is at %s', (now, expected) => {
  expect(nextLookAt(dueAt, new Date(now)).toISOString()).toBe(expected);
});

test.each([
  ['2026-11-21T11:59:59Z', undefined, false],
  ['2026-11-21T12:00:00Z', undefined, true],
  ['2026-11-21T05:00:00Z', 3_600_000, true],
])('at %s, with a deadline of %s ms, late is %s', (now, lateAfterMs, expected) => {
  expect(isLate(dueAt, new Date(now), lateAfterMs)).toBe(expected);
});
