import { expect, test } from 'vitest';
import { DEFAULT_SHRINK_LIMITS, isMuchSmaller } from './shrink.ts';

test.each([
  [1000, 499, true],
  [1000, 500, false],
  [1000, 0, true],
  [100, 0, true],
  [99, 0, false],
  [150, 60, false],
  [1000, 1000, false],
  [0, 0, false],
  [10, 5000, false],
])('of %i visible rows, %i are much smaller: %s', (visibleRows, rows, expected) => {
  expect(isMuchSmaller({ visibleRows, rows }, DEFAULT_SHRINK_LIMITS)).toBe(expected);
});

test('a share of 0 turns the guard off', () => {
  expect(isMuchSmaller({ visibleRows: 1e6, rows: 0 }, { ...DEFAULT_SHRINK_LIMITS, minShare: 0 })).toBe(false);
});
