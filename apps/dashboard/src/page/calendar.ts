import { addDays, eachDay, findUtcDay, toUtcDay, type UnitState, type UtcDay } from '@edgeledger/core';
import type { CoverageDay } from '../questions.ts';

/** Coverage as a table: one line for each account and dataset, one cell for each day. */
export interface Calendar {
  readonly days: readonly UtcDay[];
  /** Consecutive days of one month. */
  readonly months: readonly { readonly label: string; readonly days: number }[];
  readonly lines: readonly CalendarLine[];
  /** More than one account is shown. */
  readonly hasAccounts: boolean;
}

export interface CalendarLine {
  readonly account: string;
  readonly dataset: string;
  /** In the order of `days`; undefined where no unit is known. */
  readonly cells: readonly (CoverageDay | undefined)[];
}

export const CALENDAR_DAYS = { default: 90, min: 7, max: 400 } as const;
/** A calendar of a few days is still drawn as two weeks. */
const MIN_SHOWN_DAYS = 14;

/** The days that `?days=` asks for, ending today. */
export function toCalendarRange(now: Date, days: number): { readonly from: UtcDay; readonly to: UtcDay } {
  const to = toUtcDay(now);
  return { from: addDays(to, 1 - days), to };
}

export function readDayCount(text: unknown): number {
  const count = typeof text === 'string' && /^\d{1,4}$/.test(text) ? Number(text) : CALENDAR_DAYS.default;
  return Math.min(CALENDAR_DAYS.max, Math.max(CALENDAR_DAYS.min, count));
}

function groupMonths(days: readonly UtcDay[]): { label: string; days: number }[] {
  const months: { label: string; days: number }[] = [];
  for (const day of days) {
    const label = day.slice(0, 7);
    const last = months.at(-1);
    if (last?.label === label) last.days += 1;
    else months.push({ label, days: 1 });
  }
  return months;
}

/** Days before the first known unit are left out, because nothing is expected there. */
export function toCalendar(
  coverage: readonly CoverageDay[],
  range: { readonly from: UtcDay; readonly to: UtcDay },
): Calendar {
  const first = coverage.reduce<string>((least, { day }) => (day < least ? day : least), range.to);
  const latestStart = addDays(range.to, 1 - MIN_SHOWN_DAYS);
  const start = [findUtcDay(first) ?? range.from, latestStart].sort()[0] ?? range.from;
  const days = eachDay(start < range.from ? range.from : start, range.to);

  const byLine = new Map<string, Map<string, CoverageDay>>();
  for (const cell of coverage) {
    const key = JSON.stringify([cell.account, cell.dataset]);
    const cells = byLine.get(key) ?? new Map<string, CoverageDay>();
    byLine.set(key, cells.set(cell.day, cell));
  }
  const lines = [...byLine.values()].flatMap((cells): CalendarLine[] => {
    const [some] = cells.values();
    if (some === undefined) return [];
    const { account, dataset } = some;
    return [{ account, dataset, cells: days.map((day) => cells.get(day)) }];
  });
  return {
    days,
    months: groupMonths(days),
    lines,
    hasAccounts: new Set(lines.map((line) => line.account)).size > 1,
  };
}

/** How a state looks. The mark tells it apart without colour. */
export const STATE_MARKS: Readonly<Record<UnitState, { readonly mark: string; readonly meaning: string }>> = {
  loaded: { mark: '✓', meaning: 'in the warehouse' },
  loading: { mark: '…', meaning: 'being read' },
  waiting: { mark: '○', meaning: 'the vendor does not have it yet' },
  expected: { mark: '·', meaning: 'not looked at yet' },
  held: { mark: 'h', meaning: 'loaded; a revision is kept back' },
  failed: { mark: '!', meaning: 'the last attempt failed' },
  lost: { mark: '✕', meaning: 'the vendor no longer keeps it' },
};
