import { expect, test } from 'vitest';
import { formatInstant, isAligned, nextBoundary, parseInstant } from './instants.ts';

test('an instant without a zone is UTC', () => {
  expect(parseInstant('2026-11-20T13:40:00')).toEqual(parseInstant('2026-11-20T13:40:00Z'));
});

test('an offset is understood, also when its plus sign became a blank, and comes back', () => {
  const instant = parseInstant('2026-11-20T13:40:00+02:00');
  expect(instant).toEqual({ ms: Date.UTC(2026, 10, 20, 11, 40), offsetMinutes: 120 });
  expect(parseInstant('2026-11-20T13:40:00 02:00')).toEqual(instant);
  expect(formatInstant(instant?.ms ?? 0, 120)).toBe('2026-11-20T13:40:00+02:00');
  expect(formatInstant(instant?.ms ?? 0, -90)).toBe('2026-11-20T10:10:00-01:30');
});

test('a date alone and other text are no instants', () => {
  for (const text of ['2026-11-20', 'yesterday', '2026-13-01T00:00:00Z', '']) {
    expect(parseInstant(text)).toBeUndefined();
  }
});

test('alignment follows the interval in UTC', () => {
  const at = (text: string): number => Date.parse(text);
  expect(isAligned(at('2026-11-20T13:40:00Z'), 'FIVE_MINUTES')).toBe(true);
  expect(isAligned(at('2026-11-20T13:40:01Z'), 'FIVE_MINUTES')).toBe(false);
  expect(isAligned(at('2026-11-20T13:40:00Z'), 'HOUR')).toBe(false);
  expect(isAligned(at('2026-11-20T13:00:00Z'), 'DAY')).toBe(false);
  expect(isAligned(at('2026-11-16T00:00:00Z'), 'WEEK')).toBe(true);
  expect(isAligned(at('2026-11-20T00:00:00Z'), 'WEEK')).toBe(false);
  expect(isAligned(at('2026-11-01T00:00:00Z'), 'MONTH')).toBe(true);
  expect(nextBoundary(at('2026-12-01T00:00:00Z'), 'MONTH')).toBe(at('2027-01-01T00:00:00Z'));
});
