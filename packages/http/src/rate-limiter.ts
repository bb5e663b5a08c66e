import type { Timers } from './timers.ts';

/**
 * - `perSecond`: evenly spaced, for limits counted per second, where a burst would already be too much.
 * - `requests` in `perMs`: a sliding window that allows a burst, for limits counted per minute.
 */
export type RateLimit =
  | { readonly perSecond: number }
  | { readonly requests: number; readonly perMs: number };

export interface RateLimiter {
  /** Resolves when a request may start. */
  acquire(signal?: AbortSignal): Promise<void>;
  /** No request starts for this long: the vendor said so to one request, it holds for all. */
  pause(durationMs: number): void;
  /** What is left of the pause, in ms. */
  pausedForMs(): number;
}

export function createRateLimiter(limit: RateLimit | undefined, timers: Timers): RateLimiter {
  const { requests, perMs } = toWindow(limit);
  /** Start times of the newest `requests` requests, oldest first; may lie in the future. */
  const starts: number[] = [];
  let pausedUntilMs = 0;

  /** Takes the next free place, so that concurrent callers queue up instead of waking together. */
  const reserve = (): number => {
    const oldest = starts.length < requests ? undefined : starts.shift();
    const startMs = Math.max(timers.nowMs(), pausedUntilMs, oldest === undefined ? 0 : oldest + perMs);
    starts.push(startMs);
    return startMs;
  };

  return {
    async acquire(signal) {
      signal?.throwIfAborted();
      const startMs = Number.isFinite(requests) ? reserve() : timers.nowMs();
      // a pause may have been announced while this one was waiting for its place
      for (let waitUntilMs = Math.max(startMs, pausedUntilMs); timers.nowMs() < waitUntilMs; ) {
        await timers.sleep(waitUntilMs - timers.nowMs(), signal);
        waitUntilMs = Math.max(startMs, pausedUntilMs);
      }
    },
    pause(durationMs) {
      pausedUntilMs = Math.max(pausedUntilMs, timers.nowMs() + durationMs);
    },
    pausedForMs: () => Math.max(0, pausedUntilMs - timers.nowMs()),
  };
}

function toWindow(limit: RateLimit | undefined): { requests: number; perMs: number } {
  if (limit === undefined) return { requests: Number.POSITIVE_INFINITY, perMs: 0 };
  if ('perSecond' in limit) return { requests: 1, perMs: 1000 / limit.perSecond };
  return limit;
}
