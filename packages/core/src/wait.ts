import { HOUR_MS, MINUTE_MS } from './utc-day.ts';

/**
 * When to look again for something that was due at `dueAt`: at that time when it lies ahead, else after a
 * pause that grows with the delay, 15 minutes in the first hour up to 6 hours after a day.
 */
export function nextLookAt(dueAt: Date, now: Date): Date {
  const lateMs = now.getTime() - dueAt.getTime();
  if (lateMs < 0) return dueAt;
  return new Date(now.getTime() + pauseMs(lateMs));
}

function pauseMs(lateMs: number): number {
  if (lateMs < HOUR_MS) return 15 * MINUTE_MS;
  if (lateMs < 6 * HOUR_MS) return 30 * MINUTE_MS;
  if (lateMs < 24 * HOUR_MS) return HOUR_MS;
  return 6 * HOUR_MS;
}
