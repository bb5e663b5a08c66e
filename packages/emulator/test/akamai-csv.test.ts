import { expect, test } from 'vitest';
import type { Emulator } from '../src/index.ts';
import { DETAILS, fetchAkamai, openEmulator, parseCsv, postReport, USAGE } from './client.ts';

const PERIOD = { start: '2026-11-18T13:40:00Z', end: '2026-11-18T14:00:00Z' };

async function csvOf(
  emulator: Emulator,
  report: string,
  query: Record<string, string>,
  body: unknown,
): Promise<string> {
  const path = `${report}/report-data?${new URLSearchParams(query)}`;
  const response = await fetchAkamai(emulator, path, { method: 'POST', body, accept: 'text/csv' });
  expect(response.headers.get('content-type')).toBe('text/csv');
  return response.text();
}

function section(csv: string, name: string): string {
  const match = new RegExp(`#${name}_START\\n([\\s\\S]*?)#${name}_END`).exec(csv);
  if (match === null) throw new Error(`No section ${name}.`);
  return match[1] ?? '';
}

test('the endpoint usage CSV is laid out like the sample of the documentation', async () => {
  await using emulator = await openEmulator();
  const body = {
    objectIds: ['55232', '23433', '32433'],
    filters: { response_class: ['4xx', '5xx'], http_method: ['patch', 'put'] },
  };
  const csv = await csvOf(emulator, USAGE, { ...PERIOD, interval: 'FIVE_MINUTES' }, body);
  const lines = csv.split('\n');
  expect(lines.slice(0, 17)).toEqual([
    '#METADATA_START',
    'name,endpoint-usage-by-time',
    'version,1',
    'source,endpoint-usage-by-time/versions/1',
    'groupBy,startdatetime',
    'start,2026-11-18T13:40:00Z',
    'end,2026-11-18T14:00:00Z',
    'interval,`FIVE_MINUTES`',
    'availableDataEnds,',
    'suggestedRetryTime,',
    'rowCount,4',
    'objectType,cpcode',
    'objectIds,55232,23433,32433',
    'http_method,patch,put',
    'response_class,4xx,5xx',
    '#METADATA_END',
    '',
  ]);
  expect(section(csv, 'SUMMARYSTATISTICS').split('\n').length).toBe(10);
  expect(section(csv, 'COLUMNS')).toBe('startdatetime,edgeBytes,edgeHits,midgressBytes\n');
  expect(section(csv, 'DATA').split('\n').length).toBe(5);
  expect(csv.endsWith('#DATA_END\n')).toBe(true);
});

test('the CSV of endpoint usage says what its JSON says', async () => {
  await using emulator = await openEmulator();
  const query = { start: '2026-11-18T00:00:00Z', end: '2026-11-19T00:00:00Z', interval: 'FIVE_MINUTES' };
  const json = await postReport(emulator, USAGE, query, { objectIds: 'all' });
  const csv = await csvOf(emulator, USAGE, query, { objectIds: 'all' });
  const [columns = []] = parseCsv(section(csv, 'COLUMNS'));
  expect(parseCsv(section(csv, 'DATA'))).toEqual(json.data.map((row) => columns.map((name) => row[name])));
  const summary = Object.entries(json.summaryStatistics).map(([name, { value }]) => [name, value]);
  expect(parseCsv(section(csv, 'SUMMARYSTATISTICS'))).toEqual(summary);
});

test('the CSV of details says what its JSON says, quotes and all', async () => {
  await using emulator = await openEmulator();
  const query = { start: '2026-11-18T00:00:00Z', end: '2026-11-19T00:00:00Z' };
  const json = await postReport(emulator, DETAILS, query, { objectIds: ['1-123A'] });
  const csv = await csvOf(emulator, DETAILS, query, { objectIds: ['1-123A'] });
  const data = section(csv, 'DATA');
  expect(section(csv, 'COLUMNS')).toBe(
    'clientId,clientIp,clientOwner,clientToken,method,responseCode,timestamp,uri\n',
  );
  expect(parseCsv(data)).toEqual(json.data.map((row) => Object.values(row)));
  expect(data).toMatch(/types=A,AAAA,CNAME"\n/);
  expect(data).toContain('filter=""smith, j"""');
  expect(csv).toContain('#SUMMARYSTATISTICS_START\n\n#SUMMARYSTATISTICS_END\n');
  expect(csv).not.toContain('interval,');
});
