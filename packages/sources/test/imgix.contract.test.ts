import { parseUtcDay, Secret, silentLogger } from '@edgeledger/core';
import { createEmulator, createManualClock, type EmulatorOptions, REPORT_TYPES } from '@edgeledger/emulator';
import { expect, onTestFinished, test } from 'vitest';
import { createSources } from '../src/index.ts';
import { runSourceContract } from './contract-suite.ts';
import { contextAt, getUnit, readUnit, toRecords } from './read-unit.ts';

const NOW = new Date('2026-11-20T06:00:00Z');

async function openImgix(options: EmulatorOptions = {}) {
  const emulator = await createEmulator({
    historyDays: 10,
    volume: { cdnLogRowsPerDay: 200, imagesPerSource: 8 },
    clock: createManualClock(NOW),
    ...options,
    imgix: { requestsPerSecond: 0, ...options.imgix },
  });
  onTestFinished(() => emulator.close());
  const clock = { now: () => emulator.now() };
  const [source] = createSources(
    [
      {
        vendor: 'imgix',
        account: 'default',
        apiKey: new Secret(emulator.credentials.imgix.apiKey),
        apiUrl: new URL(emulator.imgixUrl),
        fileHosts: [emulator.filesHost],
        reportTypes: REPORT_TYPES,
        reportTypesExplicit: false,
      },
    ],
    { clock, logger: silentLogger, http: { rateLimit: { perSecond: 1000 } } },
  );
  if (source === undefined) throw new Error('no source');
  onTestFinished(() => source.close());
  return { emulator, source };
}

const range = { from: parseUtcDay('2026-11-17', 'from'), to: parseUtcDay('2026-11-19', 'to') };

runSourceContract('imgix', async () => ({ source: (await openImgix()).source, now: NOW, range }));

test.each([
  ['one gzipped file', {}],
  ['gzip and plain parts mixed', { partMaxRows: 37, gzip: 'mixed' as const }],
  ['content encoding set', { partMaxRows: 50, contentEncoding: true }],
  ['a header in the first part only', { partMaxRows: 23, headerInEveryPart: false }],
  ['small pages', { maxPageSize: 7 }],
])('every report type equals the truth: %s', async (_, imgix) => {
  const { emulator, source } = await openImgix({ imgix });
  const context = contextAt(NOW);
  const units = await source.discover(range, context);
  expect(units).toHaveLength(REPORT_TYPES.length * 3);
  for (const unit of units) {
    const [, day] = /_(\d{8})$/.exec(unit.reportKey) ?? [];
    const type = REPORT_TYPES.find((candidate) => unit.dataset === `imgix.${candidate}`);
    if (day === undefined || type === undefined) throw new Error(unit.reportKey);
    const truth = emulator.truth.imgix(type, `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`);
    const parts = await readUnit(source, unit, context);
    const values = parts.flatMap((part) => part.rows.map((row) => row.values));
    expect(parts[0]?.columns.map(({ header }) => header)).toEqual(truth.columns);
    expect(values).toHaveLength(truth.rows.length);
    for (const [index, row] of truth.rows.entries()) {
      const loaded = values[index]?.map((value) => value ?? '');
      for (const [position, value] of row.entries()) {
        const column = parts[0]?.columns[position];
        if (column?.type === 'timestamptz' || column?.type === 'date') continue;
        expect(loaded?.[position]).toBe(value);
      }
    }
  }
});

test('a report that is not there yet is waited for until 04:00, then looked for again and again', async () => {
  const clock = createManualClock(new Date('2026-11-20T01:00:00Z'));
  const { emulator, source } = await openImgix({ clock, imgix: { publishHour: 9 } });
  const at = async (time: string) => {
    emulator.setNow(new Date(time));
    const units = await source.discover(range, contextAt(emulator.now()));
    return source.check(getUnit(units, 'mild_errors_20261119'), contextAt(emulator.now()));
  };
  expect(await at('2026-11-20T01:00:00Z')).toMatchObject({
    kind: 'waiting',
    until: new Date('2026-11-20T04:00:00Z'),
  });
  expect(await at('2026-11-20T04:10:00Z')).toMatchObject({
    kind: 'waiting',
    until: new Date('2026-11-20T04:25:00Z'),
  });
  expect(await at('2026-11-20T08:00:00Z')).toMatchObject({
    kind: 'waiting',
    until: new Date('2026-11-20T08:30:00Z'),
  });
  expect(await at('2026-11-20T10:00:00Z')).toMatchObject({ kind: 'ready' });
});

test('a link that died is fetched anew, and the API key never goes to the file host', async () => {
  const clock = createManualClock(NOW);
  const { emulator, source } = await openImgix({ clock, imgix: { linkTtlSeconds: 30 } });
  const units = await source.discover(range, contextAt(NOW));
  emulator.advance(45_000);
  const parts = await readUnit(source, getUnit(units, 'cdn_logs_20261118'), contextAt(emulator.now()));
  expect(parts.flatMap((part) => toRecords(part)).length).toBe(
    emulator.truth.imgix('cdn_logs', '2026-11-18').rows.length,
  );
  const toFiles = emulator.requests.filter(({ server }) => server === 'files');
  expect(toFiles.map(({ status }) => status)).toEqual([expect.any(Number), 200]);
});

test('a report that is issued again has another revision', async () => {
  const { emulator, source } = await openImgix();
  const before = getUnit(await source.discover(range, contextAt(NOW)), 'mild_errors_20261118');
  emulator.revise({ reportKey: 'mild_errors_20261118' });
  const after = getUnit(await source.discover(range, contextAt(NOW)), 'mild_errors_20261118');
  expect(after.listed?.revision).not.toBe(before.listed?.revision);
  expect(after.listed?.vendorReportId).not.toBe(before.listed?.vendorReportId);
});
