import { HOUR_MS, MINUTE_MS } from './utc-day.ts';

/** How long after its due time a unit is reported late, unless configured otherwise. */
export const DEFAULT_LATE_AFTER_MS = 8 * HOUR_MS;

/** Whether the deadline of something that was due at `dueAt` is over. */
export function isLate(dueAt: Date, now: Date, lateAfterMs = DEFAULT_LATE_AFTER_MS): boolean {
  return now.getTime() >= dueAt.getTime() + lateAfterMs;
}

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
