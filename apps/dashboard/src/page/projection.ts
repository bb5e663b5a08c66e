import { addDays, eachDay, findUtcDay, type UtcDay } from '@edgeledger/core';
import { formatNumber } from './format.ts';

/** What a month comes to so far, and what it will if it goes on like this. */
export interface Projection {
  readonly monthToDate: number;
  /** The last day that is in it. */
  readonly asOf: UtcDay;
  readonly remainingDays: number;
  /** Of the last days that have a figure, seven at most: each weekday counts once. */
  readonly dailyMean: number;
  readonly meanDays: number;
  readonly projected: number;
  /** How it was computed, in words. */
  readonly explanation: string;
}

const MEAN_DAYS = 7;

/** `totals`: by day of the month, of the days that have a figure. Undefined when there is none. */
export function projectMonth(
  month: string,
  totals: ReadonlyMap<string, number>,
  vendor: { readonly day: string; readonly credits: number } | undefined,
): Projection | undefined {
  const first = findUtcDay(`${month}-01`);
  const known = [...totals.keys()].sort();
  const newest = findUtcDay([known.at(-1) ?? '', vendor?.day ?? ''].sort().at(-1) ?? '');
  if (first === undefined || newest === undefined || known.length === 0) return undefined;
  const last = lastDayOf(first);
  const recent = known.slice(-MEAN_DAYS);
  const dailyMean = recent.reduce((sum, day) => sum + (totals.get(day) ?? 0), 0) / recent.length;
  // the vendor's own total knows the days that are missing here; later days are added to it
  const isVendor = vendor !== undefined;
  const after = known.filter((day) => vendor === undefined || day > vendor.day);
  const monthToDate = (vendor?.credits ?? 0) + after.reduce((sum, day) => sum + (totals.get(day) ?? 0), 0);
  const remainingDays = newest >= last ? 0 : eachDay(addDays(newest, 1), last).length;
  const projected = monthToDate + remainingDays * dailyMean;
  const basis = isVendor
    ? `The vendor’s month-to-date total${after.length === 0 ? '' : ` of ${vendor.day} and the days after it`}`
    : 'The sum of the days that are loaded';
  const explanation = `${basis} is ${formatNumber(monthToDate)} up to ${newest}. ${
    remainingDays === 0
      ? 'The month is over.'
      : `${remainingDays} ${remainingDays === 1 ? 'day remains' : 'days remain'}; the mean of the last ${recent.length} loaded ${recent.length === 1 ? 'day is' : 'days is'} ${formatNumber(dailyMean)} a day, so ${formatNumber(monthToDate)} + ${remainingDays} × ${formatNumber(dailyMean)} = ${formatNumber(projected)}.`
  }`;
  return {
    monthToDate,
    asOf: newest,
    remainingDays,
    dailyMean,
    meanDays: recent.length,
    projected,
    explanation,
  };
}

export function lastDayOf(first: UtcDay): UtcDay {
  const [year, month] = [Number(first.slice(0, 4)), Number(first.slice(5, 7))];
  const last = new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
  return findUtcDay(last) ?? first;
}
