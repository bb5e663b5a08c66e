import { expect, test } from 'vitest';
import { toDayRange } from './day-range.ts';

const now = new Date('2026-11-21T01:00:00Z');

test('without options the range is the last whole UTC days, yesterday included', () => {
  expect(toDayRange({}, 3, now)).toEqual({ from: '2026-11-18', to: '2026-11-20' });
});

test('an end without a start looks back from that end', () => {
  expect(toDayRange({ to: '2026-10-10' }, 3, now)).toEqual({ from: '2026-10-08', to: '2026-10-10' });
});

test('an end in the future is today, because a running day may be read up to now', () => {
  expect(toDayRange({ from: '2026-11-20', to: '2027-01-01' }, 90, now)).toEqual({
    from: '2026-11-20',
    to: '2026-11-21',
  });
});

test.each([
  [{ from: '2026-11-20', to: '2026-11-19' }, /--from 2026-11-20 lies after --to 2026-11-19/],
  [{ from: '2026-11-31' }, /--from: "2026-11-31" is not a day/],
  [{ from: '2026-12-01', to: '2026-12-02' }, /lies in the future/],
])('%j is refused', (options, message) => {
  expect(() => toDayRange(options, 90, now)).toThrow(message);
});
