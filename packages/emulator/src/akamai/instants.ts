/** ISO 8601 instants that remember their zone: the API answers in the offset that was sent. */
import { DAY_MS, FIVE_MINUTES_MS, HOUR_MS, MINUTE_MS, toDay, weekdayOf } from '../days.ts';
import { INTERVALS } from './report-type.ts';

export interface ZonedInstant {
  ms: number;
  offsetMinutes: number;
}

export type Interval = (typeof INTERVALS)[number];

const ISO_8601 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?(Z|([+-])(\d{2}):?(\d{2}))?$/;
const MONDAY = 1;

/** Reads a date with a time; without a zone it is UTC (vendor: "optional time zone"). */
export function parseInstant(text: string): ZonedInstant | undefined {
  // a plus sign that was not escaped in a query arrives as a blank
  const match = ISO_8601.exec(text.replace(/ (\d{2}:?\d{2})$/, '+$1'));
  if (match === null) return undefined;
  const [, minute = '', second = ':00', , sign, hours = '0', minutes = '0'] = match;
  const offsetMinutes = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  const localMs = Date.parse(`${minute}${second}Z`);
  if (Number.isNaN(localMs)) return undefined;
  return { ms: localMs - offsetMinutes * MINUTE_MS, offsetMinutes };
}

/** `2026-11-20T13:40:00Z`, or with an offset; milliseconds only when there are any. */
export function formatInstant(ms: number, offsetMinutes: number): string {
  const local = new Date(ms + offsetMinutes * MINUTE_MS).toISOString().slice(0, -1).replace('.000', '');
  if (offsetMinutes === 0) return `${local}Z`;
  const absolute = Math.abs(offsetMinutes);
  const hours = `${Math.floor(absolute / 60)}`.padStart(2, '0');
  const minutes = `${absolute % 60}`.padStart(2, '0');
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${hours}:${minutes}`;
}

export function isInterval(text: string): text is Interval {
  return (INTERVALS as readonly string[]).includes(text);
}

/**
 * Whether an instant is a boundary of the interval in UTC (vendor: start and end must be divisible by it).
 * That weeks begin on Monday is an assumption.
 */
export function isAligned(ms: number, interval: Interval): boolean {
  if (interval === 'FIVE_MINUTES') return ms % FIVE_MINUTES_MS === 0;
  if (interval === 'HOUR') return ms % HOUR_MS === 0;
  if (ms % DAY_MS !== 0 || interval === 'DAY') return ms % DAY_MS === 0;
  if (interval === 'WEEK') return weekdayOf(toDay(ms)) === MONDAY;
  return new Date(ms).getUTCDate() === 1;
}

/** The boundary after an aligned instant. */
export function nextBoundary(ms: number, interval: Interval): number {
  if (interval === 'FIVE_MINUTES') return ms + FIVE_MINUTES_MS;
  if (interval === 'HOUR') return ms + HOUR_MS;
  if (interval === 'DAY') return ms + DAY_MS;
  if (interval === 'WEEK') return ms + 7 * DAY_MS;
  const start = new Date(ms);
  return Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1);
}

/** The longest range of one request (vendor's "Supported time intervals"). */
export function maxRangeMs(interval: Interval): number {
  if (interval === 'FIVE_MINUTES') return 2 * DAY_MS;
  if (interval === 'HOUR') return 31 * DAY_MS;
  return 731 * DAY_MS;
}
