import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Secret, silentLogger, type UnitRef } from '@edgeledger/core';
import { expect, onTestFinished, test } from 'vitest';
import { type AkamaiSourceConfig, type AkamaiStream, createAkamaiSource } from '../src/index.ts';
import { contextAt, readUnit } from './read-unit.ts';

const NOW = new Date('2026-11-20T06:00:00Z');
const ANSWER =
  '#METADATA_START\nrowCount,1\n#METADATA_END\n#COLUMNS_START\nstartdatetime,edgeHits\n#COLUMNS_END\n#DATA_START\n2026-11-19T00:00:00Z,5\n#DATA_END\n';
const DETAILS_ANSWER =
  '#COLUMNS_START\nclientId,timestamp\n#COLUMNS_END\n#DATA_START\nc1,2026-11-19T00:00:01Z\n#DATA_END\n';

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly body: string;
  readonly authorization: string;
}
type Answer = (asked: Asked, response: ServerResponse, countBefore: number) => void;

/** Akamai for the odd cases, hand-made; signatures are checked by the emulator's tests. */
async function openLocalAkamai(
  answers: { readonly data: Answer; readonly reportType?: Answer },
  changes: { readonly stream?: Partial<AkamaiStream>; readonly config?: Partial<AkamaiSourceConfig> } = {},
) {
  const asked: Asked[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const entry = {
      method: request.method ?? '',
      url: new URL(request.url ?? '', 'http://akamai.local'),
      body: Buffer.concat(chunks).toString(),
      authorization: request.headers.authorization ?? '',
    };
    const before = asked.filter(({ method }) => method === entry.method).length;
    asked.push(entry);
    if (entry.method === 'POST') answers.data(entry, response, before);
    else if (answers.reportType !== undefined) answers.reportType(entry, response, before);
    else response.end('{"available":true,"deprecated":false}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const stream: AkamaiStream = {
    name: 'default',
    dataset: 'endpoint_usage_by_time',
    objectIds: 'all',
    ...changes.stream,
  };
  const source = createAkamaiSource(
    {
      vendor: 'akamai',
      account: 'default',
      clientToken: new Secret('ct'),
      clientSecret: new Secret('cs'),
      accessToken: new Secret('at'),
      apiUrl: new URL(`http://127.0.0.1:${address.port}`),
      streams: [stream],
      ...changes.config,
    },
    {
      clock: { now: () => NOW },
      logger: silentLogger,
      http: { timers: { nowMs: () => performance.now(), sleep: async () => undefined } },
    },
  );
  onTestFinished(async () => {
    await source.close();
    server.closeAllConnections();
    server.close();
  });
  const report =
    stream.dataset === 'api_usage_details' ? 'apiusagedetails-by-time' : 'endpoint-usage-by-time';
  const unitOf = (day: string): UnitRef => ({
    account: 'default',
    dataset: `akamai.${stream.dataset}`,
    reportKey: `${report}_default_${day.replaceAll('-', '')}`,
    period: {
      start: new Date(`${day}T00:00:00Z`),
      end: new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000),
    },
  });
  const read = (day = '2026-11-19') => readUnit(source, unitOf(day), contextAt(NOW));
  return { asked, read, posts: () => asked.filter(({ method }) => method === 'POST') };
}

const toProblem = (title: string, type = 'x') =>
  JSON.stringify({ title: 'Problem', errors: [{ type, title }] });

test('a request has the window, the interval, the objects, the filters and the switch key', async () => {
  const { read, posts } = await openLocalAkamai(
    { data: (_, response) => response.end(ANSWER) },
    { stream: { filters: { http_method: ['get'] } }, config: { accountSwitchKey: '1-5C0YLB:1-8BYUX' } },
  );
  await read();
  const [post] = posts();
  expect(post?.url.pathname).toBe('/reporting-api/v1/reports/endpoint-usage-by-time/versions/1/report-data');
  expect(Object.fromEntries(post?.url.searchParams ?? [])).toEqual({
    start: '2026-11-19T00:00:00Z',
    end: '2026-11-20T00:00:00Z',
    interval: 'FIVE_MINUTES',
    accountSwitchKey: '1-5C0YLB:1-8BYUX',
  });
  expect(JSON.parse(post?.body ?? '')).toEqual({ objectIds: 'all', filters: { http_method: ['get'] } });
});

test('every attempt is signed anew', async () => {
  const { asked, read } = await openLocalAkamai({
    data: (_, response, before) => (before < 2 ? response.writeHead(503).end() : response.end(ANSWER)),
  });
  await read();
  expect(asked).toHaveLength(4);
  expect(new Set(asked.map(({ authorization }) => authorization)).size).toBe(4);
});

test('details are asked for without interval, and with it where the server insists', async () => {
  const { read, posts } = await openLocalAkamai(
    {
      data: ({ url }, response) =>
        url.searchParams.has('interval')
          ? response.end(DETAILS_ANSWER)
          : response.writeHead(400).end(toProblem('Required parameter interval is missing')),
    },
    { stream: { dataset: 'api_usage_details', objectIds: ['1-123A'] } },
  );
  expect((await read())[0]?.rows).toHaveLength(1);
  await read();
  expect(posts().map(({ url }) => url.searchParams.has('interval'))).toEqual([false, true, true]);
});

test('"all" goes as a list to a server that wants one', async () => {
  const { read, posts } = await openLocalAkamai({
    data: ({ body }, response) =>
      body.includes('["all"]')
        ? response.end(ANSWER)
        : response.writeHead(400).end(toProblem('objectIds must be an array')),
  });
  await read();
  expect(posts()).toHaveLength(2);
});

test('a refused request says why in the words of the vendor', async () => {
  const { read, posts } = await openLocalAkamai({
    data: (_, response) => response.writeHead(400).end(toProblem('filter no_such is unknown')),
  });
  await expect(read()).rejects.toMatchObject({
    code: 'source.request-refused',
    message: expect.stringContaining('filter no_such is unknown'),
  });
  expect(posts()).toHaveLength(1);
});

test('a day at the edge of retention is read as far as it is kept, and the loss is a finding', async () => {
  const { read, posts } = await openLocalAkamai({
    data: ({ url }, response) =>
      Date.parse(url.searchParams.get('start') ?? '') < NOW.getTime() - 90 * 86_400_000
        ? response.writeHead(400).end(toProblem('start is outside of data retention'))
        : response.end(ANSWER.replace('2026-11-19T00:00', '2026-08-22T07:00')),
  });
  const [part] = await read('2026-08-22');
  expect(posts().map(({ url }) => url.searchParams.get('start'))).toEqual([
    '2026-08-22T00:00:00Z',
    '2026-08-22T06:10:00Z',
  ]);
  expect(part?.rows).toHaveLength(1);
  expect(part?.facts.findings).toMatchObject([{ kind: 'lost' }]);
});

test.each([403, 500])('a report type that answers %i does not stop data that can be read', async (status) => {
  const { read } = await openLocalAkamai({
    data: (_, response) => response.end(ANSWER),
    reportType: (_, response) => response.writeHead(status).end('{}'),
  });
  expect((await read())[0]?.rows).toHaveLength(1);
});

test('a deprecated report is read, and reported with every unit, whoever reads it', async () => {
  const { read } = await openLocalAkamai({
    data: (_, response) => response.end(ANSWER),
    reportType: (_, response) => response.end('{"available":true,"deprecated":true,"status":"DEPRECATED"}'),
  });
  expect((await read())[0]?.facts.findings).toMatchObject([{ kind: 'deprecated' }]);
  expect((await read('2026-11-18'))[0]?.facts.findings).toMatchObject([{ kind: 'deprecated' }]);
  // reading the unit again must not resolve what still is so
  expect((await read())[0]?.facts.findings).toMatchObject([{ kind: 'deprecated' }]);
});

test('a report that is not available to this client is a configuration error', async () => {
  const { read, posts } = await openLocalAkamai({
    data: (_, response) => response.end(ANSWER),
    reportType: (_, response) => response.end('{"available":false}'),
  });
  await expect(read()).rejects.toMatchObject({ code: 'source.report-unavailable' });
  expect(posts()).toEqual([]);
});

test('a limit of the report type is obeyed whatever the documents say', async () => {
  const { read, posts } = await openLocalAkamai(
    {
      data: ({ url }, response) => {
        const start = Date.parse(url.searchParams.get('start') ?? '');
        const end = Date.parse(url.searchParams.get('end') ?? '');
        const calledAt = Date.parse('2026-11-19T00:00:01Z');
        const has = start <= calledAt && calledAt < end;
        response.end(has ? DETAILS_ANSWER : DETAILS_ANSWER.replace(/c1,.*\n/, ''));
      },
      reportType: (_, response) => response.end('{"available":true,"limit":1}'),
    },
    { stream: { dataset: 'api_usage_details', objectIds: ['1-123A'] } },
  );
  const parts = await read();
  expect(parts.flatMap((part) => part.rows)).toHaveLength(1);
  expect(parts.flatMap((part) => part.facts.findings)).toMatchObject([
    { kind: 'truncated' },
    { kind: 'report-changed', details: { name: 'limit', was: 5000, is: 1 } },
  ]);
  expect(posts().length).toBeLessThan(45);
});

test('a page of a query, and an answer, that would fill the memory as objects are refused', async () => {
  const toPage = (rows: string, rest = '{}') => `{"metadata":${rest},"data":[${rows}]}`;
  const links = `{"links":[${'{},'.repeat(100)}{}]}`;
  for (const [page, message] of [
    [toPage(`${'{},'.repeat(2_000_000)}{}`), /more than 500000 rows/],
    [toPage('{"clientId":"c1"},[]'), /number 2 of its data is no row/],
    [toPage(`{"clientId":${'['.repeat(50_000)}${']'.repeat(50_000)}}`), /more than 64 levels/],
    [toPage('{}', links), /links of the answer has 101 entries/],
  ] as const) {
    const stream = { dataset: 'api_usage_details', api: 'v2' } as const;
    const data: Answer = (_, response) => response.end(page);
    const pages = await openLocalAkamai({ data }, { stream: { ...stream, async: true } });
    await expect(pages.read()).rejects.toMatchObject({ code: 'source.response-malformed' });
    await expect(pages.read()).rejects.toThrow(message);
    if (page.includes('links')) continue;
    const answer = await openLocalAkamai({ data }, { stream });
    await expect(answer.read()).rejects.toThrow(message);
  }
});
