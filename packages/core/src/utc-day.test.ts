import { expect, test } from 'vitest';
import {
  addDays,
  dayPeriod,
  eachDay,
  findDayInReportKey,
  findUtcDay,
  parseUtcDay,
  toCompactDay,
  type UtcDay,
} from './utc-day.ts';

test('a day that does not exist is refused', () => {
  expect(findUtcDay('2026-02-30')).toBeUndefined();
  expect(findUtcDay('2026-2-3')).toBeUndefined();
  expect(findUtcDay('2028-02-29')).toBe('2028-02-29');
  expect(() => parseUtcDay('yesterday', '--from')).toThrow(/--from: "yesterday" is not a day/);
});

test('a day that no report can be of is none, and a range that leads beyond the last day ends', () => {
  for (const day of ['0000-01-01', '1969-12-31', '2200-01-01', '9999-12-31']) {
    expect([day, findUtcDay(day)]).toEqual([day, undefined]);
  }
  const [first, last] = [parseUtcDay('1970-01-01', 'first'), parseUtcDay('2199-12-31', 'last')];
  expect(eachDay(last, addDays(last, 40))).toEqual([last]);
  expect(eachDay(addDays(first, -40), first)).toEqual([first]);
  expect(eachDay(first, last)).toHaveLength(84_006);
  // what only a cast makes a day
  expect(eachDay('9999-12-01' as UtcDay, '9999-12-31' as UtcDay)).toEqual([]);
});

test('a range of days includes both ends and crosses months', () => {
  const from = parseUtcDay('2026-02-27', 'from');
  expect(eachDay(from, parseUtcDay('2026-03-01', 'to'))).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']);
  expect(eachDay(addDays(from, 1), from)).toEqual([]);
});

test('a day is the half-open range between two UTC midnights', () => {
  const period = dayPeriod(parseUtcDay('2026-11-20', 'day'));
  expect(period.start.toISOString()).toBe('2026-11-20T00:00:00.000Z');
  expect(period.end.toISOString()).toBe('2026-11-21T00:00:00.000Z');
});

test('the day of a report key is its last eight digits', () => {
  expect(findDayInReportKey('credit_analytics_mtd_20260722')).toBe('2026-07-22');
  expect(findDayInReportKey('cdn_logs_20261340')).toBeUndefined();
  expect(findDayInReportKey('cdn_logs')).toBeUndefined();
  expect(toCompactDay(parseUtcDay('2026-07-22', 'day'))).toBe('20260722');
});
