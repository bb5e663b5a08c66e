import { expect, test } from 'vitest';
import { fetchImgix, getReport, listReports, openEmulator } from './client.ts';

test('pages are counted from 0 and the last one says nextPage 0', async () => {
  await using emulator = await openEmulator({ firstDay: '2026-11-10', imgix: { reportTypes: ['cdn_logs'] } });
  const first = await listReports(emulator, '?page[size]=4&page[number]=0');
  expect(first.meta.pagination).toEqual({
    currentPage: 0,
    hasNextPage: true,
    hasPreviousPage: false,
    nextPage: 1,
    pageSize: 4,
    previousPage: 0,
    totalPages: 3,
    totalRecords: 10,
  });
  const last = await listReports(emulator, '?page[size]=4&page[number]=2');
  expect(last.meta.pagination).toMatchObject({ hasNextPage: false, hasPreviousPage: true, nextPage: 0 });
  expect(last.meta.pagination.previousPage).toBe(1);
  expect(last.data.length).toBe(2);
  const beyond = await listReports(emulator, '?page[number]=9');
  expect(beyond.data).toEqual([]);
});

test('walking all pages sees every report once', async () => {
  await using emulator = await openEmulator({ firstDay: '2026-11-01' });
  const keys: string[] = [];
  for (let page = 0; ; page += 1) {
    const { data, meta } = await listReports(emulator, `?page[number]=${page}`);
    keys.push(...data.map((report) => report.attributes.report_key));
    if (meta.pagination.hasNextPage !== true) break;
  }
  expect(keys.length).toBe(19 * 6);
  expect(new Set(keys).size).toBe(keys.length);
});

test('the default page has 20 reports, newest first, and too large a size is clamped', async () => {
  await using emulator = await openEmulator({ imgix: { maxPageSize: 30 } });
  const { data, meta } = await listReports(emulator);
  expect(meta.pagination.pageSize).toBe(20);
  expect(data[0]?.attributes.report_key).toBe('cdn_logs_20261119');
  expect((await listReports(emulator, '?page[size]=5000')).meta.pagination.pageSize).toBe(30);
});

test('a resource has the documented shape', async () => {
  await using emulator = await openEmulator();
  const report = await getReport(emulator, 'source_analytics_20261105');
  const midnight = Date.UTC(2026, 10, 5) / 1000;
  expect(report).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{24}$/),
    type: 'reports',
    attributes: {
      completed: true,
      files: [expect.stringMatching(`^${emulator.filesUrl}/imgix-reports/`)],
      period_end: midnight,
      period_start: midnight,
      report_key: 'source_analytics_20261105',
      report_type: 'source_analytics',
    },
    relationships: { account: { data: { id: expect.stringMatching(/^[0-9a-f]{24}$/), type: 'accounts' } } },
  });
  const response = await fetchImgix(emulator, `/api/v1/reports/${report.id}`);
  expect(response.headers.get('content-type')).toBe('application/vnd.api+json');
  expect(response.headers.get('date')).toBe('Fri, 20 Nov 2026 12:00:00 GMT');
  expect(await response.json()).toMatchObject({
    data: { id: report.id },
    included: [],
    jsonapi: { version: '1.0' },
  });
});

test('filters, sorts and sparse fields do what the page says', async () => {
  await using emulator = await openEmulator({ firstDay: '2026-11-01' });
  const query = '?sort=report_key&fields[reports]=report_key,files&filter[report_type]=mild_errors';
  const { data } = await listReports(emulator, query);
  const keys = data.map((report) => report.attributes.report_key);
  expect(keys[0]).toBe('mild_errors_20261101');
  expect(keys).toEqual(keys.toSorted());
  expect(Object.keys(data[0]?.attributes ?? {})).toEqual(['files', 'report_key']);
  expect(data[0]?.relationships).toEqual({});
  const descending = await listReports(emulator, '?sort=-period_end');
  expect(descending.data[0]?.attributes.period_end).toBe(Date.UTC(2026, 10, 19) / 1000);
});

test('a report is listed without files until it is completed', async () => {
  await using emulator = await openEmulator();
  emulator.setNow(new Date('2026-11-20T01:00:00Z'));
  const waiting = await listReports(emulator, '?filter[completed]=false');
  expect(waiting.data.length).toBe(6);
  expect(waiting.data.every(({ attributes }) => attributes.files.length === 0)).toBe(true);
  emulator.advance(2 * 3_600_000);
  expect((await listReports(emulator, '?filter[completed]=false')).data).toEqual([]);
  expect((await getReport(emulator, 'cdn_logs_20261119')).attributes.files.length).toBe(1);
});

test('errors are JSON:API errors with the documented statuses', async () => {
  await using emulator = await openEmulator();
  const statusOf = async (path: string, init?: RequestInit): Promise<number> => {
    const response = await fetchImgix(emulator, path, init);
    const body = (await response.json()) as { errors: Record<string, string>[] };
    expect(Object.keys(body.errors[0] ?? {}).sort()).toEqual(['detail', 'id', 'status', 'title']);
    return response.status;
  };
  expect(await statusOf('/api/v1/reports', { headers: {} })).toBe(401);
  expect(await statusOf('/api/v1/reports', { headers: { Authorization: 'Bearer wrong' } })).toBe(401);
  for (const query of [
    'filter[day]=1',
    'filter[completed]=yes',
    'sort=size',
    'page[number]=-1',
    'page[size]=0',
  ]) {
    expect(await statusOf(`/api/v1/reports?${query}`)).toBe(400);
  }
  expect(await statusOf('/api/v1/reports/5f7676862528f12b1bfbf65b')).toBe(404);
  expect(await statusOf('/api/v1/sources')).toBe(404);
  const { Authorization } = { Authorization: `Bearer ${emulator.credentials.imgix.apiKey}` };
  expect(await statusOf('/api/v1/reports', { method: 'POST', headers: { Authorization } })).toBe(405);
});

test('the fifth request within a second is refused without a hint when to come back', async () => {
  await using emulator = await openEmulator({ imgix: { requestsPerSecond: 4 } });
  const responses = await Promise.all(
    Array.from({ length: 5 }, () => fetchImgix(emulator, '/api/v1/reports?page[size]=1')),
  );
  const statuses = responses.map((response) => response.status).sort();
  expect(statuses).toEqual([200, 200, 200, 200, 429]);
  const refused = responses.find((response) => response.status === 429);
  expect(refused?.headers.get('retry-after')).toBeNull();
});

test('the log of requests holds no signature', async () => {
  await using emulator = await openEmulator();
  const report = await getReport(emulator, 'mild_errors_20261118');
  await fetch(report.attributes.files[0] ?? '');
  const entry = emulator.requests.at(-1);
  expect(entry).toMatchObject({ server: 'files', method: 'GET', status: 200, at: emulator.now() });
  expect(entry?.path).toMatch(/^\/imgix-reports\/[0-9a-f]{24}\/mild_errors_20261118\//);
  expect(entry?.query).toMatch(/^Expires=\d+&Signature=REDACTED$/);
});
