import { expect, test } from 'vitest';
import type { Emulator } from '../src/index.ts';
import type { AkamaiRequest } from './client.ts';
import { DETAILS, fetchAkamai, openEmulator, postReport, USAGE } from './client.ts';

const DAY = { start: '2026-11-18T00:00:00Z', end: '2026-11-19T00:00:00Z' };
const FIVE_MINUTES = { ...DAY, interval: 'FIVE_MINUTES' };

async function problemOf(emulator: Emulator, path: string, request?: AkamaiRequest): Promise<string> {
  const response = await fetchAkamai(emulator, path, request);
  const body = (await response.json()) as { detail?: string; errors?: { type: string; title: string }[] };
  return `${response.status} ${body.detail ?? body.errors?.[0]?.type ?? ''}`;
}

function queryOf(changes: Record<string, string>): string {
  return `${USAGE}/report-data?${new URLSearchParams({ ...FIVE_MINUTES, objectIds: '55232', ...changes })}`;
}

test('the list, the versions and the report types are served', async () => {
  await using emulator = await openEmulator();
  const read = async (path: string): Promise<unknown> => (await fetchAkamai(emulator, path)).json();
  const usage = { name: 'endpoint-usage-by-time', businessObjectName: 'cpcode', dataRetentionDays: 90 };
  const details = {
    name: 'apiusagedetails-by-time',
    limit: 5000,
    maxLimit: 25000,
    supportsPagination: false,
  };
  expect(await read('/reports')).toMatchObject([
    usage,
    details,
    { name: 'hits-by-time' },
    { name: 'bytes-by-cpcode' },
  ]);
  expect(await read('/reports/endpoint-usage-by-time/versions')).toMatchObject([usage]);
  expect(await read(USAGE)).toMatchObject(usage);
  expect(await read(DETAILS)).toMatchObject(details);
  expect(await problemOf(emulator, '/reports/shoes-by-time/versions/1')).toMatch(/^404/);
});

test('a report that was switched off answers 404', async () => {
  await using emulator = await openEmulator({ akamai: { withdrawnReports: ['apiusagedetails-by-time'] } });
  expect(await problemOf(emulator, DETAILS)).toMatch(/^404/);
  expect((await fetchAkamai(emulator, USAGE)).status).toBe(200);
});

test('the gateway refuses wrong signatures, tokens, clocks and repetitions', async () => {
  await using emulator = await openEmulator();
  expect(await problemOf(emulator, USAGE, { signedPath: '/other' })).toBe('401 The signature does not match');
  expect(await problemOf(emulator, USAGE, { clientToken: 'akab-x' })).toMatch(/^401 .*client token/);
  const late = new Date(emulator.now().getTime() - 31_000);
  expect(await problemOf(emulator, USAGE, { at: late })).toBe('400 Invalid timestamp');
  expect((await fetchAkamai(emulator, USAGE, { nonce: 'once' })).status).toBe(200);
  expect(await problemOf(emulator, USAGE, { nonce: 'once' })).toMatch(/^400 Invalid nonce/);
  const response = await fetchAkamai(emulator, USAGE, { at: late });
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('date')).toBe(emulator.now().toUTCString());
});

test('a five-minute answer holds the values that truth knows, as texts', async () => {
  await using emulator = await openEmulator();
  const answer = await postReport(emulator, USAGE, FIVE_MINUTES, { objectIds: ['55232', '23433'] });
  const truth = emulator.truth.endpointUsage(['55232', '23433'], new Date(DAY.start), new Date(DAY.end));
  expect(answer.metadata.rowCount).toBe(288);
  expect(answer.data).toEqual(
    truth.map(({ start, edgeBytes, edgeHits, midgressBytes }) => ({
      startdatetime: start,
      edgeBytes: `${edgeBytes}`,
      edgeHits: `${edgeHits}`,
      midgressBytes: `${midgressBytes}`,
    })),
  );
  const hits = truth.map((interval) => interval.edgeHits);
  expect(answer.summaryStatistics.edgeHitsTotal?.value).toBe(
    `${hits.reduce((sum, value) => sum + value, 0)}`,
  );
  expect(answer.summaryStatistics.edgeHitsMax).toEqual({ value: `${Math.max(...hits)}`, details: {} });
  expect(answer.summaryStatistics.edgeHitsMin?.value).toBe(`${Math.min(...hits)}`);
});

test('hours and days are exact sums, and one answer adds its CP codes', async () => {
  await using emulator = await openEmulator();
  const totalOf = async (interval: string, objectIds: unknown): Promise<(string | undefined)[]> => {
    const answer = await postReport(emulator, USAGE, { ...DAY, interval }, { objectIds });
    const sum = answer.data.reduce((bytes, row) => bytes + Number(row.edgeBytes), 0);
    expect(`${sum}`).toBe(answer.summaryStatistics.edgeBytesTotal?.value);
    return [`${answer.data.length}`, `${sum}`];
  };
  const [fine, hourly, daily] = await Promise.all(
    ['FIVE_MINUTES', 'HOUR', 'DAY'].map((interval) => totalOf(interval, 'all')),
  );
  expect([fine?.[0], hourly?.[0], daily?.[0]]).toEqual(['288', '24', '1']);
  expect(hourly?.[1]).toBe(fine?.[1]);
  expect(daily?.[1]).toBe(fine?.[1]);
  const single = await Promise.all(emulator.scope.cpCodes.map((id) => totalOf('DAY', [id])));
  expect(`${single.reduce((sum, [, bytes]) => sum + Number(bytes), 0)}`).toBe(daily?.[1]);
});

test('a day that is not over ends where the data ends', async () => {
  await using emulator = await openEmulator({ akamai: { lagMinutes: 180 } });
  emulator.setNow(new Date('2026-11-20T16:42:10Z'));
  const today = { start: '2026-11-20T00:00:00Z', end: '2026-11-21T00:00:00Z' };
  const hourly = await postReport(emulator, USAGE, { ...today, interval: 'HOUR' }, { objectIds: 'all' });
  expect(hourly.metadata).toMatchObject({
    availableDataEnds: '2026-11-20T13:40:00Z',
    suggestedRetryTime: '2026-11-21T03:00:00.316Z',
    rowCount: 24,
  });
  expect(hourly.data.length).toBe(13);
  expect(hourly.data.at(-1)?.startdatetime).toBe('2026-11-20T12:00:00Z');
  const details = await postReport(emulator, DETAILS, today, { objectIds: ['1-123A'] });
  expect(details.metadata.availableDataEnds).toBe('2026-11-20T13:40:00Z');
  expect((details.data.at(-1)?.timestamp ?? '') < '2026-11-20T13:40:00Z').toBe(true);
  emulator.setNow(new Date('2026-11-21T03:00:00Z'));
  const whole = await postReport(emulator, USAGE, { ...today, interval: 'HOUR' }, { objectIds: 'all' });
  expect(whole.metadata).toMatchObject({ availableDataEnds: null, suggestedRetryTime: null });
  expect(whole.data.length).toBe(24);
});

test('a period without any final interval has no rows and no extremes', async () => {
  await using emulator = await openEmulator();
  const query = { start: '2026-11-20T11:00:00Z', end: '2026-11-20T12:00:00Z', interval: 'FIVE_MINUTES' };
  const answer = await postReport(emulator, USAGE, query, { objectIds: 'all' });
  expect(answer.data).toEqual([]);
  expect(answer.metadata.rowCount).toBe(12);
  expect(answer.summaryStatistics.edgeHitsMax?.value).toBe('N/A');
});

test('instants come back in the offset that was sent', async () => {
  await using emulator = await openEmulator();
  const query = { start: '2026-11-18T02:00:00+02:00', end: '2026-11-18T03:00:00+02:00', interval: 'HOUR' };
  const answer = await postReport(emulator, USAGE, query, { objectIds: 'all' });
  expect(answer.metadata.start).toBe('2026-11-18T02:00:00+02:00');
  expect(answer.data[0]?.startdatetime).toBe('2026-11-18T02:00:00+02:00');
});

test('requests that break a rule of the documentation are refused', async () => {
  await using emulator = await openEmulator();
  const cases: [Record<string, string>, string][] = [
    [{ start: 'yesterday' }, '400 date.range.invalid.date.format'],
    [{ interval: 'MINUTE' }, '400 date.range.invalid.unrecognized.interval'],
    [{ start: DAY.end }, '400 date.range.invalid.start.not.before.end'],
    [
      { start: '2026-11-21T00:00:00Z', end: '2026-11-22T00:00:00Z' },
      '400 date.range.invalid.start.in.future',
    ],
    [
      { start: '2026-08-21T23:55:00Z', end: '2026-08-22T01:00:00Z' },
      '400 date.range.invalid.outside.retention',
    ],
    [{ start: '2026-11-18T00:01:00Z' }, '400 date.range.invalid.unaligned'],
    [{ start: '2026-11-16T23:55:00Z' }, '400 date.range.invalid.too.long'],
    [{ metrics: 'edgeBytes,hits' }, '400 metrics.unknown'],
    [{ filters: 'color=red' }, '400 filters.unknown'],
    [{ filters: 'http_method=brew' }, '400 filters.invalid'],
  ];
  for (const [changes, problem] of cases) {
    expect(await problemOf(emulator, queryOf(changes))).toBe(problem);
  }
  expect(
    await problemOf(emulator, queryOf({ start: '2026-08-22T00:00:00Z', end: '2026-08-22T01:00:00Z' })),
  ).toBe('200 ');
  const post = (body: unknown): AkamaiRequest => ({ method: 'POST', body });
  const details = `${DETAILS}/report-data?${new URLSearchParams(DAY)}`;
  expect(await problemOf(emulator, queryOf({}), post({}))).toBe('400 objectIds.missing');
  expect(await problemOf(emulator, queryOf({}), post({ objectIds: 'all', limit: 9 }))).toBe(
    '400 body.unknown.member',
  );
  expect(await problemOf(emulator, details, post({ objectIds: 'all' }))).toBe('400 objectIds.invalid');
  const forbidden = await fetchAkamai(emulator, queryOf({ objectIds: '55232,163902,7' }));
  expect(forbidden.status).toBe(403);
  expect(await forbidden.json()).toMatchObject({
    type: 'reporting.re.problem',
    title: 'Reporting exception',
    errors: [
      { type: 'reporting.re.problem.forbidden.objects', title: expect.stringMatching(/\[163902, 7\]$/) },
    ],
  });
});

test('GET and POST of one question give one answer', async () => {
  await using emulator = await openEmulator();
  const filters = { http_method: ['get', 'post'], response_class: ['4xx'] };
  const post = await postReport(emulator, USAGE, FIVE_MINUTES, {
    objectIds: 'all',
    metrics: ['edgeHits'],
    filters,
  });
  const path = queryOf({
    metrics: 'edgeHits',
    filters: 'http_method=get,http_method=post,response_class=4xx',
  });
  const query = path.replace('objectIds=55232', 'allObjectIds=true');
  expect(await (await fetchAkamai(emulator, query)).json()).toEqual(post);
  expect(post.metadata.columns).toEqual([
    { name: 'groupBy', label: 'startdatetime' },
    { name: 'edgeHits', label: 'Edge Bytes' },
  ]);
  expect(Object.keys(post.data[0] ?? {})).toEqual(['startdatetime', 'edgeHits']);
  expect(post.summaryStatistics).toEqual({});
});

test('a filter lets a part of the traffic through', async () => {
  await using emulator = await openEmulator();
  const hitsOf = async (filters: object): Promise<number> => {
    const query = { ...DAY, interval: 'DAY' };
    const answer = await postReport(emulator, USAGE, query, { objectIds: 'all', filters });
    return Number(answer.data[0]?.edgeHits);
  };
  const everything = await hitsOf({});
  const gets = await hitsOf({ http_method: ['get'] });
  expect(gets).toBeGreaterThan(0);
  expect(gets).toBeLessThan(everything);
  expect(await hitsOf({ response_class: ['2xx'], response_code: ['404'] })).toBe(0);
});

test('details hold the calls that truth knows, oldest first', async () => {
  await using emulator = await openEmulator();
  const accounts = ['1-123A', '1-1TGTG'];
  const answer = await postReport(emulator, DETAILS, DAY, { objectIds: accounts });
  expect(answer.data).toEqual(
    emulator.truth.apiUsageDetails(accounts, new Date(DAY.start), new Date(DAY.end)),
  );
  expect(answer.metadata.rowCount).toBe(answer.data.length);
  expect(answer.metadata).not.toHaveProperty('interval');
  const timestamps = answer.data.map((row) => row.timestamp ?? '');
  expect(timestamps).toEqual(timestamps.toSorted());
  expect(answer.summaryStatistics).toEqual({});
});

test('of more calls than fit in an answer the latest are kept', async () => {
  await using emulator = await openEmulator({ akamai: { detailsLimit: 100 } });
  const truth = emulator.truth.apiUsageDetails(['1-123A'], new Date(DAY.start), new Date(DAY.end));
  expect(truth.length).toBeGreaterThan(100);
  const answer = await postReport(emulator, DETAILS, DAY, { objectIds: ['1-123A'] });
  expect(answer.data).toEqual(truth.slice(-100));
  expect(answer.metadata.rowCount).toBe(100);
});

test('a truncated answer can carry a row of Other', async () => {
  await using emulator = await openEmulator({ akamai: { detailsLimit: 50, detailsOtherRow: true } });
  const answer = await postReport(emulator, DETAILS, DAY, { objectIds: ['1-123A'] });
  expect(answer.data.length).toBe(50);
  expect(new Set(Object.values(answer.data[0] ?? {}))).toEqual(new Set(['Other']));
  expect(answer.data[1]?.timestamp).not.toBe('Other');
});

test('filters of details choose exactly the matching calls', async () => {
  await using emulator = await openEmulator();
  const all = (await postReport(emulator, DETAILS, DAY, { objectIds: ['1-123A'] })).data;
  const cases: [Record<string, string[]>, (row: Record<string, string>) => boolean][] = [
    [{ http_method: ['post', 'delete'] }, (row) => row.method === 'post' || row.method === 'delete'],
    [{ http_method: ['other'] }, (row) => row.method === 'patch'],
    [{ response_class: ['5xx'] }, (row) => row.responseCode?.startsWith('5') === true],
    [{ response_status: ['error'] }, (row) => Number(row.responseCode) >= 400],
    [{ username: ['noc'] }, (row) => row.clientOwner === 'noc'],
    [{ url_contain: ['/papi/', '/ccu/'] }, (row) => /\/(papi|ccu)\//.test(row.uri ?? '')],
    [{ url_not_contain: ['/papi/', '/ccu/'] }, (row) => !/\/(papi|ccu)\//.test(row.uri ?? '')],
    [{ url_match: ['*recordsets?types=*'] }, (row) => row.uri?.includes('recordsets?types=') === true],
    [{ url_not_start_with: ['akab-'] }, () => false],
  ];
  for (const [filters, expected] of cases) {
    const answer = await postReport(emulator, DETAILS, DAY, { objectIds: ['1-123A'], filters });
    expect(answer.data).toEqual(all.filter(expected));
  }
});

test('a revision changes the intervals in its period and no others', async () => {
  await using emulator = await openEmulator();
  const before = await postReport(emulator, USAGE, FIVE_MINUTES, { objectIds: ['55232'] });
  const [from, to] = [new Date('2026-11-18T12:00:00Z'), new Date('2026-11-18T13:00:00Z')];
  emulator.reviseAkamai({ from, to, factor: 3 });
  const after = await postReport(emulator, USAGE, FIVE_MINUTES, { objectIds: ['55232'] });
  for (const [index, row] of after.data.entries()) {
    const revised = index >= 144 && index < 156 ? 3 : 1;
    expect(Number(row.edgeHits)).toBe(Number(before.data[index]?.edgeHits) * revised);
  }
});

test('there are no intervals before the account existed', async () => {
  await using emulator = await openEmulator({ firstDay: '2026-11-18' });
  const query = { start: '2026-11-17T12:00:00Z', end: '2026-11-18T12:00:00Z', interval: 'HOUR' };
  const answer = await postReport(emulator, USAGE, query, { objectIds: 'all' });
  expect(answer.metadata.rowCount).toBe(24);
  expect(answer.data[0]?.startdatetime).toBe('2026-11-18T00:00:00Z');
});

test('above the rate an endpoint answers 429, and other endpoints go on', async () => {
  await using emulator = await openEmulator({ akamai: { requestsPerMinute: 2 } });
  const statuses: number[] = [];
  for (let count = 0; count < 3; count += 1) statuses.push((await fetchAkamai(emulator, USAGE)).status);
  expect(statuses).toEqual([200, 200, 429]);
  const next = (await fetchAkamai(emulator, USAGE)).headers.get('akamai-ratelimit-next') ?? '';
  expect(new Date(next).getTime()).toBeGreaterThan(emulator.now().getTime());
  expect((await fetchAkamai(emulator, DETAILS)).status).toBe(200);
});
