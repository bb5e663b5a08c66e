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

/** Reads `YYYY-MM-DD`, refusing days that do not exist (2026-02-30). `undefined` when it is not a day. */
export function findUtcDay(text: string): UtcDay | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
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
      `${what}: "${text}" is not a day. Give a UTC day as YYYY-MM-DD, for example 2026-11-20.`,
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

/** Every day from `from` to `to`, both inclusive, oldest first. */
export function eachDay(from: UtcDay, to: UtcDay): UtcDay[] {
  const days: UtcDay[] = [];
  for (let day = from; day <= to; day = addDays(day, 1)) days.push(day);
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
