import { ContractError, parseUtcDay, silentLogger } from '@edgeledger/core';
import { expect, test } from 'vitest';
import type { ImgixReport } from './client.ts';
import { IMGIX_DATASETS } from './datasets.ts';
import { type DiscoverRequest, discoverUnits } from './discover.ts';
import { assertFewParts, chooseReports, toListed } from './report-links.ts';

const NOW = new Date('2026-11-20T06:00:00Z');

function toReport(reportType: string, day: string, changes: Partial<ImgixReport> = {}): ImgixReport {
  return {
    id: `5f7676862528f12b1bfb${day.slice(-2)}00`,
    reportType,
    reportKey: `${reportType}_${day.replaceAll('-', '')}`,
    completed: true,
    files: ['https://files.example/a.csv?sig=1'],
    periodStart: new Date(`${day}T00:00:00Z`),
    ...changes,
  };
}

function discover(reports: readonly ImgixReport[], from: string, changes: Partial<DiscoverRequest> = {}) {
  return discoverUnits(reports, {
    account: 'default',
    datasets: IMGIX_DATASETS,
    isExplicit: false,
    range: { from: parseUtcDay(from, 'from'), to: parseUtcDay('2026-11-30', 'to') },
    now: NOW,
    logger: silentLogger,
    ...changes,
  }).map(({ reportKey, listed }) => `${reportKey}${listed === undefined ? ' expected' : ''}`);
}

test('days between the first listed one and yesterday that are not listed are expected', () => {
  const reports = [toReport('cdn_logs', '2026-11-16'), toReport('cdn_logs', '2026-11-18')];
  expect(discover(reports, '2026-11-10')).toEqual([
    'cdn_logs_20261116',
    'cdn_logs_20261118',
    'cdn_logs_20261117 expected',
    'cdn_logs_20261119 expected',
  ]);
});

test('a type that was never listed is expected only when a person named it', () => {
  const datasets = IMGIX_DATASETS.filter(({ report }) => report === 'mild_errors');
  expect(discover([], '2026-11-18', { datasets })).toEqual([]);
  expect(discover([], '2026-11-18', { datasets, isExplicit: true })).toEqual([
    'mild_errors_20261118 expected',
    'mild_errors_20261119 expected',
  ]);
  expect(discover([], '2020-01-01', { datasets, isExplicit: true })).toHaveLength(90);
});

test('unknown types and reports without a day are left out, the key gives the day where the period does not', () => {
  const reports = [
    toReport('new_kind', '2026-11-19'),
    toReport('cdn_logs', '2026-11-19', { periodStart: undefined }),
    toReport('mild_errors', '2026-11-19', { periodStart: undefined, reportKey: 'mild_errors' }),
  ];
  expect(discover(reports, '2026-11-19')).toEqual(['cdn_logs_20261119']);
});

test('of two reports with one key the newest completed one counts', () => {
  const day = '2026-11-19';
  const old = toReport('cdn_logs', day, { id: '5f0000000000000000000000' });
  const issuedAgain = toReport('cdn_logs', day, { id: '60000000000000000000000a' });
  const unfinished = toReport('cdn_logs', day, { id: '70000000000000000000000a', completed: false });
  for (const reports of [
    [old, issuedAgain, unfinished],
    [unfinished, issuedAgain, old],
  ]) {
    expect([...chooseReports(reports).values()]).toEqual([issuedAgain]);
  }
});

test('a type that the ledger has had once stays expected when the vendor lists none of it any more', () => {
  const datasets = IMGIX_DATASETS.filter(({ report }) => report === 'mild_errors');
  const range = {
    from: parseUtcDay('2026-11-10', 'from'),
    to: parseUtcDay('2026-11-30', 'to'),
    firstDays: new Map([['imgix.mild_errors', parseUtcDay('2026-11-18', 'first')]]),
  };
  expect(discover([], '2026-11-10', { datasets, range })).toEqual([
    'mild_errors_20261118 expected',
    'mild_errors_20261119 expected',
  ]);
});

test('a day may have as many reports as a month has days, and a listing of countless keys is refused', () => {
  const toReports = (count: number) =>
    Array.from({ length: count }, (_, no) =>
      toReport('cdn_logs', '2026-11-19', { reportKey: `cdn_logs_${no}` }),
    );
  expect(discover(toReports(100), '2026-11-19')).toHaveLength(100);
  const refused = () => discover(toReports(101), '2026-11-19');
  expect(refused).toThrow(ContractError);
  expect(refused).toThrow(
    /^Could not plan imgix\.cdn_logs: imgix lists 101 reports of 2026-11-19, at most 100 .*\(cdn_logs_0, cdn_logs_1/,
  );
  // days and datasets that nobody asked for do not hold up the others
  expect(discover(toReports(101), '2026-11-20')).toEqual([]);
});

test('a long listing is planned in the time it takes to go through it', () => {
  const day = (no: number) => new Date(Date.parse('2010-01-01') + no * 86_400_000).toISOString().slice(0, 10);
  const reports = Array.from({ length: 100_000 }, (_, no) => toReport('cdn_logs', day(no % 5_000)));
  const startedAt = performance.now();
  discover(reports, '2026-11-19');
  // copying the list for every report took a minute
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});

test('of a report with more files than are read the files are not sorted, and it still has a revision', () => {
  const files = Array.from({ length: 10_001 }, (_, no) => `https://files.example/${no}?sig=1`);
  const report = toReport('cdn_logs', '2026-11-19', { files });
  expect(toListed(report).revision).not.toBe(toListed({ ...report, files: files.slice(1) }).revision);
  expect(() => assertFewParts(report, 'cdn_logs_20261119')).toThrow(
    /^Could not load cdn_logs_20261119: imgix lists 10001 files of it, at most 10000 are read/,
  );
  expect(() => assertFewParts({ ...report, files: files.slice(1) }, 'x')).not.toThrow();
});
