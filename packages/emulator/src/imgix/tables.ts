/** The rows of each imgix report, before they become files. */
import type { ImageAccount, ImageSource, OriginImage } from '../data/account.ts';
import { createImageAccount, sourceNameOn } from '../data/account.ts';
import { cdnLogRows } from '../data/cdn-log.ts';
import { CREDIT_COUNT, createDailyCredits, formatMicroCredits } from '../data/credits.ts';
import { createMonthToDate } from '../data/month-to-date.ts';
import type { Traffic } from '../data/traffic.ts';
import { createTraffic, MEASURE, MEASURE_COUNT } from '../data/traffic.ts';
import { toIsoDay } from '../days.ts';
import type { Settings } from '../options.ts';
import { at } from '../random.ts';
import type { ReportType } from './report-types.ts';
import { REPORT_COLUMNS } from './report-types.ts';

export interface ReportTable {
  columns: readonly string[];
  rows: Iterable<readonly string[]>;
}

export interface ReportTables {
  accountId: string;
  table(type: ReportType, day: number): ReportTable;
  /** The number of rows without making them, for the number of files in a listing. */
  countRows(type: ReportType, day: number): number;
}

interface TableInputs {
  seed: number;
  account: ImageAccount;
  traffic: Traffic;
  imagesUpTo: (day: number) => Float64Array;
  creditsOf: (day: number) => Float64Array;
  creditsUpTo: (day: number) => Float64Array;
}

export function createReportTables(settings: Settings): ReportTables {
  const { seed, firstDay } = settings;
  const account = createImageAccount({
    seed,
    imagesPerSource: settings.imagesPerSource,
    sourceDeletedFromDay: firstDay + Math.floor(settings.historyDays / 2),
  });
  const traffic = createTraffic({ seed, account, requestsPerDay: settings.cdnLogRowsPerDay });
  const creditsOf = createDailyCredits({ seed, account, traffic });
  const cachedSums = Math.max(4, Math.floor(4_000_000 / (account.imageCount * MEASURE_COUNT)));
  const inputs: TableInputs = {
    seed,
    account,
    traffic,
    imagesUpTo: createMonthToDate(traffic.dayTotals, firstDay, cachedSums),
    creditsOf,
    creditsUpTo: createMonthToDate(creditsOf, firstDay, 400),
  };
  return {
    accountId: account.id,
    table: (type, day) => ({ columns: REPORT_COLUMNS[type], rows: rowsOf(inputs, type, day) }),
    countRows: (type, day) => countRows(inputs, type, day),
  };
}

function rowsOf(inputs: TableInputs, type: ReportType, day: number): Iterable<readonly string[]> {
  switch (type) {
    case 'cdn_logs':
      return cdnLogRows(inputs.seed, inputs.account, inputs.traffic, day);
    case 'credit_analytics_daily':
      return creditRows(inputs.account, inputs.creditsOf(day), day);
    case 'credit_analytics_mtd':
      return creditRows(inputs.account, inputs.creditsUpTo(day), day);
    case 'image_analytics':
      return imageRows(inputs.account, inputs.imagesUpTo(day), day);
    case 'mild_errors':
      return mildErrorRows(inputs, day);
    case 'source_analytics':
      return sourceRows(inputs.account, inputs.imagesUpTo(day), day);
  }
}

function countRows(inputs: TableInputs, type: ReportType, day: number): number {
  let count = 0;
  if (type === 'cdn_logs' || type === 'image_analytics') {
    const totals = type === 'cdn_logs' ? inputs.traffic.dayTotals(day) : inputs.imagesUpTo(day);
    for (let base = 0; base < totals.length; base += MEASURE_COUNT) {
      const requests = at(totals, base + MEASURE.requests);
      count += type === 'cdn_logs' ? requests : Math.min(requests, 1);
    }
    return count;
  }
  for (const _row of rowsOf(inputs, type, day)) count += 1;
  return count;
}

function* creditRows(account: ImageAccount, microCredits: Float64Array, day: number): Generator<string[]> {
  for (const source of account.sources) {
    const base = source.index * CREDIT_COUNT;
    const credits = Array.from(microCredits.subarray(base, base + CREDIT_COUNT), formatMicroCredits);
    yield [toIsoDay(day), source.id, sourceNameOn(source, day), ...credits];
  }
}

function* imageRows(account: ImageAccount, totals: Float64Array, day: number): Generator<string[]> {
  for (const source of account.sources) {
    for (const image of source.images) {
      const base = image.index * MEASURE_COUNT;
      const requests = at(totals, base + MEASURE.requests);
      if (requests === 0) continue;
      const mild = at(totals, base + MEASURE.mildErrors);
      const severe = at(totals, base + MEASURE.severeErrors);
      yield [
        source.id,
        sourceNameOn(source, day),
        originUrl(source, image),
        `${requests}`,
        `${at(totals, base + MEASURE.cdnBytes) + at(totals, base + MEASURE.renderBytes)}`,
        `${mild + severe}`,
        `${mild}`,
        `${severe}`,
      ];
    }
  }
}

function* mildErrorRows({ account, traffic }: TableInputs, day: number): Generator<string[]> {
  const timestamp = `${toIsoDay(day)}T00:00:00Z`;
  for (const source of account.sources) {
    for (const image of source.images) {
      for (const cell of traffic.cells(source, image, day)) {
        if (cell.status < 400 || cell.status > 499) continue;
        const errors = [`${cell.status}`, `${cell.count}`, timestamp];
        yield [source.id, sourceNameOn(source, day), originUrl(source, image), ...errors];
      }
    }
  }
}

function* sourceRows(account: ImageAccount, totals: Float64Array, day: number): Generator<string[]> {
  for (const source of account.sources) {
    const sums = new Float64Array(MEASURE_COUNT);
    let originImages = 0;
    for (const image of source.images) {
      const base = image.index * MEASURE_COUNT;
      if (at(totals, base + MEASURE.requests) > 0) originImages += 1;
      for (let measure = 0; measure < MEASURE_COUNT; measure += 1) {
        sums[measure] = at(sums, measure) + at(totals, base + measure);
      }
    }
    const sum = (measure: keyof typeof MEASURE): number => at(sums, MEASURE[measure]);
    yield [
      source.id,
      sourceNameOn(source, day),
      toIsoDay(day),
      `${originImages}`,
      `${sum('requests')}`,
      `${sum('renders')}`,
      // vendor's analytics page: total bandwidth is render + CDN, without fetch
      `${sum('renderBytes') + sum('cdnBytes')}`,
      `${sum('cdnBytes')}`,
      `${sum('renderBytes')}`,
      `${sum('fetchBytes')}`,
      formatAverage(sum('milliseconds'), sum('requests')),
      `${sum('mildErrors') + sum('severeErrors')}`,
      `${sum('mildErrors')}`,
      `${sum('severeErrors')}`,
    ];
  }
}

/** Two decimals; blank where there was no request to average over. */
function formatAverage(total: number, count: number): string {
  if (count === 0) return '';
  const hundredths = Math.round((total * 100) / count);
  return `${Math.floor(hundredths / 100)}.${(hundredths % 100).toString().padStart(2, '0')}`;
}

function originUrl(source: ImageSource, image: OriginImage): string {
  return source.originUrl + image.path;
}
