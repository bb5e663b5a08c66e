/**
 * Credits per Source and day in whole micro-credits (1 credit = 1,000,000), so that month-to-date values
 * are exact sums of the daily ones. Prices follow the public ones where they are known (500 standard
 * renders or 1 GB of delivery = 1 credit); the rest is made up.
 */
import { createBoundedCache } from '../bounded-cache.ts';
import { at, createRandom, hash32 } from '../random.ts';
import type { ImageAccount, ImageSource } from './account.ts';
import type { Traffic } from './traffic.ts';
import { MEASURE, MEASURE_COUNT } from './traffic.ts';

/** The credit columns of both credit reports in the order of the vendor's table. */
export const CREDIT_COLUMNS = [
  'total_credits',
  'standard_renders_credits',
  'advanced_renders_credits',
  'premium_renders_credits',
  'storage_credits',
  'delivery_bandwidth_credits',
  'cache_reads_credits',
  'premium_video_encoding_seconds_credits',
  'video_smartcropping_seconds_credits',
  'video_preview_seconds_credits',
  'video_ai_interpolation_seconds_credits',
  'video_vmaf_encoded_seconds_credits',
  'video_render_cache_credits',
  'specialized_transformations_credits',
] as const;
export const CREDIT_COUNT = CREDIT_COLUMNS.length;

/** Micro-credits of one day: `numbers[source.index * CREDIT_COUNT + column]`. */
export function createDailyCredits(options: {
  seed: number;
  account: ImageAccount;
  traffic: Traffic;
}): (day: number) => Float64Array {
  const { seed, account, traffic } = options;
  const cache = createBoundedCache<number, Float64Array>(128);
  return (day) =>
    cache.getOrCreate(day, () => {
      const totals = traffic.dayTotals(day);
      const numbers = new Float64Array(account.sources.length * CREDIT_COUNT);
      for (const source of account.sources) {
        numbers.set(creditsOfSource(seed, source, day, totals), source.index * CREDIT_COUNT);
      }
      return numbers;
    });
}

function creditsOfSource(seed: number, source: ImageSource, day: number, totals: Float64Array): number[] {
  let renders = 0;
  let cdnBytes = 0;
  for (const image of source.images) {
    const base = image.index * MEASURE_COUNT;
    renders += at(totals, base + MEASURE.renders);
    cdnBytes += at(totals, base + MEASURE.cdnBytes);
  }
  const random = createRandom(hash32(seed, 'credits', source.index, day));
  const advanced = Math.floor(renders * 0.2 * random.next());
  const hasVideo = source.index === 1;
  const listed = [
    (renders - advanced) * 2_000,
    advanced * 10_000,
    random.int(3) * 400_000,
    250_000 + source.index * 31_337 + random.int(1_000),
    Math.floor(cdnBytes / 1_000),
    renders * 137,
    hasVideo ? random.int(90) * 20_000 : 0,
    hasVideo ? random.int(40) * 5_000 : 0,
    hasVideo ? random.int(25) * 3_333 : 0,
    0,
    0,
    0,
    random.chance(0.3) ? random.int(4) * 2_000_000 : 0,
  ];
  // docs: the total covers credit types that no column lists yet
  const unlisted = random.chance(0.25) ? 1 + random.int(750_000) : 0;
  return [listed.reduce((sum, value) => sum + value, unlisted), ...listed];
}

/** Whole micro-credits as a decimal without trailing zeros: 2500000 is `2.5`. */
export function formatMicroCredits(microCredits: number): string {
  const whole = Math.floor(microCredits / 1_000_000);
  const fraction = (microCredits % 1_000_000).toString().padStart(6, '0').replace(/0+$/, '');
  return fraction === '' ? `${whole}` : `${whole}.${fraction}`;
}
