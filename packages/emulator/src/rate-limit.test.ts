import { expect, test } from 'vitest';
import { createRateLimiter } from './rate-limit.ts';

test('the sliding window passes the limit and then tells how long to wait', () => {
  let now = 0;
  const limiter = createRateLimiter(2, 1000, { nowMs: () => now });
  expect([limiter.take('a'), limiter.take('a')]).toEqual([0, 0]);
  now = 400;
  expect(limiter.take('a')).toBe(600);
  expect(limiter.take('b')).toBe(0);
  now = 1001;
  expect(limiter.take('a')).toBe(0);
});

test('a limiter that blocks stays closed for the whole time', () => {
  let now = 0;
  const limiter = createRateLimiter(1, 60_000, { blockMs: 60_000, nowMs: () => now });
  limiter.take('a');
  now = 30_000;
  expect(limiter.take('a')).toBe(60_000);
  now = 89_000;
  expect(limiter.take('a')).toBe(1_000);
  now = 90_000;
  expect(limiter.take('a')).toBe(0);
});

test('a limit of 0 is no limit', () => {
  const limiter = createRateLimiter(0, 1000);
  expect(Array.from({ length: 50 }, () => limiter.take('a')).every((wait) => wait === 0)).toBe(true);
});
