import { DAY_MS, HOUR_MS, type Period } from '@edgeledger/core';

/** Reports are in the API by 04:00 UTC of the day after the one they cover (imgix reports page). */
const DUE_AFTER_MS = 4 * HOUR_MS;

export function toDueAt(period: Period): Date {
  return new Date(period.end.getTime() + DUE_AFTER_MS);
}

export function toExpiresAt(period: Period, retentionDays: number): Date {
  return new Date(period.end.getTime() + retentionDays * DAY_MS);
}
