/**
 * What happened to one origin image on one day. Everything the six imgix reports say is derived from
 * these cells: the CDN log repeats a cell `count` times, the error report adds the 4xx cells, the
 * analytics reports add all of them. So the reports agree with each other to the last byte.
 */
import type { BoundedCache } from '../bounded-cache.ts';
import { createBoundedCache } from '../bounded-cache.ts';
import { weekdayOf } from '../days.ts';
import { at, createRandom, hash32 } from '../random.ts';
import type { ImageAccount, ImageSource, OriginImage } from './account.ts';

export interface TrafficCell {
  status: number;
  cache: 'HIT' | 'MISS';
  /** Index into `VARIANT_QUERIES`. */
  variant: number;
  /** Number of identical requests. */
  count: number;
  bytesEach: number;
  millisecondsEach: number;
}

/** Columns of the per-image totals: `totals[image.index * MEASURE_COUNT + MEASURE.requests]`. */
export const MEASURE = {
  requests: 0,
  cdnBytes: 1,
  renderBytes: 2,
  fetchBytes: 3,
  renders: 4,
  mildErrors: 5,
  severeErrors: 6,
  milliseconds: 7,
} as const;
export const MEASURE_COUNT = 8;

export interface Traffic {
  cells(source: ImageSource, image: OriginImage, day: number): TrafficCell[];
  /** Totals per image of one day; do not change the array. */
  dayTotals(day: number): Float64Array;
}

const VARIANTS = 4;
/** Sunday first. */
const WEEKDAY_FACTORS = [0.72, 1.06, 1.1, 1.12, 1.1, 1.04, 0.86] as const;
const ERROR_BYTES: Readonly<Record<number, number>> = { 400: 118, 403: 243, 404: 162, 410: 140, 422: 201 };

export function createTraffic(options: {
  seed: number;
  account: ImageAccount;
  requestsPerDay: number;
}): Traffic {
  const { seed, account, requestsPerDay } = options;
  const cache: BoundedCache<number, Float64Array> = createBoundedCache(
    Math.max(4, Math.floor(4_000_000 / (account.imageCount * MEASURE_COUNT))),
  );

  function cells(source: ImageSource, image: OriginImage, day: number): TrafficCell[] {
    const random = createRandom(hash32(seed, 'traffic', image.index, day));
    const dayFactor = at(WEEKDAY_FACTORS, weekdayOf(day)) * dayNoise(seed, day);
    const deleted = source.deletedFromDay !== undefined && day >= source.deletedFromDay;
    const expected = requestsPerDay * dayFactor * source.share * (deleted ? 0.4 : 1) * image.share;
    const requests = Math.floor(expected * (0.6 + 0.8 * random.next()) + random.next());
    return splitIntoCells(image, requests, random.next);
  }

  function dayTotals(day: number): Float64Array {
    return cache.getOrCreate(day, () => {
      const totals = new Float64Array(account.imageCount * MEASURE_COUNT);
      for (const source of account.sources) {
        for (const image of source.images) {
          addCells(totals, image, cells(source, image, day));
        }
      }
      return totals;
    });
  }
  return { cells, dayTotals };
}

/** A day is up to 10 % busier or quieter than its weekday says. */
function dayNoise(seed: number, day: number): number {
  return 0.9 + 0.2 * createRandom(hash32(seed, 'day', day)).next();
}

function splitIntoCells(image: OriginImage, requests: number, next: () => number): TrafficCell[] {
  const roundedShare = (total: number, share: number): number =>
    Math.min(total, Math.floor(total * share + next()));
  const mild = roundedShare(requests, image.mildShare);
  const severe = roundedShare(requests - mild, image.severeShare);
  const good = requests - mild - severe;
  const misses = roundedShare(good, 0.07);
  const unchanged = roundedShare(good - misses, 0.05);
  const otherMild = roundedShare(mild, 0.15);
  const otherStatus = image.mildStatus === 404 ? 403 : 404;

  const cells: TrafficCell[] = [];
  const add = (
    status: number,
    cache: 'HIT' | 'MISS',
    variant: number,
    count: number,
    bytes: number,
  ): void => {
    if (count === 0) return;
    const millisecondsEach = cache === 'HIT' ? 14 + (image.index % 11) : 180 + (image.index % 97);
    cells.push({ status, cache, variant, count, bytesEach: bytes, millisecondsEach });
  };
  const hits = good - misses - unchanged;
  for (let variant = 0; variant < VARIANTS; variant += 1) {
    const bytes = at(image.variantBytes, variant);
    // the four shares add up to the whole: floor((n + v) / 4) over v = 0..3 is n
    add(200, 'HIT', variant, Math.floor((hits + VARIANTS - 1 - variant) / VARIANTS), bytes);
    add(200, 'MISS', variant, Math.floor((misses + variant) / VARIANTS), bytes);
  }
  add(304, 'HIT', 0, unchanged, 0);
  add(image.mildStatus, 'MISS', 0, mild - otherMild, ERROR_BYTES[image.mildStatus] ?? 0);
  add(otherStatus, 'HIT', 1, otherMild, ERROR_BYTES[otherStatus] ?? 0);
  add(image.severeStatus, 'MISS', 0, severe, 178);
  return cells;
}

function addCells(totals: Float64Array, image: OriginImage, cells: readonly TrafficCell[]): void {
  const base = image.index * MEASURE_COUNT;
  const add = (measure: number, amount: number): void => {
    totals[base + measure] = (totals[base + measure] ?? 0) + amount;
  };
  let renders = 0;
  for (const cell of cells) {
    const bytes = cell.count * cell.bytesEach;
    add(MEASURE.requests, cell.count);
    add(MEASURE.cdnBytes, bytes);
    add(MEASURE.milliseconds, cell.count * cell.millisecondsEach);
    if (cell.status === 200 && cell.cache === 'MISS') {
      renders += cell.count;
      add(MEASURE.renderBytes, bytes);
    }
    if (cell.status >= 400 && cell.status < 500) add(MEASURE.mildErrors, cell.count);
    if (cell.status >= 500) add(MEASURE.severeErrors, cell.count);
  }
  add(MEASURE.renders, renders);
  // the original is fetched once for every four renditions of it
  add(MEASURE.fetchBytes, Math.ceil(renders / VARIANTS) * image.originalBytes);
}
