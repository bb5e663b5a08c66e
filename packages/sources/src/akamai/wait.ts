import { DAY_MS, HOUR_MS, MINUTE_MS, type Period } from '@edgeledger/core';
import { FIVE_MINUTES_MS } from './window.ts';

/** API Gateway reports lag by a few hours; a day that is read once only is read after this. */
const DAY_COMPLETE_AFTER_MS = 4 * HOUR_MS;

/** From when a day has something to read: its first interval. */
export function toDueAt(period: Period): Date {
  return new Date(period.start.getTime() + FIVE_MINUTES_MS);
}

/** The vendor drops data by age, so the day is lost for good when its end is too old. */
export function toExpiresAt(period: Period, retentionDays: number): Date {
  return new Date(period.end.getTime() + retentionDays * DAY_MS);
}

/** When to read a day again that is still running. */
export function toNextLook(windowEnd: Date, period: Period, everyMinutes: number | undefined): Date {
  if (everyMinutes === undefined) return new Date(period.end.getTime() + DAY_COMPLETE_AFTER_MS);
  return new Date(windowEnd.getTime() + everyMinutes * MINUTE_MS);
}
