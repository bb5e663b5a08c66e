import { ConfigError } from './errors.ts';

/** A UTC calendar day as `YYYY-MM-DD`. Vendors cut their reports at UTC midnight, so we never use local time. */
export type UtcDay = string & { readonly __brand: 'UtcDay' };

/** A half-open UTC range `[start, end)`. */
export interface Period {
  readonly start: Date;
  readonly end: Date;
}

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/**
 * No report is of a day before or after these. Days beyond them are none: with a fifth digit, days no longer sort as
 * text, and Postgres has no year 0.
 */
const FIRST_DAY = '1970-01-01';
const LAST_DAY = '2199-12-31';

/**
 * Reads `YYYY-MM-DD`, refusing days that do not exist (2026-02-30) or that no report can be of (9999-12-31). `undefined`
 * when it is not a day.
 */
export function findUtcDay(text: string): UtcDay | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < FIRST_DAY || text > LAST_DAY) return undefined;
  const instant = new Date(`${text}T00:00:00Z`);
  if (Number.isNaN(instant.getTime()) || instant.toISOString().slice(0, 10) !== text) return undefined;
  return text as UtcDay;
}

/** Like {@link findUtcDay}, for input that a person typed: `what` names the option in the error. */
export function parseUtcDay(text: string, what: string): UtcDay {
  const day = findUtcDay(text);
  if (day === undefined) {
    throw new ConfigError(
      'config.invalid-day',
      `${what}: "${text}" is not a day. Give a UTC day from ${FIRST_DAY} to ${LAST_DAY} as YYYY-MM-DD, for example 2026-11-20.`,
    );
  }
  return day;
}

export function toUtcDay(instant: Date): UtcDay {
  return instant.toISOString().slice(0, 10) as UtcDay;
}

export function dayStart(day: UtcDay): Date {
  return new Date(`${day}T00:00:00Z`);
}

export function dayPeriod(day: UtcDay): Period {
  const start = dayStart(day);
  return { start, end: new Date(start.getTime() + DAY_MS) };
}

export function addDays(day: UtcDay, count: number): UtcDay {
  return toUtcDay(new Date(dayStart(day).getTime() + count * DAY_MS));
}

/**
 * Every day from `from` to `to`, both inclusive, oldest first. Arithmetic may lead beyond what is a day: by number and
 * between the two bounds it ends all the same.
 */
export function eachDay(from: UtcDay, to: UtcDay): UtcDay[] {
  const days: UtcDay[] = [];
  const endMs = Math.min(dayStart(to).getTime(), Date.parse(LAST_DAY));
  for (let ms = Math.max(dayStart(from).getTime(), Date.parse(FIRST_DAY)); ms <= endMs; ms += DAY_MS) {
    days.push(toUtcDay(new Date(ms)));
  }
  return days;
}

/** `YYYYMMDD`, the form vendors and our report keys use. */
export function toCompactDay(day: UtcDay): string {
  return day.replaceAll('-', '');
}

/** The UTC day in the last eight digits of a report key (`cdn_logs_20261120`), if there is one. */
export function findDayInReportKey(reportKey: string): UtcDay | undefined {
  const digits = /(\d{4})(\d{2})(\d{2})$/.exec(reportKey);
  if (digits === null) return undefined;
  return findUtcDay(`${digits[1]}-${digits[2]}-${digits[3]}`);
}
