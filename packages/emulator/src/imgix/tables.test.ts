import { expect, test } from 'vitest';
import { fromIsoDay } from '../days.ts';
import type { EmulatorOptions } from '../options.ts';
import { toSettings } from '../options.ts';
import { REPORT_COLUMNS, REPORT_TYPES, type ReportType } from './report-types.ts';
import type { ReportTables } from './tables.ts';
import { createReportTables } from './tables.ts';

const OPTIONS: EmulatorOptions = {
  firstDay: '2026-09-10',
  historyDays: 60,
  volume: { cdnLogRowsPerDay: 300, imagesPerSource: 15 },
};

function open(options: EmulatorOptions = {}): ReportTables {
  return createReportTables(toSettings({ ...OPTIONS, ...options }));
}

type Row = Record<string, string>;

function rowsOf(tables: ReportTables, type: ReportType, day: string): Row[] {
  const { columns, rows } = tables.table(type, fromIsoDay(day));
  return Array.from(rows, (row) =>
    Object.fromEntries(row.map((value, index) => [columns[index] ?? '', value])),
  );
}

function total(rows: readonly Row[], column: string): number {
  return rows.reduce((sum, row) => sum + Number(row[column]), 0);
}

/** Exact sum of decimals with up to six places. */
function microTotal(rows: readonly Row[], column: string): bigint {
  return rows.reduce((sum, row) => {
    const [whole = '0', fraction = ''] = (row[column] ?? '').split('.');
    return sum + BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  }, 0n);
}

function daysOf(month: string, first: number, last: number): string[] {
  return Array.from(
    { length: last - first + 1 },
    (_, index) => `${month}-${`${first + index}`.padStart(2, '0')}`,
  );
}

test('the credit reports have exactly the 17 documented columns', () => {
  expect(REPORT_COLUMNS.credit_analytics_daily.length).toBe(17);
  expect(REPORT_COLUMNS.credit_analytics_daily.slice(0, 5)).toEqual([
    'timestamp',
    'source_id',
    'source_name',
    'total_credits',
    'standard_renders_credits',
  ]);
  expect(REPORT_COLUMNS.credit_analytics_mtd).toEqual(REPORT_COLUMNS.credit_analytics_daily);
});

test('the rows do not depend on the order in which days are asked', () => {
  const [forward, backward] = [open(), open()];
  const days = ['2026-09-30', '2026-10-01', '2026-10-20', '2026-10-31'];
  const read = (tables: ReportTables, order: readonly string[]): Map<string, Row[]> =>
    new Map(
      order.flatMap((day) =>
        REPORT_TYPES.map((type) => [`${type} ${day}`, rowsOf(tables, type, day)] as const),
      ),
    );
  const backwards = read(backward, days.toReversed());
  for (const [key, rows] of read(forward, days)) expect(backwards.get(key)).toEqual(rows);
});

test('another seed gives other rows', () => {
  const [one, two] = [open(), open({ seed: 2 })].map((tables) => rowsOf(tables, 'cdn_logs', '2026-10-05'));
  expect(one).not.toEqual(two);
});

test('month-to-date credits are the exact sum of the daily ones, column by column and Source by Source', () => {
  const tables = open();
  const daily = daysOf('2026-10', 1, 20).flatMap((day) => rowsOf(tables, 'credit_analytics_daily', day));
  const monthly = rowsOf(tables, 'credit_analytics_mtd', '2026-10-20');
  expect(monthly.length).toBe(4);
  for (const row of monthly) {
    const ofSource = daily.filter((candidate) => candidate.source_id === row.source_id);
    for (const column of REPORT_COLUMNS.credit_analytics_mtd.slice(3)) {
      expect(microTotal([row], column)).toBe(microTotal(ofSource, column));
    }
  }
});

test('month-to-date reports start again on the 1st, and at the first day of the account', () => {
  const tables = open();
  for (const day of ['2026-10-01', '2026-09-10']) {
    const toDate = rowsOf(tables, 'credit_analytics_mtd', day);
    expect(toDate).toEqual(rowsOf(tables, 'credit_analytics_daily', day));
    const requests = total(rowsOf(tables, 'image_analytics', day), 'requests');
    expect(requests).toBe(rowsOf(tables, 'cdn_logs', day).length);
  }
  const before = total(rowsOf(tables, 'image_analytics', '2026-09-30'), 'requests');
  expect(before).toBeGreaterThan(total(rowsOf(tables, 'image_analytics', '2026-10-01'), 'requests'));
});

test('the month-to-date reports agree with the daily logs and error reports', () => {
  const tables = open();
  const days = daysOf('2026-10', 1, 12);
  const logs = days.flatMap((day) => rowsOf(tables, 'cdn_logs', day));
  const mild = days.flatMap((day) => rowsOf(tables, 'mild_errors', day));
  const images = rowsOf(tables, 'image_analytics', '2026-10-12');
  const sources = rowsOf(tables, 'source_analytics', '2026-10-12');
  expect(total(images, 'requests')).toBe(logs.length);
  expect(total(sources, 'requests')).toBe(logs.length);
  expect(total(sources, 'cdn_bandwidth')).toBe(total(logs, 'bytes'));
  expect(total(sources, 'bandwidth')).toBe(total(images, 'bandwidth'));
  expect(total(mild, 'errors')).toBe(total(images, 'mild_errors'));
  expect(total(mild, 'errors')).toBe(logs.filter((row) => /^4/.test(row.status_code ?? '')).length);
  expect(total(sources, 'severe_errors')).toBe(logs.filter((row) => /^5/.test(row.status_code ?? '')).length);
  expect(total(sources, 'origin_images')).toBe(images.length);
});

test('total credits cover the listed columns and sometimes more', () => {
  const tables = open();
  const rows = daysOf('2026-10', 1, 31).flatMap((day) => rowsOf(tables, 'credit_analytics_daily', day));
  const unlisted = rows.map((row) => {
    const listed = REPORT_COLUMNS.credit_analytics_daily.slice(4);
    return (
      microTotal([row], 'total_credits') - listed.reduce((sum, column) => sum + microTotal([row], column), 0n)
    );
  });
  expect(unlisted.every((amount) => amount >= 0n)).toBe(true);
  expect(unlisted.some((amount) => amount > 0n)).toBe(true);
  expect(unlisted.some((amount) => amount === 0n)).toBe(true);
});

test('one Source loses its name halfway and keeps its rows', () => {
  const tables = open();
  const blank = (day: string): number =>
    rowsOf(tables, 'credit_analytics_daily', day).filter((row) => row.source_name === '').length;
  expect(blank('2026-10-09')).toBe(0);
  expect(blank('2026-10-10')).toBe(1);
  const nameless = rowsOf(tables, 'image_analytics', '2026-10-20').filter((row) => row.source_name === '');
  expect(nameless.length).toBeGreaterThan(0);
});

test('the data exercises a reader: blanks, commas, quotes, line feeds, other letters', () => {
  const tables = open({ volume: { cdnLogRowsPerDay: 3000, imagesPerSource: 40 } });
  const logs = rowsOf(tables, 'cdn_logs', '2026-10-07');
  const has = (column: string, pattern: RegExp): boolean =>
    logs.some((row) => pattern.test(row[column] ?? ''));
  expect(has('referers', /^$/) && has('user_agent', /^$/)).toBe(true);
  expect(has('user_agent', /\n/)).toBe(true);
  expect(has('url', /"/) && has('url', /,/) && has('url', /[^ -~]/)).toBe(true);
  expect(has('status_code', /^403$/) && has('status_code', /^5/) && has('cache_status', /^MISS$/)).toBe(true);
});

test('counting rows agrees with making them', () => {
  const tables = open();
  for (const type of REPORT_TYPES) {
    const day = fromIsoDay('2026-10-09');
    expect(tables.countRows(type, day)).toBe([...tables.table(type, day).rows].length);
  }
});
