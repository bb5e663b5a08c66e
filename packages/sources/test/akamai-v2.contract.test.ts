import { ConfigError, parseUtcDay, Secret, silentLogger } from '@edgeledger/core';
import { createEmulator, createManualClock, type EmulatorOptions } from '@edgeledger/emulator';
import { expect, onTestFinished, test } from 'vitest';
import { type AkamaiStream, createAkamaiSource } from '../src/index.ts';
import { contextAt, getUnit, type ReadPart, readUnit, toRecords } from './read-unit.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const DAY = { start: new Date('2026-11-18T00:00:00Z'), end: new Date('2026-11-19T00:00:00Z') };
const DETAILS: AkamaiStream = { name: 'default', dataset: 'api_usage_details', api: 'v2', objectIds: 'all' };
const range = { from: parseUtcDay('2026-11-18', 'from'), to: parseUtcDay('2026-11-19', 'to') };

async function open(
  streams: readonly AkamaiStream[],
  options: EmulatorOptions['akamai'] = {},
  switchKey?: string,
) {
  const emulator = await createEmulator({
    historyDays: 10,
    clock: createManualClock(NOW),
    akamai: { requestsPerMinute: 0, v2RequestsPerMinute: 0, ...options },
  });
  onTestFinished(() => emulator.close());
  const { akamai } = emulator.credentials;
  const waitsMs: number[] = [];
  const source = createAkamaiSource(
    {
      vendor: 'akamai',
      account: 'default',
      clientToken: new Secret(akamai.clientToken),
      clientSecret: new Secret(akamai.clientSecret),
      accessToken: new Secret(akamai.accessToken),
      apiUrl: new URL(emulator.akamaiUrl),
      accountSwitchKey: switchKey,
      streams,
    },
    {
      clock: { now: () => emulator.now() },
      logger: silentLogger,
      http: {
        rateLimit: { requests: 1000, perMs: 1 },
        timers: {
          nowMs: () => performance.now(),
          sleep: async (durationMs) => {
            waitsMs.push(durationMs);
          },
        },
      },
    },
  );
  onTestFinished(() => source.close());
  const read = async (reportKey: string, now = NOW) =>
    readUnit(source, getUnit(await source.discover(range, contextAt(now)), reportKey), contextAt(now));
  return {
    emulator,
    source,
    read,
    waitsMs,
    paths: () => emulator.requests.map((one) => `${one.method} ${one.path}`),
  };
}

const KEY = 'apiusagedetails-by-time_default_20261118';

/** Rows as the v1 report would tell them; v2 knows fewer methods. */
function toCalls(parts: readonly ReadPart[]) {
  return parts
    .flatMap((part) => toRecords(part))
    .map((call) => ({ ...call, timestamp: new Date(String(call.timestamp)).toISOString() }));
}

function toTruth(emulator: Awaited<ReturnType<typeof open>>['emulator']) {
  const known = ['head', 'get', 'post', 'put', 'delete'];
  return emulator.truth.apiUsageDetails(emulator.scope.accountIds, DAY.start, DAY.end).map((call) => ({
    client_id: call.clientId,
    client_ip: call.clientIp,
    client_owner: call.clientOwner,
    client_token: call.clientToken,
    method: known.includes(call.method) ? call.method.toUpperCase() : 'OTHER',
    response_code: call.responseCode,
    timestamp: new Date(call.timestamp).toISOString(),
    uri: call.uri,
  }));
}

test('v2 details land in the same columns as v1, under the five minutes of the call', async () => {
  const { emulator, read, source } = await open([DETAILS]);
  const parts = await read(KEY);
  expect(toCalls(parts)).toMatchObject(toTruth(emulator));
  const [part] = parts;
  expect(part?.columns.filter((column) => column.unknown)).toEqual([]);
  expect(part && toRecords(part)[0]).toMatchObject({
    endpoint: expect.any(String),
    response_status: expect.stringMatching(/^(success|error)$/),
    response_class: expect.stringMatching(/^\dxx$/),
    contract_type: expect.any(String),
  });
  for (const row of part?.rows ?? []) {
    const index = part?.columns.findIndex((column) => column.name === 'timestamp') ?? -1;
    const at = Date.parse(String(row.values[index]));
    expect(Date.parse(row.period?.start ?? '')).toBe(Math.floor(at / 300_000) * 300_000);
  }
  expect(source.datasets.map((dataset) => dataset.name)).toEqual(['akamai.api_usage_details']);
});

test('an answer with more rows is read in halves until every call is there', async () => {
  const { emulator, read, paths } = await open([DETAILS], { v2DataPoints: 150 });
  const parts = await read(KEY);
  expect(parts.length).toBeGreaterThan(8);
  expect(toCalls(parts)).toMatchObject(toTruth(emulator));
  expect(paths().some((path) => path.includes('/queries/'))).toBe(false);
});

test('a second that is still too full is asked for asynchronously, page by page', async () => {
  const second = new Date('2026-11-18T09:00:00Z');
  const { emulator, read, paths, waitsMs } = await open([DETAILS], {
    v2DataPoints: 40,
    detailsBurst: { from: second, to: new Date(second.getTime() + 1000), calls: 130 },
    retryAfterSeconds: 7,
    detailsPerDay: 50,
  });
  const parts = await read(KEY);
  expect(toCalls(parts)).toHaveLength(toTruth(emulator).length);
  expect(toCalls(parts)).toMatchObject(toTruth(emulator));
  expect(parts.flatMap((part) => part.facts.findings.map((finding) => finding.kind))).toEqual([]);
  const queries = paths().filter((path) => path.includes('/queries/'));
  // two polls that are not ready, then the four pages
  expect(queries).toHaveLength(2 + 4);
  expect(waitsMs.filter((waitMs) => waitMs === 7000)).toHaveLength(3);
});

test('a stream may ask asynchronously from the start, with the account switch key in every step', async () => {
  const { emulator, read } = await open(
    [{ ...DETAILS, async: true }],
    { v2DataPoints: 200 },
    '1-5C0YLB:1-8BYUX',
  );
  const parts = await read(KEY);
  expect(parts).toHaveLength(1);
  expect(toCalls(parts)).toMatchObject(toTruth(emulator));
  const steps = emulator.requests.filter((one) => one.path.includes('/v2/'));
  expect(steps.every((one) => one.query.includes('accountSwitchKey=1-5C0YLB%3A1-8BYUX'))).toBe(true);
  expect(steps.map((one) => one.status).filter((status) => status === 303)).toHaveLength(3);
});

test('pages that lack rows of the total are a cut answer', async () => {
  const { read } = await open([{ ...DETAILS, async: true }], { v2LostRows: 1 });
  await expect(read(KEY)).rejects.toMatchObject({ code: 'source.truncated' });
});

test('a query that is never ready is given up after its deadline', async () => {
  const { read } = await open([{ ...DETAILS, async: true }], { asyncPolls: 100_000, retryAfterSeconds: 300 });
  await expect(read(KEY)).rejects.toMatchObject({ code: 'source.timeout' });
});

test.each([DETAILS, { ...DETAILS, api: 'v1' as const, objectIds: ['1-123A', '1-1TGTG'] }])(
  'a query that is too costly is asked in halves, by $api',
  async (stream) => {
    const { emulator, read } = await open([stream], { maxWindowHours: 4 });
    const parts = await read(KEY);
    expect(parts).toHaveLength(8);
    expect(toCalls(parts)).toHaveLength(toTruth(emulator).length);
  },
);

test('dimensions beyond what one query may have are left out, and told', async () => {
  const { read } = await open([DETAILS], { v2MaxDimensions: 8 });
  const [part] = await read(KEY);
  expect(part?.columns.map((column) => column.name)).toHaveLength(8);
  expect(part?.facts.findings).toMatchObject([
    {
      kind: 'truncated',
      details: { leftOut: ['endpoint', 'responseStatus', 'responseClass', 'contractType'] },
    },
  ]);
});

test('hourly totals of v2 usage are rows of an hour', async () => {
  const { emulator, read } = await open([{ name: 'default', dataset: 'api_usage', objectIds: 'all' }]);
  const [part] = await read('usage_default_20261118');
  if (part === undefined) throw new Error('no part');
  const counted = Map.groupBy(toTruth(emulator), (call) => call.timestamp.slice(0, 13));
  const hours = part.rows.map((row, index) => ({
    hour: row.period?.start.slice(0, 13),
    end: row.period?.end,
    requests: toRecords(part)[index]?.requests_sum,
  }));
  expect(hours.toSorted((a, b) => String(a.hour).localeCompare(String(b.hour)))).toEqual(
    [...counted].map(([hour, calls]) => ({
      hour,
      end: new Date(Date.parse(`${hour}:00:00Z`) + 3_600_000).toISOString(),
      requests: String(calls.length),
    })),
  );
});

test('a stream that asks for what the report does not offer fails with what it offers', async () => {
  const { read, source } = await open([
    { ...DETAILS, dimensions: ['timestamp', 'shoeSize'], filters: { timestamp: ['1'] } },
    {
      name: 'x',
      dataset: 'endpoint_usage_by_time',
      objectIds: 'all',
      metrics: ['edgeHit'],
      filters: { method: ['get'] },
    },
  ]);
  await expect(read(KEY)).rejects.toThrow(
    /there is no filter "timestamp"; the report offers clientOwner.*there is no dimension "shoeSize"; the report offers timestamp, clientOwner/,
  );
  await expect(read(KEY)).rejects.toBeInstanceOf(ConfigError);
  expect(await source.diagnose?.(contextAt(NOW))).toMatchObject([
    { state: 'invalid', name: 'stream default (common/apis/usage-details)' },
    {
      state: 'invalid',
      message: expect.stringMatching(
        /no metric "edgeHit"; the report offers edgeBytes.*no filter "method"; the report offers http_method/,
      ),
    },
  ]);
});

test('a v2 report that is deprecated or gone is told, with its successor where there is one', async () => {
  const names: string[] = [];
  const { read, source } = await open([DETAILS], { deprecatedReports: names });
  expect((await read(KEY)).flatMap((part) => part.facts.findings)).toEqual([]);
  names.push('common/apis/usage-details');
  const tomorrow = new Date(NOW.getTime() + 86_400_000);
  const parts = await read('apiusagedetails-by-time_default_20261119', tomorrow);
  expect(parts.flatMap((part) => part.facts.findings)).toMatchObject([{ kind: 'deprecated' }]);
  expect(await source.diagnose?.(contextAt(tomorrow))).toMatchObject([{ state: 'warning' }]);

  const gone = await open([{ ...DETAILS, api: 'v1', objectIds: ['1-123A'] }], {
    withdrawnReports: ['apiusagedetails-by-time'],
  });
  await expect(gone.read(KEY)).rejects.toThrow(/common\/apis\/usage-details of Reporting API v2/);
});
