import { inspect } from 'node:util';
import { Secret, silentLogger } from '@edgeledger/core';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpClient, type HttpClientOptions, type Timers } from '../src/index.ts';
import { openLocalServer } from './local-server.ts';

const NOW = new Date('2026-11-20T12:00:00Z');

/** Time that passes only by sleeping, so that waits are seen and cost nothing. */
function createFakeTimers(): Timers & { readonly sleepsMs: number[] } {
  const sleepsMs: number[] = [];
  let nowMs = 0;
  return {
    sleepsMs,
    nowMs: () => nowMs,
    sleep: async (durationMs, signal) => {
      signal?.throwIfAborted();
      sleepsMs.push(durationMs);
      nowMs += durationMs;
    },
  };
}

function openClient(options: Partial<HttpClientOptions> = {}) {
  const timers = createFakeTimers();
  const client = createHttpClient({
    logger: silentLogger,
    clock: { now: () => NOW },
    timers,
    random: () => 0,
    ...options,
  });
  onTestFinished(() => client.close());
  return { client, timers };
}

const what = 'list things';

test('a retryable status is tried again, with headers built anew for every attempt', async () => {
  const server = await openLocalServer((_, response, before) => {
    response.statusCode = before < 2 ? 503 : 200;
    response.end('{"ok":true}');
  });
  const { client, timers } = openClient();
  let attempts = 0;
  const headers = () => ({ 'x-attempt': String(++attempts) });
  const response = await client.request({ method: 'GET', url: server.url, headers, what });
  expect(await response.json(100)).toEqual({ ok: true });
  expect(server.requests.map((request) => request.headers['x-attempt'])).toEqual(['1', '2', '3']);
  expect(timers.sleepsMs).toEqual([250, 500]);
});

test('a final status is not tried again', async () => {
  const server = await openLocalServer((_, response) => response.writeHead(404).end());
  const { client } = openClient();
  await expect(client.request({ method: 'GET', url: server.url, what })).rejects.toMatchObject({
    code: 'source.gone',
  });
  expect(server.requests).toHaveLength(1);
});

test.each([
  [400, 'source.request-refused'],
  [401, 'source.auth-rejected'],
  [403, 'source.forbidden'],
  [410, 'source.gone'],
  [422, 'source.request-refused'],
  [302, 'source.response-malformed'],
  [500, 'source.unavailable'],
  [501, 'source.unavailable'],
  [429, 'source.throttled'],
])('status %i becomes %s', async (status, code) => {
  const server = await openLocalServer((_, response) =>
    response.writeHead(status, { location: 'http://127.0.0.1:1/elsewhere' }).end(),
  );
  const { client } = openClient();
  const failed = client.request({ method: 'GET', url: server.url, what });
  await expect(failed).rejects.toMatchObject({
    code,
    message: expect.stringContaining(`answered ${status}`),
  });
});

test('a message has the words of the vendor, but no query, URL or token', async () => {
  const server = await openLocalServer((_, response) => {
    const detail = 'Bearer abc123 is not valid, see https://vendor.example/help?key=1 signature=c2VjcmV0;';
    response.writeHead(401).end(JSON.stringify({ errors: [{ title: 'Unauthorized', detail }] }));
  });
  const { client } = openClient();
  const url = new URL('/reports?token=hidden', server.url);
  const failed = client.request({ method: 'GET', url, what, advice: { 401: 'Check THE_KEY.' } });
  await expect(failed).rejects.toThrow(
    `Could not list things: ${server.url.href}reports answered 401 (Unauthorized: Bearer [secret] is not valid, see [url] signature=[secret];). Check THE_KEY.`,
  );
});

test('a secret is in no message and no cause, in whatever words the vendor repeats it', async () => {
  const key = 'planted0http/key+1';
  new Secret(key);
  const basic = btoa(`user:${key}`);
  const detail = `The key ${key} (Basic ${basic}, ${encodeURIComponent(key)}) is no key of "${key}"`;
  const server = await openLocalServer((request, response) => {
    if (request.url === '/raw') response.end(key);
    // wherever the text is cut, no half of it is left
    else response.writeHead(403).end(`${'x '.repeat(Number(request.url?.slice(1)))}${detail}`);
  });
  const { client } = openClient();
  for (const blanks of [0, 120, 125, 130, 135, 140, 145, 1_990, 1_995]) {
    const url = new URL(`/${blanks}`, server.url);
    const refused: unknown = await client
      .request({ method: 'GET', url, what })
      .catch((error: unknown) => error);
    expect(String(refused)).toContain('answered 403');
    expect(inspect(refused)).not.toMatch(/plant|cGxhbnRlZ/);
  }
  // a parser quotes the start of what it could not read
  const answer = await client.request({ method: 'GET', url: new URL('/raw', server.url), what });
  const damaged: unknown = await answer.json(500).catch((error: unknown) => error);
  expect(inspect(damaged)).toContain('not JSON');
  expect(inspect(damaged)).not.toContain('plant');
});

test('what a vendor says is one line that shows what is in it', async () => {
  const detail = 'no\u001b]0;title\u0007\u009b31m\n12:00:00Z INFO: forged\u202e\u2028\ud800';
  const server = await openLocalServer((_, response) =>
    response.writeHead(401).end(JSON.stringify({ errors: [{ detail }] })),
  );
  const failed = openClient().client.request({ method: 'GET', url: server.url, what });
  await expect(failed).rejects.toThrow(/\(no \]0;title 31m 12:00:00Z INFO: forged\)/);
});

test.each([
  [{ 'retry-after': '7' }, 7000],
  [{ 'retry-after': 'Fri, 20 Nov 2026 12:00:09 GMT', date: 'Fri, 20 Nov 2026 12:00:00 GMT' }, 9000],
  [{ 'akamai-ratelimit-next': '2026-11-20T13:00:05.500Z', date: 'Fri, 20 Nov 2026 13:00:00 GMT' }, 5500],
  [{ 'x-ratelimit-next': '2026-11-20T11:00:04Z', date: 'Fri, 20 Nov 2026 11:00:00 GMT' }, 4000],
])('the wait that the vendor names in %j is kept', async (headers, waitMs) => {
  const server = await openLocalServer((_, response, before) => {
    if (before === 0) response.writeHead(429, headers).end();
    else response.end('ok');
  });
  const { client, timers } = openClient();
  const response = await client.request({ method: 'GET', url: server.url, what });
  expect(await response.text(10)).toBe('ok');
  expect(timers.sleepsMs.reduce((sum, sleepMs) => sum + sleepMs, 0)).toBe(waitMs);
});

test('a wait that only the body names is kept, and a 429 without any is a minute where the client says so', async () => {
  const body = '{"rateLimitNextRequest":"Fri, 20 Nov 2026 12:00:06 Z"}';
  const server = await openLocalServer((_, response, before) => {
    const date = 'Fri, 20 Nov 2026 12:00:00 GMT';
    if (before === 0) response.writeHead(429, { date }).end(body);
    else if (before === 1) response.end('ok');
    else response.writeHead(429).end();
  });
  const { client, timers } = openClient({ throttleMs: 60_000 });
  const request = { method: 'GET', url: server.url, what } as const;
  await (await client.request(request)).text(10);
  expect(timers.sleepsMs.reduce((sum, sleepMs) => sum + sleepMs, 0)).toBe(6000);
  await expect(client.request(request)).rejects.toMatchObject({ retryAfterMs: 60_000 });
});

test('an answer that was the last one allowed holds the next request back', async () => {
  const headers = {
    'akamai-ratelimit-remaining': '0',
    'akamai-ratelimit-next': '2026-11-20T12:00:04Z',
    date: 'Fri, 20 Nov 2026 12:00:00 GMT',
  };
  const server = await openLocalServer((_, response) => response.writeHead(200, headers).end('ok'));
  const { client, timers } = openClient();
  const request = { method: 'GET', url: server.url, what } as const;
  await (await client.request(request)).text(10);
  expect(timers.sleepsMs).toEqual([]);
  await (await client.request(request)).text(10);
  expect(timers.sleepsMs).toEqual([4000]);
});

test('a wait that is too long is handed on, and holds for the next request too', async () => {
  const server = await openLocalServer((_, response) =>
    response.writeHead(429, { 'retry-after': '90' }).end(),
  );
  const { client } = openClient();
  const request = { method: 'GET', url: server.url, what } as const;
  await expect(client.request(request)).rejects.toMatchObject({ retryAfterMs: 90_000 });
  await expect(client.request(request)).rejects.toMatchObject({ retryAfterMs: 90_000 });
  expect(server.requests).toHaveLength(1);
});

test('an expected status comes back with its body, bytes as they are', async () => {
  const zipped = Buffer.from([0x1f, 0x8b, 1, 2, 3]);
  const server = await openLocalServer((_, response) =>
    response.writeHead(404, { 'content-encoding': 'gzip' }).end(zipped),
  );
  const { client } = openClient();
  const response = await client.request({ method: 'GET', url: server.url, what, expectStatuses: [200, 404] });
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  expect(Buffer.concat(chunks)).toEqual(zipped);
  expect(response.status).toBe(404);
});

test('a host that nobody listens on is named', async () => {
  const { client, timers } = openClient();
  const failed = client.request({ method: 'GET', url: new URL('http://127.0.0.1:1/x?secret=1'), what });
  await expect(failed).rejects.toMatchObject({
    code: 'source.unavailable',
    message: expect.stringMatching(/127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\)/),
  });
  expect(timers.sleepsMs).toHaveLength(3);
});

test('a body that ends early is told from one that is whole', async () => {
  const server = await openLocalServer((_, response, before) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('x'.repeat(40));
    if (before === 0) setImmediate(() => response.destroy());
    else response.end('x'.repeat(60));
  });
  const { client } = openClient();
  const request = { method: 'GET', url: server.url, what } as const;
  const cut = await client.request(request);
  await expect(cut.text(1000)).rejects.toMatchObject({ code: 'source.truncated' });
  expect(await (await client.request(request)).text(1000)).toHaveLength(100);
});

test('a chunked body that is cut is told too', async () => {
  const server = await openLocalServer((_, response) => {
    response.write('x'.repeat(40));
    setImmediate(() => response.destroy());
  });
  const { client } = openClient();
  const cut = await client.request({ method: 'GET', url: server.url, what });
  await expect(cut.text(1000)).rejects.toMatchObject({ code: 'source.truncated' });
});

test('a server that does not answer, or stops answering, is a timeout', async () => {
  const server = await openLocalServer((request, response) => {
    if (request.url === '/stops') response.writeHead(200).write('x');
  });
  const { client } = openClient({ headersTimeoutMs: 100, bodyTimeoutMs: 100, maxAttempts: 1 });
  const silent = client.request({ method: 'GET', url: server.url, what });
  await expect(silent).rejects.toMatchObject({ code: 'source.timeout' });
  const stops = await client.request({ method: 'GET', url: new URL('/stops', server.url), what });
  await expect(stops.text(10)).rejects.toMatchObject({ code: 'source.timeout' });
});

test('a body beyond its limit and a body that is no JSON are refused', async () => {
  const server = await openLocalServer((_, response) => response.end('<html>hello</html>'));
  const { client } = openClient();
  const request = { method: 'GET', url: server.url, what } as const;
  await expect((await client.request(request)).text(5)).rejects.toMatchObject({ code: 'file.too-large' });
  await expect((await client.request(request)).json(500)).rejects.toMatchObject({
    code: 'source.response-malformed',
  });
});

test('the signal ends a request, a body and a wait with its own reason', async () => {
  const server = await openLocalServer((request, response) => {
    if (request.url === '/body') response.writeHead(200).write('x');
    if (request.url === '/busy') response.writeHead(503, { 'retry-after': '5' }).end();
  });
  const { client } = openClient({
    timers: {
      nowMs: () => performance.now(),
      sleep: (_, signal) =>
        new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    },
  });
  const reason = new Error('shutting down');
  for (const path of ['/silent', '/busy', '/body']) {
    const stop = new AbortController();
    const url = new URL(path, server.url);
    const before = server.requests.length;
    const read = client
      .request({ method: 'GET', url, what, rateKey: path, signal: stop.signal })
      .then((response) => response.text(10));
    const settled = expect(read).rejects.toBe(reason);
    await expect.poll(() => server.requests.length).toBeGreaterThan(before);
    setTimeout(() => stop.abort(reason), 20);
    await settled;
  }
  const late = client.request({ method: 'GET', url: server.url, what, signal: AbortSignal.abort(reason) });
  await expect(late).rejects.toBe(reason);
});

test('no more requests run at a time than allowed, bodies included', async () => {
  const server = await openLocalServer((_, response) => response.end('ok'));
  const { client } = openClient({ concurrency: 1 });
  const request = { method: 'GET', url: server.url, what } as const;
  const first = await client.request(request);
  const second = client.request(request);
  await new Promise((resolve) => setImmediate(resolve));
  expect(server.requests).toHaveLength(1);
  first.destroy();
  expect(await (await second).text(10)).toBe('ok');
});

test('backfills that wait for their turn do not keep live requests waiting', async () => {
  const server = await openLocalServer((_, response) => response.end('ok'));
  const { client } = openClient({ concurrency: 1 });
  const request = { method: 'GET', url: server.url, what } as const;
  const backfill = await client.request({ ...request, lane: 'backfill' });
  expect(await (await client.request(request)).text(10)).toBe('ok');
  backfill.destroy();
});

test('plain http goes to loopback only', async () => {
  const { client } = openClient();
  const failed = client.request({ method: 'GET', url: new URL('http://files.example/x'), what });
  await expect(failed).rejects.toMatchObject({ code: 'source.host-not-allowed' });
});

test('every attempt is told to who counts, also one that no answer came of', async () => {
  const server = await openLocalServer((_, response, before) => {
    response.statusCode = before < 1 ? 503 : 200;
    response.end('{}');
  });
  const seen: string[] = [];
  const { client } = openClient({
    rateScope: 'imgix/default',
    maxAttempts: 2,
    onAttempt: ({ scope, status }) => seen.push(`${scope} ${status}`),
  });
  (await client.request({ method: 'GET', url: server.url, what })).destroy();
  const nobody = new URL('http://127.0.0.1:9/');
  await client.request({ method: 'GET', url: nobody, what, idempotent: false }).catch(() => undefined);
  expect(seen).toEqual(['imgix/default 503', 'imgix/default 200', 'imgix/default 0']);
});
