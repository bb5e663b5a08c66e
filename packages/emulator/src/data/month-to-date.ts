/**
 * Month-to-date sums: what the cumulative imgix reports show. They start from nothing on the 1st (docs:
 * "Resets to zero at the start of each calendar month") or on the account's first day.
 */
import { createBoundedCache } from '../bounded-cache.ts';
import { firstOfMonth } from '../days.ts';

/**
 * Turns a function that gives one day's numbers into one that gives the sums from the 1st of the month up
 * to and including a day. A day is its predecessor plus its own numbers, and every sum on the way is
 * kept (up to `maxCached`), so walking a month costs one addition per day in either direction.
 */
export function createMonthToDate(
  numbersOfDay: (day: number) => Float64Array,
  firstDay: number,
  maxCached: number,
): (day: number) => Float64Array {
  const cache = createBoundedCache<number, Float64Array>(maxCached);
  return function upTo(day: number): Float64Array {
    const from = Math.max(firstOfMonth(day), firstDay);
    let known = day;
    let sums = cache.find(known);
    while (sums === undefined && known > from) {
      known -= 1;
      sums = cache.find(known);
    }
    if (sums === undefined) {
      sums = cache.getOrCreate(known, () => Float64Array.from(numbersOfDay(known)));
    }
    for (let next = known + 1; next <= day; next += 1) {
      const before = sums;
      sums = cache.getOrCreate(next, () => addElements(before, numbersOfDay(next)));
    }
    return sums;
  };
}

function addElements(left: Float64Array, right: Float64Array): Float64Array {
  const sum = Float64Array.from(left);
  for (let index = 0; index < sum.length; index += 1) sum[index] = (sum[index] ?? 0) + (right[index] ?? 0);
  return sum;
}
