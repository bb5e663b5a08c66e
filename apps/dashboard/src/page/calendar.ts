import {
  addDays,
  DAY_MS,
  eachDay,
  findUtcDay,
  toUtcDay,
  type UnitState,
  type UtcDay,
} from '@edgeledger/core';
import type { CalendarCell } from '@edgeledger/warehouse';

/** Coverage as a table: one line for each account and dataset, one cell for each day. */
export interface Calendar {
  readonly days: readonly UtcDay[];
  readonly lines: readonly CalendarLine[];
  /** More than one account is shown. */
  readonly hasAccounts: boolean;
}

export interface CalendarLine {
  readonly account: string;
  readonly dataset: string;
  /** In the order of `days`; undefined where no unit is known. */
  readonly cells: readonly (CalendarCell | undefined)[];
  /** Days of the line that are not loaded and not lost. */
  readonly missing: number;
  readonly lost: number;
  /** When the vendor drops the first of what is missing. */
  readonly soonestLossAt: Date | null;
}

export const CALENDAR_DAYS = { default: 90, min: 7, max: 400 } as const;
/** From so many days on, months stand above each other. */
export const YEAR_DAYS = 120;
/** A calendar of a few days is still drawn as two weeks. */
const MIN_SHOWN_DAYS = 14;
export const URGENT_DAYS = 14;

/** The days that `?days=` asks for, ending today. */
export function toCalendarRange(now: Date, days: number): { readonly from: UtcDay; readonly to: UtcDay } {
  const to = toUtcDay(now);
  return { from: addDays(to, 1 - days), to };
}

export function readDayCount(text: unknown): number {
  const count = typeof text === 'string' && /^\d{1,4}$/.test(text) ? Number(text) : CALENDAR_DAYS.default;
  return Math.min(CALENDAR_DAYS.max, Math.max(CALENDAR_DAYS.min, count));
}

/** Days before the first known unit are left out, because nothing is expected there. */
export function toCalendar(
  coverage: readonly CalendarCell[],
  range: { readonly from: UtcDay; readonly to: UtcDay },
): Calendar {
  const first = coverage.reduce<string>((least, { day }) => (day < least ? day : least), range.to);
  const latestStart = addDays(range.to, 1 - MIN_SHOWN_DAYS);
  const start = [findUtcDay(first) ?? range.from, latestStart].sort()[0] ?? range.from;
  const days = eachDay(start < range.from ? range.from : start, range.to);

  const byLine = new Map<string, Map<string, CalendarCell>>();
  for (const cell of coverage) {
    const key = JSON.stringify([cell.account, cell.dataset]);
    const cells = byLine.get(key) ?? new Map<string, CalendarCell>();
    byLine.set(key, cells.set(cell.day, cell));
  }
  const lines = [...byLine.values()].flatMap((cells): CalendarLine[] => {
    const [some] = cells.values();
    if (some === undefined) return [];
    const shown = days.map((day) => cells.get(day));
    return [{ account: some.account, dataset: some.dataset, cells: shown, ...summarize(shown) }];
  });
  return { days, lines, hasAccounts: new Set(lines.map((line) => line.account)).size > 1 };
}

function summarize(cells: readonly (CalendarCell | undefined)[]) {
  const known = cells.filter((cell) => cell !== undefined);
  const losses = known.flatMap(({ expiresAt }) => (expiresAt === null ? [] : [expiresAt.getTime()]));
  return {
    missing: known.filter(({ state }) => isMissing(state)).length,
    lost: known.filter(({ state }) => state === 'lost').length,
    soonestLossAt: losses.length === 0 ? null : new Date(Math.min(...losses)),
  };
}

export function isMissing(state: UnitState): boolean {
  return state !== 'loaded' && state !== 'held' && state !== 'lost';
}

/** Whole days until the vendor drops something. */
export function daysUntil(instant: Date, now: Date): number {
  return Math.max(0, Math.floor((instant.getTime() - now.getTime()) / DAY_MS));
}

/** Consecutive days of one month. */
export function groupMonths(days: readonly UtcDay[]): { month: string; days: UtcDay[] }[] {
  return [...Map.groupBy(days, (day) => day.slice(0, 7))].map(([month, ofMonth]) => ({
    month,
    days: ofMonth,
  }));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `Nov 2026` of `2026-11`. */
export function formatMonth(month: string): string {
  return `${MONTHS[Number(month.slice(5, 7)) - 1] ?? month} ${month.slice(0, 4)}`;
}

/** What each state means, in the order of the legend. The shapes are in the style sheet. */
export const STATE_MEANINGS = {
  loaded: 'in the warehouse',
  held: 'in the warehouse; a much smaller revision is held back',
  waiting: 'the vendor does not have it yet',
  expected: 'planned, not read yet',
  loading: 'being read',
  failed: 'the last attempt failed',
  lost: 'the vendor no longer keeps it',
} as const satisfies Record<UnitState, string>;
