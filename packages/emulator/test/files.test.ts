import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { expect, test } from 'vitest';
import type { Emulator } from '../src/index.ts';
import { REPORT_TYPES } from '../src/index.ts';
import { downloadText, getReport, openEmulator, parseCsv } from './client.ts';

async function linkOf(emulator: Emulator, reportKey: string): Promise<string> {
  return (await getReport(emulator, reportKey)).attributes.files[0] ?? '';
}

test('every report downloads as the CSV of the rows that truth knows', async () => {
  await using emulator = await openEmulator({ firstDay: '2026-11-01' });
  for (const type of REPORT_TYPES) {
    const [header, ...rows] = parseCsv(await downloadText(await linkOf(emulator, `${type}_20261118`)));
    const truth = emulator.truth.imgix(type, '2026-11-18');
    expect(header).toEqual(truth.columns);
    expect(rows).toEqual(truth.rows);
  }
});

test('two emulators with one seed serve byte-identical files', async () => {
  await using one = await openEmulator({ firstDay: '2026-11-01' });
  await using two = await openEmulator({ firstDay: '2026-11-01' });
  const read = async (emulator: Emulator, key: string): Promise<Buffer> =>
    Buffer.from(await (await fetch(await linkOf(emulator, key))).arrayBuffer());
  const late = await read(two, 'cdn_logs_20261119');
  for (const key of ['cdn_logs_20261105', 'image_analytics_20261110']) {
    expect((await read(one, key)).equals(await read(two, key))).toBe(true);
  }
  expect((await read(one, 'cdn_logs_20261119')).equals(late)).toBe(true);
});

test('a link expires and the next listing gives a fresh one', async () => {
  await using emulator = await openEmulator({ imgix: { linkTtlSeconds: 60 } });
  const link = await linkOf(emulator, 'cdn_logs_20261110');
  emulator.advance(59_000);
  expect((await fetch(link)).status).toBe(200);
  emulator.advance(1_000);
  const expired = await fetch(link);
  expect(expired.status).toBe(403);
  expect(await expired.text()).toContain('<Code>ExpiredToken</Code>');
  expect((await fetch(await linkOf(emulator, 'cdn_logs_20261110'))).status).toBe(200);
});

test('an altered link is refused, an unsigned one is a bad request', async () => {
  await using emulator = await openEmulator();
  const link = new URL(await linkOf(emulator, 'cdn_logs_20261110'));
  const later = new URL(link);
  later.searchParams.set('Expires', '9999999999');
  expect((await fetch(later)).status).toBe(403);
  const other = new URL(link);
  other.pathname = other.pathname.replaceAll('20261110', '20261111');
  expect((await fetch(other)).status).toBe(403);
  expect((await fetch(link.origin + link.pathname)).status).toBe(400);
});

test('an API key that is sent to the file host is refused', async () => {
  await using emulator = await openEmulator();
  const link = await linkOf(emulator, 'cdn_logs_20261110');
  const headers = { Authorization: `Bearer ${emulator.credentials.imgix.apiKey}` };
  expect((await fetch(link, { headers })).status).toBe(400);
  expect((await fetch(link)).status).toBe(200);
});

test('the headers carry length, checksum and entity tag', async () => {
  await using emulator = await openEmulator();
  const response = await fetch(await linkOf(emulator, 'cdn_logs_20261110'));
  const bytes = Buffer.from(await response.arrayBuffer());
  const md5 = createHash('md5').update(bytes);
  expect(response.headers.get('content-length')).toBe(`${bytes.length}`);
  expect(response.headers.get('content-type')).toBe('application/gzip');
  expect(response.headers.get('x-goog-hash')).toBe(`md5=${md5.copy().digest('base64')}`);
  expect(response.headers.get('etag')).toBe(`"${md5.digest('hex')}"`);
});

test('a report is split into parts of the given number of rows, with positions to match', async () => {
  await using emulator = await openEmulator({ imgix: { partMaxRows: 25, gzip: 'mixed' } });
  for (const type of ['cdn_logs', 'image_analytics', 'credit_analytics_daily'] as const) {
    const report = await getReport(emulator, `${type}_20261118`);
    const texts = await Promise.all(report.attributes.files.map(downloadText));
    const parts = texts.map((text) => parseCsv(text).slice(1));
    const truth = emulator.truth.imgix(type, '2026-11-18');
    expect(parts.flat()).toEqual(truth.rows);
    expect(parts.slice(0, -1).every((rows) => rows.length === 25)).toBe(true);
    const found = truth.positions.map(({ part, row }) => parts[part]?.[row - 1]);
    expect(found).toEqual(truth.rows);
  }
});

test('the header can be left out of all parts but the first', async () => {
  await using emulator = await openEmulator({ imgix: { partMaxRows: 20, headerInEveryPart: false } });
  const report = await getReport(emulator, 'cdn_logs_20261118');
  const texts = await Promise.all(report.attributes.files.map(downloadText));
  expect(texts.length).toBeGreaterThan(1);
  expect(texts.map((text) => text.startsWith('timestamp,'))).toEqual(texts.map((_, index) => index === 0));
});

test('stored with Content-Encoding, a file is inflated for a client that does not accept gzip', async () => {
  await using emulator = await openEmulator({ imgix: { contentEncoding: true } });
  const link = await linkOf(emulator, 'credit_analytics_daily_20261118');
  const accepting = await fetch(link);
  expect(accepting.headers.get('content-encoding')).toBe('gzip');
  const text = await accepting.text();
  const plain = await new Promise<{ headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    request(link, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(Buffer.from(chunk));
      resolve({ headers: response.headers, text: Buffer.concat(chunks).toString('utf8') });
    })
      .on('error', reject)
      .end();
  });
  expect(plain.headers).not.toHaveProperty('content-encoding');
  expect(plain.headers).not.toHaveProperty('content-length');
  expect(plain.text).toBe(text);
});

test('a revised report has a new id and new content, and truth follows', async () => {
  await using emulator = await openEmulator();
  const before = await getReport(emulator, 'source_analytics_20261118');
  const id = emulator.revise({ reportKey: 'source_analytics_20261118', factor: 2, keepRows: 3 });
  const after = await getReport(emulator, 'source_analytics_20261118');
  expect(after.id).toBe(id);
  expect(after.id).not.toBe(before.id);
  const rows = parseCsv(await downloadText(after.attributes.files[0] ?? '')).slice(1);
  expect(rows.length).toBe(3);
  expect(rows).toEqual(emulator.truth.imgix('source_analytics', '2026-11-18').rows);
  emulator.revise({
    reportKey: 'source_analytics_20261118',
    edit: ({ columns, rows: old }) => ({
      columns: [...columns, 'pop'],
      rows: old.map((row) => [...row, 'AMS']),
    }),
  });
  expect(emulator.truth.imgix('source_analytics', '2026-11-18').columns.at(-1)).toBe('pop');
  emulator.revise({ reportKey: 'source_analytics_20261118', rawParts: ['source_id\n"unterminated'] });
  expect(await downloadText(await linkOf(emulator, 'source_analytics_20261118'))).toBe(
    'source_id\n"unterminated',
  );
});
