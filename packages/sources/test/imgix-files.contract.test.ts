import { gzipSync } from 'node:zlib';
import { parseUtcDay, Secret } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { type LocalImgix, md5Of, NOW, openLocalImgix } from './local-imgix.ts';
import { contextAt, readUnit, toRecords } from './read-unit.ts';

const CSV = 'timestamp,url,bytes\n2026-11-19T00:00:01Z,/a.jpg,1\n2026-11-19T00:00:02Z,/b.jpg,2\n';

async function readAll(imgix: LocalImgix) {
  const parts = await readUnit(imgix.source, await imgix.findUnit(), contextAt(NOW));
  return parts.flatMap(toRecords);
}

test.each([
  ['plain', Buffer.from(CSV)],
  ['gzip', gzipSync(CSV)],
  ['gzip twice', gzipSync(gzipSync(CSV))],
  ['gzip in several members', Buffer.concat([gzipSync(CSV.slice(0, 30)), gzipSync(CSV.slice(30))])],
])('a file comes out alike: %s', async (_, content) => {
  const imgix = await openLocalImgix({ files: { '/r/one.csv': content } });
  expect((await readAll(imgix)).map(({ url, bytes }) => [url, bytes])).toEqual([
    ['/a.jpg', '1'],
    ['/b.jpg', '2'],
  ]);
});

test('gzip is taken off also when the response is labelled with it', async () => {
  const imgix = await openLocalImgix({
    files: {
      '/r/one.csv': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(CSV)),
    },
  });
  expect(await readAll(imgix)).toHaveLength(2);
});

test('the file host gets no API key and is asked for gzip', async () => {
  const imgix = await openLocalImgix({ files: { '/r/one.csv': CSV } });
  await readAll(imgix);
  for (const { headers } of imgix.fileRequests) {
    expect(headers.authorization).toBeUndefined();
    expect(headers['accept-encoding']).toBe('gzip');
  }
});

test('parts are sorted by number, named by path, and each path is read once', async () => {
  const imgix = await openLocalImgix({
    files: { '/r/part-10.csv': CSV, '/r/part-2.csv': CSV },
    links: (origin) => [
      `${origin}/r/part-10.csv?s=1`,
      `${origin}/r/part-2.csv?s=2`,
      `${origin}/r/part-2.csv?s=3`,
    ],
  });
  const readiness = await imgix.source.check(await imgix.findUnit(), contextAt(NOW));
  expect(readiness).toMatchObject({ parts: [{ name: '/r/part-2.csv' }, { name: '/r/part-10.csv' }] });
});

test('what a file host repeats of a link or of the key is masked, and so is what a redirect brings', async () => {
  const [signature, elsewhere] = ['5ad0f1e2d3c4b5a697886950413223', '77aa0f1e2d3c4b5a697886950413'];
  const imgix = await openLocalImgix({
    config: { apiKey: new Secret('planted0files0key') },
    files: {
      '/r/one.csv': (response) => response.writeHead(302, { location: `/r/two.csv?sig=${elsewhere}` }).end(),
      '/r/two.csv': (response) =>
        response
          .writeHead(403)
          .end(
            `<Error><Message>${signature} ${elsewhere} planted0files0key GET%2Fa%3FX-Goog-Signature%3D${signature}</Message></Error>`,
          ),
    },
    links: (origin) => [`${origin}/r/one.csv?X-Goog-Signature=${signature}`],
  });
  const failed = readAll(imgix);
  await expect(failed).rejects.toThrow(
    /403 \(\[secret\] \[secret\] \[secret\] GET%2Fa%3FX-Goog-Signature%3D\[secret\]\)/,
  );
});

test('a header that is made for a terminal is shown as what it is, and cut', async () => {
  const imgix = await openLocalImgix({
    files: { '/r/one.csv': `"x\n12:00:00Z INFO: forged\u001b[2J\u009b",known${',more'.repeat(390)}\n1,2\n` },
  });
  const failed = readAll(imgix);
  await expect(failed).rejects.toThrow(
    /It begins: x\\n12:00:00Z INFO: forged\\u\{1b\}\[2J\\u\{9b\}, known, more/,
  );
  await expect(failed).rejects.toThrow(/more… \(cut: \d+ characters\)\. If the columns/);
});

test.each([400, 401, 403, 404])('a link that answers %i is fetched anew', async (status) => {
  const imgix = await openLocalImgix({
    files: {
      '/r/one.csv': (response, _, before) =>
        before === 0 ? response.writeHead(status).end() : response.end(CSV),
    },
  });
  expect(await readAll(imgix)).toHaveLength(2);
  const signatures = imgix.fileRequests.map(({ url }) => url);
  expect(new Set(signatures).size).toBe(2);
});

test('a link that stays refused is given up after two refreshes, without showing its signature', async () => {
  const imgix = await openLocalImgix({
    files: {
      '/r/one.csv': (response) => response.writeHead(403).end('<Error><Code>ExpiredToken</Code></Error>'),
    },
  });
  const failed = readAll(imgix);
  await expect(failed).rejects.toMatchObject({ code: 'source.forbidden' });
  await expect(failed).rejects.toThrow(/ExpiredToken/);
  await expect(failed).rejects.not.toThrow(/X-Goog-Signature/);
  expect(imgix.fileRequests).toHaveLength(3);
});

test('a wrong md5 is an error, a right one is not, one for other bytes is not looked at', async () => {
  const withHash = (hash: string, headers: Record<string, string> = {}) =>
    openLocalImgix({
      files: {
        '/r/one.csv': (response) =>
          response.writeHead(200, { 'x-goog-hash': `crc32c=AAAAAA==,md5=${hash}`, ...headers }).end(CSV),
      },
    });
  expect(await readAll(await withHash(md5Of(CSV)))).toHaveLength(2);
  await expect(readAll(await withHash(md5Of('other')))).rejects.toMatchObject({
    code: 'source.checksum-mismatch',
  });
  const transcoded = await withHash(md5Of('other'), { 'x-goog-stored-content-encoding': 'gzip' });
  expect(await readAll(transcoded)).toHaveLength(2);
});

test('a body that is cut, with or without gzip, is an error and never a shorter report', async () => {
  const cutBody = await openLocalImgix({
    files: {
      '/r/one.csv': (response) => {
        response.writeHead(200, { 'content-length': String(CSV.length) });
        response.write(CSV.slice(0, 50), () => response.destroy());
      },
    },
  });
  await expect(readAll(cutBody)).rejects.toMatchObject({ code: 'source.truncated' });
  const zipped = gzipSync(CSV);
  const cutGzip = await openLocalImgix({ files: { '/r/one.csv': zipped.subarray(0, zipped.length - 10) } });
  await expect(readAll(cutGzip)).rejects.toMatchObject({ code: 'source.truncated' });
});

test('a gzip bomb stops at the ceiling', async () => {
  const bomb = gzipSync(Buffer.concat([Buffer.from(CSV), Buffer.alloc(1_000_000, 'x')]));
  const imgix = await openLocalImgix({
    files: { '/r/one.csv': bomb },
    config: { maxInflatedBytes: 100_000 },
  });
  await expect(readAll(imgix)).rejects.toMatchObject({ code: 'file.too-large' });
});

test('a file on a host that is not listed is never asked for', async () => {
  const other = await openLocalImgix({ files: { '/r/one.csv': CSV } });
  const imgix = await openLocalImgix({
    files: {},
    links: () => [`${other.origin}/r/one.csv?s=1`],
    config: { fileHosts: ['storage.googleapis.com', '127.0.0.1:1'] },
  });
  const failed = readAll(imgix);
  await expect(failed).rejects.toMatchObject({ code: 'source.host-not-allowed' });
  await expect(failed).rejects.toThrow(/IMGIX_FILE_HOSTS/);
  expect(other.log).toEqual([]);
});

test('a redirect is followed to an allowed host and to no other', async () => {
  const inside = await openLocalImgix({
    files: {
      '/r/one.csv': (response) => response.writeHead(302, { location: '/moved.csv' }).end(),
      '/moved.csv': CSV,
    },
    links: (origin) => [`${origin}/r/one.csv?s=1`],
  });
  expect(await readAll(inside)).toHaveLength(2);
  const outside = await openLocalImgix({
    files: {
      '/r/one.csv': (response) => response.writeHead(302, { location: 'https://evil.example/x' }).end(),
    },
  });
  await expect(readAll(outside)).rejects.toMatchObject({ code: 'source.host-not-allowed' });
  const circle = await openLocalImgix({
    files: { '/r/one.csv': (response) => response.writeHead(302, { location: '/r/one.csv' }).end() },
  });
  await expect(readAll(circle)).rejects.toMatchObject({ code: 'source.response-malformed' });
});

test('429 and 503 of the file host are waited out', async () => {
  const imgix = await openLocalImgix({
    files: {
      '/r/one.csv': (response, _, before) => {
        if (before === 0) response.writeHead(429, { 'retry-after': '0' }).end();
        else if (before === 1) response.writeHead(503).end();
        else response.end(CSV);
      },
    },
  });
  expect(await readAll(imgix)).toHaveLength(2);
});

test('a page size that is refused is asked for again in the documented size', async () => {
  const sizes: (string | null)[] = [];
  const imgix = await openLocalImgix({
    files: { '/r/one.csv': CSV },
    api: (request, response) => {
      const size = new URL(request.url ?? '', 'http://local').searchParams.get('page[size]');
      sizes.push(size);
      if (size !== '100') return false;
      response.writeHead(400).end(JSON.stringify({ errors: [{ title: 'page size too large' }] }));
      return true;
    },
  });
  expect(await readAll(imgix)).toHaveLength(2);
  expect(sizes.slice(0, 2)).toEqual(['100', '20']);
});

test('a report that slips from one page to another while the listing is read is found all the same', async () => {
  const toReport = (day: number, completed: boolean) => ({
    id: `5f7676862528f12b1bfbf6${day}`,
    type: 'reports',
    attributes: {
      completed,
      files: completed ? ['http://127.0.0.1/r/one.csv'] : [],
      period_start: Date.parse(`2026-11-${day}T00:00:00Z`) / 1000,
      report_key: `cdn_logs_202611${day}`,
      report_type: 'cdn_logs',
    },
  });
  let listed = [toReport(20, false), toReport(20, true), toReport(19, true), toReport(18, true)];
  const imgix = await openLocalImgix({
    files: {},
    api: (request, response) => {
      const page = Number(new URL(request.url ?? '', 'http://local').searchParams.get('page[number]'));
      const data = listed.slice(page * 2, page * 2 + 2);
      const hasNextPage = listed.length > page * 2 + 2;
      const pagination = { currentPage: page, hasNextPage, totalRecords: listed.length };
      response.end(JSON.stringify({ data, meta: { pagination } }));
      listed = listed.filter(({ attributes }) => attributes.completed);
      return true;
    },
  });
  const day = parseUtcDay('2026-11-19', 'day');
  const [unit] = await imgix.source.discover({ from: day, to: day }, contextAt(NOW));
  expect(unit).toMatchObject({ reportKey: 'cdn_logs_20261119', listed: { completed: true } });
});

test.each([
  ['page that is not the one asked for', { currentPage: 5, hasNextPage: true }],
  ['listing without end', { hasNextPage: true }],
])('a %s is an error, not an endless loop', async (_, pagination) => {
  const imgix = await openLocalImgix({
    files: {},
    api: (_request, response) => {
      response.end(JSON.stringify({ data: [], meta: { pagination } }));
      return true;
    },
  });
  await expect(imgix.findUnit()).rejects.toMatchObject({ code: 'source.response-malformed' });
  expect(imgix.log.length).toBeLessThan(10);
});

test('a page of a few megabytes that would fill the memory as objects is refused', async () => {
  for (const [page, message] of [
    [`{"data":[${'{},'.repeat(1_700_000)}{}]}`, /more than 500000 rows/],
    [`{"data":[${'{},'.repeat(400_000)}{}]}`, /\(data\.0\.id: /],
    [`{"data":${'['.repeat(10_000_000)}`, /more than 64 levels/],
    [
      `{"data":[{"id":"a","attributes":{"files":[${'"x",'.repeat(100_000)}"x"]}}]}`,
      /more than 100000 values/,
    ],
  ] as const) {
    const imgix = await openLocalImgix({ files: {}, api: (_, response) => Boolean(response.end(page)) });
    const failed = imgix.findUnit();
    await expect(failed).rejects.toMatchObject({ code: 'source.response-malformed' });
    await expect(failed).rejects.toThrow(message);
  }
});

test.each([
  ['reports', 11, { files: [] }],
  ['links to files', 3, { files: Array.from({ length: 100 }, (_, no) => `http://127.0.0.1/${no}`) }],
  ['text in its links', 3, { files: ['x'.repeat(50_000)] }],
])(
  'a listing with more %s than any account has is refused, whatever its pages are',
  async (_, pages, changes) => {
    const pageNoOf = (url = '') => Number(new URL(url, 'http://local').searchParams.get('page[number]'));
    const imgix = await openLocalImgix({
      files: {},
      api: (request, response) => {
        const pageNo = pageNoOf(request.url);
        const data = Array.from({ length: 1_000 }, (_, no) => ({
          id: `${pageNo}-${no}`,
          attributes: changes,
        }));
        const pagination = { currentPage: pageNo, hasNextPage: true };
        response.end(JSON.stringify({ data, meta: { pagination } }));
        return true;
      },
    });
    const failed = imgix.findUnit();
    await expect(failed).rejects.toMatchObject({ code: 'source.response-malformed' });
    await expect(failed).rejects.toThrow(/the listing is longer than any account's/);
    expect(imgix.log).toHaveLength(pages);
  },
);

test('a report with more files than are read fails alone, before one of them is asked for', async () => {
  const links = (origin: string) => Array.from({ length: 10_001 }, (_, no) => `${origin}/r/${no}.csv?sig=1`);
  const imgix = await openLocalImgix({ files: {}, links });
  const unit = await imgix.findUnit();
  await expect(imgix.source.check(unit, contextAt(NOW))).rejects.toThrow(/10001 files of it, at most 10000/);
  expect(imgix.fileRequests).toEqual([]);
});

test('a wrong key says which variable to check', async () => {
  const imgix = await openLocalImgix({
    files: {},
    api: (_, response) => {
      response.writeHead(401).end(JSON.stringify({ errors: [{ title: 'Unauthorized', detail: 'bad key' }] }));
      return true;
    },
  });
  const failed = imgix.findUnit();
  await expect(failed).rejects.toMatchObject({ code: 'source.auth-rejected' });
  await expect(failed).rejects.toThrow(/Unauthorized: bad key.*IMGIX_API_KEY/);
});
