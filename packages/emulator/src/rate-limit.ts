/**
 * Both vendors refuse with 429 above a rate. The limiters run on real, monotonic time even when the data
 * clock is manual: a client that waits does so in real time, and a frozen clock must not lock it out.
 */
export interface RateLimiter {
  /** Counts one request for `key`; the answer is 0 when it may pass, else the milliseconds to wait. */
  take(key: string): number;
}

/**
 * At most `maxRequests` per sliding `windowMs`; 0 turns the limit off. With `blockMs` the first request
 * above the limit closes the door for that long, whatever happens meanwhile.
 */
export function createRateLimiter(
  maxRequests: number,
  windowMs: number,
  options: { blockMs?: number; nowMs?: () => number } = {},
): RateLimiter {
  const nowMs = options.nowMs ?? (() => performance.now());
  const acceptedAt = new Map<string, number[]>();
  const blockedUntil = new Map<string, number>();
  return {
    take: (key) => {
      if (maxRequests === 0) return 0;
      const now = nowMs();
      const until = blockedUntil.get(key) ?? 0;
      if (now < until) return until - now;
      const recent = (acceptedAt.get(key) ?? []).filter((instant) => instant > now - windowMs);
      acceptedAt.set(key, recent);
      if (recent.length < maxRequests) {
        recent.push(now);
        return 0;
      }
      if (options.blockMs !== undefined) {
        blockedUntil.set(key, now + options.blockMs);
        acceptedAt.set(key, []);
        return options.blockMs;
      }
      return (recent[0] ?? now) + windowMs - now;
    },
  };
}
