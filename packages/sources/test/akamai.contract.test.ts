import { parseUtcDay, Secret, silentLogger } from '@edgeledger/core';
import { createEmulator, createManualClock, type EmulatorOptions } from '@edgeledger/emulator';
import { expect, onTestFinished, test } from 'vitest';
import type { AkamaiStream } from '../src/index.ts';
import { createAkamaiSource } from '../src/index.ts';
import { runSourceContract } from './contract-suite.ts';
import { contextAt, getUnit, readUnit, toRecords } from './read-unit.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const USAGE: AkamaiStream = { name: 'default', dataset: 'endpoint_usage_by_time', objectIds: 'all' };

interface Setup {
  readonly options?: EmulatorOptions;
  readonly streams?: readonly AkamaiStream[];
  /** Our clock, when it is not the vendor's. */
  readonly now?: () => Date;
  readonly secret?: string;
}

async function openAkamai({ options = {}, streams, now, secret }: Setup = {}) {
  const emulator = await createEmulator({ historyDays: 10, clock: createManualClock(NOW), ...options });
  onTestFinished(() => emulator.close());
  const { credentials, scope } = emulator;
  const details: AkamaiStream = {
    name: 'default',
    dataset: 'api_usage_details',
    objectIds: scope.accountIds,
  };
  const source = createAkamaiSource(
    {
      vendor: 'akamai',
      account: 'default',
      clientToken: new Secret(credentials.akamai.clientToken),
      clientSecret: new Secret(secret ?? credentials.akamai.clientSecret),
      accessToken: new Secret(credentials.akamai.accessToken),
      apiUrl: new URL(emulator.akamaiUrl),
      streams: streams ?? [USAGE, details],
    },
    { clock: { now: now ?? (() => emulator.now()) }, logger: silentLogger },
  );
  onTestFinished(() => source.close());
  return { emulator, source };
}

const range = { from: parseUtcDay('2026-11-18', 'from'), to: parseUtcDay('2026-11-19', 'to') };
const today = { from: parseUtcDay('2026-11-20', 'from'), to: parseUtcDay('2026-11-25', 'to') };
const DAY = { start: new Date('2026-11-18T00:00:00Z'), end: new Date('2026-11-19T00:00:00Z') };

runSourceContract('akamai', async () => ({ source: (await openAkamai()).source, now: NOW, range }));

test('five-minute usage equals the truth, and the totals are kept beside it', async () => {
  const { emulator, source } = await openAkamai();
  const unit = getUnit(
    await source.discover(range, contextAt(NOW)),
    'endpoint-usage-by-time_default_20261118',
  );
  const [part, ...others] = await readUnit(source, unit, contextAt(NOW));
  if (part === undefined) throw new Error('no part');
  expect(others).toEqual([]);
  const loaded = toRecords(part).map((record, index) => ({ ...record, at: part.rows[index]?.period?.start }));
  expect(loaded).toEqual(
    emulator.truth.endpointUsage('all', DAY.start, DAY.end).map((truth) => ({
      object_id: '',
      edge_bytes: String(truth.edgeBytes),
      edge_hits: String(truth.edgeHits),
      midgress_bytes: String(truth.midgressBytes),
      at: new Date(truth.start).toISOString(),
    })),
  );
  const [companion] = part.facts.companions;
  expect(companion?.rows.map((row) => row.values[0])).toContain('edgeBytesTotal');
  expect(part.facts.findings).toEqual([]);
  expect(part.facts.settlesAfterMs).toBe(48 * 3_600_000);
});

test('a stream that splits by object has one part and one series per object id', async () => {
  const objectIds = ['55232', '32433'];
  const { emulator, source } = await openAkamai({ streams: [{ ...USAGE, objectIds, splitByObject: true }] });
  const [unit] = await source.discover(range, contextAt(NOW));
  if (unit === undefined) throw new Error('no unit');
  const parts = await readUnit(source, unit, contextAt(NOW));
  expect(parts.map(({ name }) => name)).toEqual([
    '2026-11-18T00:00:00Z/2026-11-19T00:00:00Z#55232',
    '2026-11-18T00:00:00Z/2026-11-19T00:00:00Z#32433',
  ]);
  for (const [index, part] of parts.entries()) {
    const objectId = objectIds[index] ?? '';
    const truth = emulator.truth.endpointUsage([objectId], DAY.start, DAY.end);
    const records = toRecords(part);
    expect(records.map(({ edge_hits }) => edge_hits)).toEqual(truth.map(({ edgeHits }) => String(edgeHits)));
    expect(new Set(records.map(({ object_id }) => object_id))).toEqual(new Set([objectId]));
  }
});

test('a day that is running is read up to the watermark', async () => {
  const { source } = await openAkamai({ options: { akamai: { lagMinutes: 182 } } });
  const units = await source.discover(today, contextAt(NOW));
  expect(units.map(({ reportKey }) => reportKey)).toEqual([
    'endpoint-usage-by-time_default_20261120',
    'apiusagedetails-by-time_default_20261120',
  ]);
  for (const unit of units) {
    const [part] = await readUnit(source, unit, contextAt(NOW));
    const availability = part?.facts.availability;
    expect(availability).toMatchObject({ kind: 'partial', availableUntil: new Date('2026-11-20T08:55:00Z') });
    expect(part?.rows.length).toBeGreaterThan(0);
    for (const row of part?.rows ?? []) expect(row.period?.end).toMatch(/T0[0-8]:/);
  }
});

test('a day of which nothing is available yet says so and when to come back', async () => {
  const clock = createManualClock(new Date('2026-11-20T00:30:00Z'));
  const { source } = await openAkamai({ options: { clock, akamai: { lagMinutes: 180 } }, streams: [USAGE] });
  const [unit] = await source.discover(today, contextAt(clock.now()));
  if (unit === undefined) throw new Error('no unit');
  const [part] = await readUnit(source, unit, contextAt(clock.now()));
  expect(part?.rows).toEqual([]);
  expect(part?.facts).toMatchObject({ availability: { kind: 'nothing' }, companions: [] });
});

test.each([
  { detailsOtherRow: false, detailsLimit: 100 },
  { detailsOtherRow: true, detailsLimit: 60 },
])('details behind a row limit are read in halves until every call is there: %o', async (akamai) => {
  const { emulator, source } = await openAkamai({
    options: { akamai: { ...akamai, detailsPerDay: 300, requestsPerMinute: 0 } },
  });
  const unit = getUnit(
    await source.discover(range, contextAt(NOW)),
    'apiusagedetails-by-time_default_20261118',
  );
  const parts = await readUnit(source, unit, contextAt(NOW));
  const loaded = parts.flatMap((part) => toRecords(part)).map((record) => [record.timestamp, record.uri]);
  const truth = emulator.truth.apiUsageDetails(emulator.scope.accountIds, DAY.start, DAY.end);
  expect(loaded.sort()).toEqual(truth.map(({ timestamp, uri }) => [timestamp, uri]).sort());
  expect(parts.length).toBeGreaterThan(1);
  for (const part of parts) expect(part.facts.availability).toEqual({ kind: 'complete' });
  const methods = new Set(parts.flatMap((part) => toRecords(part)).map(({ method }) => method));
  for (const method of methods) expect(method).toBe(method?.toUpperCase());
});

test('a clock that is wrong is corrected once and reported', async () => {
  const vendorClock = createManualClock(NOW);
  const { emulator, source } = await openAkamai({
    options: { clock: vendorClock },
    streams: [USAGE],
    now: () => new Date(vendorClock.now().getTime() - 300_000),
  });
  const [unit] = await source.discover(range, contextAt(NOW));
  if (unit === undefined) throw new Error('no unit');
  const [part] = await readUnit(source, unit, contextAt(NOW));
  expect(part?.facts.findings).toMatchObject([{ kind: 'clock-skew', details: { skewSeconds: 300 } }]);
  expect(emulator.requests.map(({ status }) => status)).toEqual([400, 200, 200]);
});

test('a wrong secret names the variables to check', async () => {
  const { source } = await openAkamai({ streams: [USAGE], secret: 'not-the-secret' });
  const [unit] = await source.discover(range, contextAt(NOW));
  if (unit === undefined) throw new Error('no unit');
  await expect(source.check(unit, contextAt(NOW))).rejects.toMatchObject({
    code: 'source.auth-rejected',
    message: expect.stringContaining('AKAMAI_CLIENT_SECRET'),
  });
});

test('a report that was switched off names its successor', async () => {
  const { source } = await openAkamai({
    options: { akamai: { withdrawnReports: ['apiusagedetails-by-time'] } },
  });
  const units = await source.discover(range, contextAt(NOW));
  const unit = getUnit(units, 'apiusagedetails-by-time_default_20261119');
  await expect(source.check(unit, contextAt(NOW))).rejects.toMatchObject({
    code: 'source.report-unavailable',
    message: expect.stringContaining('usage-details'),
  });
});

test('an object id without access is named', async () => {
  const { source } = await openAkamai({ streams: [{ ...USAGE, objectIds: ['55232', '99999'] }] });
  const [unit] = await source.discover(range, contextAt(NOW));
  if (unit === undefined) throw new Error('no unit');
  await expect(readUnit(source, unit, contextAt(NOW))).rejects.toMatchObject({
    code: 'source.forbidden',
    message: expect.stringContaining('99999'),
  });
});
