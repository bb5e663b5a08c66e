import { expect, test } from 'vitest';
import { createRateLimiter, type RateLimit } from './rate-limiter.ts';

async function startTimes(limit: RateLimit | undefined, count: number): Promise<number[]> {
  let nowMs = 0;
  const limiter = createRateLimiter(limit, {
    nowMs: () => nowMs,
    sleep: async (durationMs) => {
      nowMs += durationMs;
    },
  });
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    await limiter.acquire();
    times.push(nowMs);
  }
  return times;
}

test('per second means evenly spaced', async () => {
  expect(await startTimes({ perSecond: 4 }, 4)).toEqual([0, 250, 500, 750]);
});

test('a window allows a burst and no more', async () => {
  expect(await startTimes({ requests: 3, perMs: 1000 }, 7)).toEqual([0, 0, 0, 1000, 1000, 1000, 2000]);
});

test('without a limit nothing waits', async () => {
  expect(await startTimes(undefined, 3)).toEqual([0, 0, 0]);
});

test('a pause holds everyone back', async () => {
  let nowMs = 100;
  const limiter = createRateLimiter(
    { perSecond: 1000 },
    {
      nowMs: () => nowMs,
      sleep: async (durationMs) => {
        nowMs += durationMs;
      },
    },
  );
  limiter.pause(5000);
  expect(limiter.pausedForMs()).toBe(5000);
  await limiter.acquire();
  expect(nowMs).toBe(5100);
});
