import { DAY_MS, HOUR_MS, MINUTE_MS, type Period } from '@edgeledger/core';

/** Reports are in the API by 04:00 UTC of the day after the one they cover (imgix reports page). */
const DUE_AFTER_MS = 4 * HOUR_MS;

const SHORTEST_WAIT_MS = 15 * MINUTE_MS;
const LONGEST_WAIT_MS = 6 * HOUR_MS;

export function toDueAt(period: Period): Date {
  return new Date(period.end.getTime() + DUE_AFTER_MS);
}

export function toExpiresAt(period: Period, retentionDays: number): Date {
  return new Date(period.end.getTime() + retentionDays * DAY_MS);
}

/** When to look again for a report that is not there: at 04:00, then less and less often, never past its expiry. */
export function toNextLook(now: Date, dueAt: Date, expiresAt: Date): Date {
  const lateByMs = now.getTime() - dueAt.getTime();
  if (lateByMs < 0) return dueAt;
  const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, lateByMs / 4));
  const next = now.getTime() + waitMs;
  return new Date(expiresAt > now ? Math.min(next, expiresAt.getTime()) : next);
}
