import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { ConfigError, createManualClock, Secret, silentLogger, TransientError } from '@edgeledger/core';
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
    isReady: async () => ({ ok: true, checks: [{ name: 'warehouse', ok: true }] }),
    clock: createManualClock(new Date('2026-11-21T10:00:00Z')),
    ...options,
  });
  open.push(dashboard);
  return dashboard.url;
}

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
const SIGNED_IN = { user: 'ed', password: new Secret('p:w é') };

/** fetch does not let a test choose the Host header. */
async function statusOf(url: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  const sent = request(url, { headers, method });
  sent.end();
  const [response] = await once(sent, 'response');
  response.resume();
  return response.statusCode;
}

test('the process is healthy as long as it answers', async () => {
  const url = await start({ isReady: async () => ({ ok: false, checks: [] }) });
  const response = await fetch(`${url}/healthz`);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: 'ok' });
});

test('it is ready when warehouse and queue are', async () => {
  const response = await fetch(`${await start()}/readyz`);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: 'ready', checks: [{ name: 'warehouse', ok: true }] });
});

test('it is not ready, with reasons, when a check fails, throws or hangs', async () => {
  const checks = [{ name: 'queue', ok: false, reason: 'Redis does not answer.' }];
  const failing = await fetch(`${await start({ isReady: async () => ({ ok: false, checks }) })}/readyz`);
  expect(failing.status).toBe(503);
  expect(await failing.json()).toEqual({ status: 'not ready', checks });

  const throwing = async () => {
    throw new TransientError('warehouse.unavailable', 'Postgres does not answer.');
  };
  const thrown = await fetch(`${await start({ isReady: throwing })}/readyz`);
  expect(thrown.status).toBe(503);
  expect(await thrown.text()).toContain('Postgres does not answer.');

  const hanging = () => new Promise<never>(() => undefined);
  const late = await fetch(`${await start({ isReady: hanging, readyTimeoutMs: 20 })}/readyz`);
  expect(late.status).toBe(503);
  expect(await late.text()).toContain('no answer within 20 ms');
});

test('the coverage page is sent whole, not cached, and without anything that runs or comes from elsewhere', async () => {
  const response = await fetch(await start());
  const page = await response.text();
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const policy = response.headers.get('content-security-policy');
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toContain('unsafe');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect(page).toContain('href="/queues/"');
  // nothing runs but the one file that is ours
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(page).toMatch(/<script src="\/assets\/[0-9a-f]+\/dashboard\.js" defer><\/script>/);
  expect(page).not.toMatch(/\son\w+=|style="|<style|(?:src|href)="(?:https?:)?\/\//);
});

test('every page has something to say before anything was planned, and says how to begin', async () => {
  const url = await start({ sources: ['imgix-default'] });
  const paths = [
    '/',
    '/units',
    '/charts',
    '/charts/traffic',
    '/charts/usage',
    '/schema',
    '/actions',
    '/backfill',
  ];
  for (const path of [...paths, '/day/default/imgix.cdn_logs/2026-11-20', '/?days=365']) {
    const response = await fetch(url + path);
    expect([path, response.status]).toEqual([path, 200]);
    expect(await response.text()).toMatch(/<h1>[^<]+<\/h1>/);
  }
  const page = await (await fetch(url)).text();
  expect(page).toContain('Configured: imgix-default.');
  expect(page).toContain('href="/backfill?from=2026-10-22&amp;to=2026-11-20">Load the last 30 days');
  expect(await (await fetch(await start())).text()).toContain('No source is configured');
  for (const path of ['/unit/a/imgix.cdn_logs/nothing', '/day/a/imgix.cdn_logs/2026-02-30']) {
    expect([path, (await fetch(url + path)).status]).toEqual([path, 404]);
  }
});

test('?days= chooses the days that are asked for, within limits', async () => {
  const asked: string[] = [];
  const calendar = async ({ from, to }: { from: string; to: string }) => {
    asked.push(`${from} ${to}`);
    return [];
  };
  const browse = { ...emptyWarehouse.browse, calendar };
  const url = await start({ warehouse: { ...emptyWarehouse, browse } });
  for (const query of ['', '?days=30', '?days=1', '?days=9999', '?days=x', '?days=1&days=2']) {
    expect((await fetch(`${url}/${query}`)).status).toBe(200);
  }
  expect(asked).toEqual([
    '2026-08-24 2026-11-21',
    '2026-10-23 2026-11-21',
    '2026-11-15 2026-11-21',
    '2025-10-18 2026-11-21',
    '2026-08-24 2026-11-21',
    '2026-08-24 2026-11-21',
  ]);
});

test('a warehouse that does not answer is said on the page, without a stack', async () => {
  const series = async () => {
    throw new TransientError('warehouse.unavailable', 'Postgres at <db> does not answer. Start it.');
  };
  const browse = { ...emptyWarehouse.browse, series };
  const response = await fetch(await start({ warehouse: { ...emptyWarehouse, browse } }));
  const page = await response.text();
  expect(response.status).toBe(503);
  expect(page).toContain('Postgres at &lt;db&gt; does not answer. Start it.');
  expect(page).not.toContain('dashboard.test.ts');
});

test('an unknown path is answered with 404 and a malformed one with 400', async () => {
  const url = await start();
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
  expect(await statusOf(`${url}/%E0%A4%A`, {})).toBe(400);
});

test('everything but the two health routes asks for the password', async () => {
  const url = await start(SIGNED_IN);
  for (const path of [
    '/',
    '/queues',
    '/queues/',
    '/queues/api/queues',
    '/queues/static/nothing.js',
    '/nothing',
  ]) {
    const response = await fetch(url + path);
    expect([path, response.status]).toEqual([path, 401]);
    expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm="Edgeledger"/);
  }
  for (const path of ['/healthz', '/readyz', '/healthz/']) expect((await fetch(url + path)).status).toBe(200);
  for (const path of ['/%68ealthz/../', '//', '/healthz%2f..', '/queues/healthz']) {
    expect([path, await statusOf(url + path, {})]).toEqual([path, 401]);
  }
});

test('only the right user with the right password gets in', async () => {
  const url = await start(SIGNED_IN);
  expect((await fetch(url, { headers: basic('ed', 'p:w é') })).status).toBe(200);
  expect((await fetch(`${url}/queues/`, { headers: basic('ed', 'p:w é') })).status).toBe(200);
  const wrong = [
    basic('ed', 'p:w'),
    basic('ed', ''),
    basic('Ed', 'p:w é'),
    basic('', 'p:w é'),
    { authorization: 'Basic ' },
    { authorization: 'Basic !!!!' },
    { authorization: `Basic ${Buffer.from('ed').toString('base64')}` },
    { authorization: `Bearer ${Buffer.from('ed:p:w é').toString('base64')}` },
  ];
  for (const headers of wrong) expect((await fetch(url, { headers })).status).toBe(401);
});

test('without a password it does not start where other machines can reach it', async () => {
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'dashboard.example']) {
    await expect(start({ host })).rejects.toThrow(/DASHBOARD_USER and DASHBOARD_PASSWORD/);
  }
  await expect(start({ host: '0.0.0.0', user: 'ed' })).rejects.toMatchObject({ code: 'config.missing' });
  await expect(start({ user: 'ed' })).rejects.toThrow(/only one of the two/);
  expect(await start({ host: '0.0.0.0', ...SIGNED_IN })).toMatch(/^http:\/\/localhost:\d+$/);
});

test('without a password it answers to its own names only', async () => {
  const url = await start();
  const { port } = new URL(url);
  expect(await statusOf(url, { host: `rebound.example:${port}` })).toBe(403);
  expect(await statusOf(`${url}/queues/api/queues`, { host: '127.0.0.1.rebound.example' })).toBe(403);
  expect(await statusOf(url, { host: `localhost:${port}` })).toBe(200);
  expect(await statusOf(`${url}/readyz`, { host: 'probe.example' })).toBe(200);
});

test('a foreign page cannot change anything', async () => {
  const url = await start(SIGNED_IN);
  const path = `${url}/queues/api/queues/none/pause`;
  const headers = basic('ed', 'p:w é');
  const { host } = new URL(url);
  expect(await statusOf(path, { ...headers, 'sec-fetch-site': 'cross-site' }, 'PUT')).toBe(403);
  expect(await statusOf(path, { ...headers, 'sec-fetch-site': 'same-site' }, 'PUT')).toBe(403);
  expect(await statusOf(path, { ...headers, origin: 'https://evil.example' }, 'PUT')).toBe(403);
  expect(await statusOf(path, { ...headers, origin: 'null' }, 'PUT')).toBe(403);
  expect(await statusOf(path, { ...headers, 'sec-fetch-site': 'same-origin' }, 'PUT')).toBe(404);
  expect(await statusOf(path, { ...headers, origin: `http://${host}` }, 'PUT')).toBe(404);
});

test('a foreign page can lead here, and load nothing in the background', async () => {
  const url = await start({ metrics: { contentType: 'text/plain', render: async () => 'up 1\n' } });
  const fetched = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
  for (const path of ['/', '/charts?month=2026-11', '/units', '/metrics', '/queues/api/queues']) {
    expect([path, await statusOf(url + path, fetched)]).toEqual([path, 403]);
    expect([path, await statusOf(url + path, { ...fetched, 'sec-fetch-site': 'same-site' })]).toEqual([
      path,
      403,
    ]);
  }
  const followed = { ...fetched, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  expect(await statusOf(`${url}/units`, followed)).toBe(200);
  expect(await statusOf(`${url}/units`, { ...followed, 'sec-fetch-dest': 'iframe' })).toBe(403);
  // our own pages, an address that was typed, programs, probes
  expect(await statusOf(`${url}/units`, { ...fetched, 'sec-fetch-site': 'same-origin' })).toBe(200);
  expect(await statusOf(`${url}/units`, { ...followed, 'sec-fetch-site': 'none' })).toBe(200);
  expect(await statusOf(`${url}/metrics`, {})).toBe(200);
  expect(await statusOf(`${url}/healthz`, fetched)).toBe(200);
  expect(await statusOf(`${url}/readyz`, fetched)).toBe(200);
});

test('a foreign page does not use up the attempts of whoever looks at it', async () => {
  const url = await start(SIGNED_IN);
  const wrong = { ...basic('ed', 'guess'), 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
  for (let tried = 0; tried < 12; tried += 1) expect(await statusOf(url, wrong)).toBe(403);
  for (let tried = 0; tried < 12; tried += 1) expect(await statusOf(url, wrong, 'POST')).toBe(403);
  expect(await statusOf(url, basic('ed', 'p:w é'))).toBe(200);
});

test('a month or day that no report can be of is none: the pages show what they show without it', async () => {
  const url = await start({ sources: ['imgix-default'] });
  const shown = await (await fetch(`${url}/charts`)).text();
  for (const month of ['9999-12', '0000-01', '1969-12', 'nonsense']) {
    const response = await fetch(`${url}/charts?month=${month}`);
    expect([month, response.status, await response.text()]).toEqual([month, 200, shown]);
  }
  for (const day of ['0000-01-01', '9999-12-31']) {
    expect([day, (await fetch(`${url}/charts/usage?day=${day}`)).status]).toEqual([day, 200]);
    expect([day, (await fetch(`${url}/day/a/imgix.cdn_logs/${day}`)).status]).toEqual([day, 404]);
    expect(await (await fetch(`${url}/units?day=${day}`)).text()).toContain('is not a day');
    expect(await (await fetch(`${url}/backfill?from=${day}&to=${day}`)).text()).toContain(
      'Give the first and the last day.',
    );
  }
  for (const month of ['1970-01', '2199-12']) {
    const response = await fetch(`${url}/charts?month=${month}`);
    expect([month, response.status]).toEqual([month, 200]);
  }
});

test('a port in use, or an address of another machine, is one clear error', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const inUse = start({ port });
  await expect(inUse).rejects.toThrow(ConfigError);
  await expect(inUse).rejects.toThrow(
    `Starting the dashboard on 127.0.0.1:${port}: the port is in use. Stop what uses it, or set PORT to another one.`,
  );
  other.close();
  await expect(start({ host: '192.0.2.1', ...SIGNED_IN })).rejects.toThrow(/does not have that address/);
});

test('what a page loads may be kept for good, and needs no log-in', async () => {
  const url = await start(SIGNED_IN);
  const page = await (await fetch(`${url}/login`)).text();
  const paths = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map((match) => match[1]);
  expect(new Set(paths).size).toBe(3);
  for (const path of new Set(paths)) {
    const asset = await fetch(url + path);
    expect([path, asset.status]).toEqual([path, 200]);
    expect(asset.headers.get('cache-control')).toContain('immutable');
  }
});

test('a page is sent compressed to who can read that, and as it is to others', async () => {
  const url = await start();
  const small = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
  expect(small.headers.get('content-encoding')).toBe('gzip');
  expect(await small.text()).toContain('</html>');
  const plain = await fetch(url, { headers: { 'accept-encoding': 'gzip;q=0, identity' } });
  expect(plain.headers.get('content-encoding')).toBeNull();
  expect(await plain.text()).toContain('</html>');
});

test('closing ends it at once, kept-alive connections included', async () => {
  const url = await start();
  await (await fetch(`${url}/healthz`)).text();
  await open.splice(0)[0]?.close();
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});

const presenceOf = (count: number, hasSchedule: boolean) => async () => ({
  workers: { ticks: count, imgix: count, akamai: count },
  hasSchedule,
});
const NO_WORKER = 'No worker is connected: nothing will be loaded';
const NO_SCHEDULE = 'Nothing is scheduled: no day will be planned by itself';

test.each([
  { case: 'nobody is there', readPresence: presenceOf(0, false), says: [true, true] },
  { case: 'no worker is connected', readPresence: presenceOf(0, true), says: [true, false] },
  { case: 'nothing is scheduled', readPresence: presenceOf(1, false), says: [false, true] },
  { case: 'all are at work', readPresence: presenceOf(2, true), says: [false, false] },
  {
    case: 'the store does not tell',
    readPresence: async () => ({ workers: undefined, hasSchedule: true }),
    says: [false, false],
  },
  {
    case: 'the queue is away',
    readPresence: () => Promise.reject(new TransientError('queue.unavailable', 'away')),
    says: [false, false],
  },
])('the coverage page says who is missing: $case', async ({ readPresence, says }) => {
  const response = await fetch(await start({ readPresence, sources: ['imgix-default'] }));
  expect(response.status).toBe(200);
  const page = await response.text();
  expect([page.includes(NO_WORKER), page.includes(NO_SCHEDULE)]).toEqual(says);
  expect(page.includes('<code>edgeledger worker</code>')).toBe(says[0]);
});

test('a queue that never answers keeps no page, and nobody without a source is told to schedule one', async () => {
  const never = () => new Promise<never>(() => undefined);
  expect((await fetch(await start({ readPresence: never, sources: ['imgix-default'] }))).status).toBe(200);
  const page = await (await fetch(await start({ readPresence: presenceOf(1, false) }))).text();
  expect(page).not.toContain(NO_SCHEDULE);
});
