import type { RateLane, RateLimitKey } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { createLocalRateBudget } from './local-rate-budget.ts';

function openBudget() {
  let nowMs = 0;
  const budget = createLocalRateBudget({
    nowMs: () => nowMs,
    sleep: async (durationMs) => {
      nowMs += durationMs;
    },
  });
  const take = (limit: RateLimitKey, lane: RateLane = 'live') =>
    budget.take(limit, { lane, maxPauseMs: 10_000 });
  return { budget, take, now: () => nowMs, advance: (ms: number) => (nowMs += ms) };
}

const THREE: RateLimitKey = { key: 'a', requests: 3, perMs: 1000 };

test('a window allows a burst and no more', async () => {
  const { take, now } = openBudget();
  const starts: number[] = [];
  for (let index = 0; index < 7; index += 1) {
    const place = await take(THREE);
    starts.push(now());
    place.release();
  }
  expect(starts).toEqual([0, 0, 0, 1000, 1000, 1000, 2000]);
});

test('a place is free again a window after the answer, not after the start', async () => {
  const { take, now, advance } = openBudget();
  const one: RateLimitKey = { key: 'a', requests: 1, perMs: 1000 };
  const place = await take(one);
  const next = take(one).then(() => now());
  await Promise.resolve();
  advance(5000);
  place.release();
  expect(await next).toBe(6000);
});

test('backfills leave a place to live requests', async () => {
  const { take, now } = openBudget();
  for (let index = 0; index < 2; index += 1) (await take(THREE, 'backfill')).release();
  (await take(THREE)).release();
  expect(now()).toBe(0);
  await take(THREE, 'backfill');
  expect(now()).toBe(1000);
});

test('keys do not share a window, and without a limit nothing waits', async () => {
  const { take, now } = openBudget();
  const unlimited: RateLimitKey = { key: 'c', requests: Number.POSITIVE_INFINITY, perMs: 0 };
  for (let index = 0; index < 3; index += 1) {
    await take(THREE);
    await take({ ...THREE, key: 'b' });
    await take(unlimited);
  }
  expect(now()).toBe(0);
});

test('a pause holds everyone back, and a long one is refused with the time that is left', async () => {
  const { budget, take, now } = openBudget();
  await budget.pause(THREE, 5000);
  await budget.pause(THREE, 1000);
  await take(THREE);
  expect(now()).toBe(5000);
  await budget.pause(THREE, 10_001);
  await expect(take(THREE)).rejects.toMatchObject({ code: 'source.throttled', retryAfterMs: 10_001 });
});

test('who waits for a place leaves when told to', async () => {
  const { budget, take } = openBudget();
  const one: RateLimitKey = { key: 'a', requests: 1, perMs: 1000 };
  await take(one);
  const stop = new AbortController();
  const waiting = budget.take(one, { lane: 'live', maxPauseMs: 1, signal: stop.signal });
  stop.abort(new Error('stop'));
  await expect(waiting).rejects.toThrow('stop');
});
