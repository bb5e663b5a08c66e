/**
 * UTC days as whole numbers: day 0 is 1970-01-01. All periods of the imgix reports are such days, and
 * integers make month arithmetic and cache keys exact.
 */
export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;
export const MINUTE_MS = 60_000;
export const FIVE_MINUTES_MS = 300_000;

export function toDay(instant: Date | number): number {
  return Math.floor(Number(instant) / DAY_MS);
}

/** Reads `YYYY-MM-DD`; throws on anything else, also on dates that do not exist. */
export function fromIsoDay(text: string): number {
  const milliseconds = Date.parse(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(milliseconds)) {
    throw new RangeError(`Not a day: '${text}'. Write it as YYYY-MM-DD.`);
  }
  const day = toDay(milliseconds);
  if (toIsoDay(day) !== text) throw new RangeError(`There is no such day: '${text}'.`);
  return day;
}

/** `YYYY-MM-DD` */
export function toIsoDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** `YYYYMMDD`, the last part of an imgix report key. */
export function toCompactDay(day: number): string {
  return toIsoDay(day).replaceAll('-', '');
}

/** The day of the 1st of the month that `day` is in. */
export function firstOfMonth(day: number): number {
  return day - new Date(day * DAY_MS).getUTCDate() + 1;
}

/** 0 is Sunday. */
export function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}
