import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createManualClock, Secret, silentLogger } from '@edgeledger/core';
import { afterEach, expect, test } from 'vitest';
import { createOperatorSpy, emptyWarehouse } from '../test/empty-warehouse.ts';
import { createDashboard, type Dashboard, type DashboardOptions } from './dashboard.ts';

const open: Dashboard[] = [];
afterEach(async () => {
  for (const dashboard of open.splice(0)) await dashboard.close();
});

async function start(options: Partial<DashboardOptions> = {}): Promise<string> {
  const dashboard = await createDashboard({
    queues: [],
    warehouse: emptyWarehouse,
    operator: createOperatorSpy(),
    findJobs: async () => [],
    host: '127.0.0.1',
    port: 0,
    logger: silentLogger,
    version: '0.1.0',
    isReady: async () => ({ ok: true, checks: [] }),
    clock: createManualClock(new Date('2026-11-21T10:00:00Z')),
    ...options,
  });
  open.push(dashboard);
  return dashboard.url;
}

/** As it comes over the wire: no client sends a blank Host, or a path that is no path. */
async function sendRaw(url: string, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  return await text(socket);
}

test('without a password a blank or crooked Host is nobody of ours', async () => {
  const url = await start();
  for (const host of [
    '',
    ' ',
    ':',
    ':80',
    'localhost:',
    'localhost:1@rebound.example',
    '[::1',
    '127.0.0.1,x',
  ]) {
    const answer = await sendRaw(url, ['GET / HTTP/1.1', `Host: ${host}`]);
    expect([host, answer.slice(0, 12)]).toEqual([host, 'HTTP/1.1 403']);
  }
  expect(await sendRaw(url, ['GET / HTTP/1.0'])).toMatch(/^HTTP\/1\.1 403/);
  expect(await sendRaw(url, ['GET http://localhost/ HTTP/1.1', 'Host: rebound.example'])).toMatch(
    /^HTTP\/1\.1 403/,
  );
  for (const host of ['localhost', 'LOCALHOST:3000', '127.0.0.1:1', '[::1]:3000', '[::1]']) {
    const answer = await sendRaw(url, ['GET / HTTP/1.1', `Host: ${host}`]);
    expect([host, answer.slice(0, 12)]).toEqual([host, 'HTTP/1.1 200']);
  }
});

test('every answer forbids sniffing, framing and keeping, refusals and redirects included', async () => {
  const guarded = await start({ user: 'ed', password: new Secret('open sesame') });
  const local = await start();
  const operator = { authorization: `Basic ${btoa('ed:open sesame')}` };
  const html = { accept: 'text/html' };
  const asked: readonly (readonly [number, string, Record<string, string>, string?])[] = [
    [401, guarded, {}],
    [401, `${guarded}/queues/api/queues`, {}],
    [401, `${guarded}/metrics`, {}],
    [303, `${guarded}/units`, html],
    [200, `${guarded}/login`, html],
    [403, `${guarded}/logout`, { ...operator, 'sec-fetch-site': 'cross-site' }, 'POST'],
    [403, local, { host: 'rebound.example' }],
    [404, `${local}/nothing`, {}],
    [404, `${local}/queues/api/nothing`, {}],
    [400, `${local}/%E0%A4%A`, {}],
    [400, `${local}/unit/a/b/%00`, {}],
    [400, `${local}/queues/api/queues?activeQueue=%00`, {}],
    [414, `${local}/unit/a/b/${'x'.repeat(2_000)}`, {}],
    [200, `${local}/healthz`, {}],
  ];
  for (const [status, url, headers, method] of asked) {
    const sent = request(url, { headers, method: method ?? 'GET' });
    sent.end();
    const [answer] = await once(sent, 'response');
    answer.resume();
    expect([url, answer.statusCode]).toEqual([url, status]);
    expect([url, answer.headers]).toMatchObject([
      url,
      {
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cache-control': 'no-store',
        'referrer-policy': 'same-origin',
        'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
      },
    ]);
  }
});

const MOST_TRIES = 50;

/**
 * The pending answer to a request which the server has whole. On a busy machine a request itself can take longer
 * than a short limit (in CI it did, and was cut off by right); it is sent again then.
 */
async function askUntilHeard(url: string, heard: Promise<true>): Promise<{ answer: Promise<Response> }> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const answer = fetch(url);
    const settled = answer.then(
      () => false,
      () => false,
    );
    // in an object, because awaiting the call must not await the answer
    if (await Promise.race([heard, settled])) return { answer };
  }
  throw new Error(`none of ${MOST_TRIES} requests was heard`);
}

test('who sends a request byte by byte is cut off, and an answer that takes longer than that is not', async () => {
  const heard = Promise.withResolvers<true>();
  const ready = Promise.withResolvers<{ ok: boolean; checks: [] }>();
  const isReady = () => {
    heard.resolve(true);
    return ready.promise;
  };
  const url = await start({ requestTimeoutMs: 200, readyTimeoutMs: 60_000, isReady });
  const slow = await askUntilHeard(`${url}/readyz`, heard.promise);
  const { hostname, port } = new URL(url);
  const head = 'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n';
  const form = `${head}Content-Type: application/x-www-form-urlencoded\r\n\r\n`;
  for (const beginning of [form, head]) {
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    // not by events.once: whoever is cut off while writing may be told by an error first, and that would reject
    const cutOff = new Promise((resolve) => socket.resume().once('close', resolve));
    socket.write(beginning);
    const drip = setInterval(() => socket.write('a'), 20);
    await cutOff.finally(() => clearInterval(drip));
  }
  ready.resolve({ ok: true, checks: [] });
  expect((await slow.answer).status).toBe(200);
});
