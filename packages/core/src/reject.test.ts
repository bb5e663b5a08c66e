import { expect, test } from 'vitest';
import { DEFAULT_REJECT_THRESHOLDS, isAboveThreshold } from './reject.ts';

test('one percent and a thousand are still accepted, more of either is not', () => {
  expect(isAboveThreshold({ rows: 99, rejects: 1 }, DEFAULT_REJECT_THRESHOLDS)).toBe(false);
  expect(isAboveThreshold({ rows: 98, rejects: 1 }, DEFAULT_REJECT_THRESHOLDS)).toBe(true);
  expect(isAboveThreshold({ rows: 1_000_000, rejects: 1000 }, DEFAULT_REJECT_THRESHOLDS)).toBe(false);
  expect(isAboveThreshold({ rows: 1_000_000, rejects: 1001 }, DEFAULT_REJECT_THRESHOLDS)).toBe(true);
  expect(isAboveThreshold({ rows: 0, rejects: 0 }, DEFAULT_REJECT_THRESHOLDS)).toBe(false);
});
