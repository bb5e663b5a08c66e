import { createManualClock, type ManualClock, Secret, silentLogger } from '@edgeledger/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createOperatorSpy, emptyWarehouse } from '../test/empty-warehouse.ts';
import { createDashboard, type Dashboard, type DashboardOptions } from './dashboard.ts';
import { toLocalPath } from './routes/login.ts';

const OPERATOR = { user: 'ed', password: new Secret('p:w é') };
const VIEWER = { user: 'vi', password: new Secret('look only') };

let clock: ManualClock;
let operator: ReturnType<typeof createOperatorSpy>;
const open: Dashboard[] = [];
beforeEach(() => {
  clock = createManualClock(new Date('2026-11-21T10:00:00Z'));
  operator = createOperatorSpy();
});
afterEach(async () => {
  for (const dashboard of open.splice(0)) await dashboard.close();
});

async function start(options: Partial<DashboardOptions> = {}): Promise<string> {
  const dashboard = await createDashboard({
    queues: [],
    warehouse: emptyWarehouse,
    operator,
    findJobs: async () => [],
    ...OPERATOR,
    viewer: VIEWER,
    host: '127.0.0.1',
    port: 0,
    logger: silentLogger,
    version: '0.1.0',
    isReady: async () => ({ ok: true, checks: [] }),
    clock,
    ...options,
  });
  open.push(dashboard);
  return dashboard.url;
}

async function post(url: string, fields: Record<string, string>, cookie = ''): Promise<Response> {
  return await fetch(url, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { cookie },
    redirect: 'manual',
  });
}

async function logIn(url: string, user = 'ed', password = 'p:w é'): Promise<string> {
  const response = await post(`${url}/login`, { user, password });
  expect(response.status).toBe(303);
  return response.headers.get('set-cookie')?.split(';')[0] ?? '';
}

const statusOf = async (url: string, cookie: string): Promise<number> =>
  (await fetch(url, { headers: { cookie } })).status;

async function formTokenOf(url: string, cookie: string): Promise<string> {
  const page = await (await fetch(url, { headers: { cookie } })).text();
  return /name="form_token" value="([^"]+)"/.exec(page)?.[1] ?? '';
}

const UNIT = { account: 'a', dataset: 'imgix.cdn_logs', report_key: 'cdn_logs_20261120' };

test('a browser is led to the log-in and from there to where it wanted to go', async () => {
  const url = await start();
  const away = await fetch(`${url}/units?q=x`, { headers: { accept: 'text/html' }, redirect: 'manual' });
  expect([away.status, away.headers.get('location')]).toEqual([303, '/login?next=%2Funits%3Fq%3Dx']);
  const page = await (await fetch(`${url}/login?next=%2Funits%3Fq%3Dx`)).text();
  expect(page).toContain('name="next" value="/units?q=x"');
  const inside = await post(`${url}/login`, { user: 'ed', password: 'p:w é', next: '/units?q=x' });
  expect(inside.headers.get('location')).toBe('/units?q=x');
  const cookie = inside.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/; HttpOnly; SameSite=Lax; /);
  expect(await statusOf(`${url}/units`, cookie.split(';')[0] ?? '')).toBe(200);
});

test('behind a proxy that ends TLS the cookie is for TLS alone', async () => {
  const url = await start();
  const sent = await fetch(`${url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ user: 'ed', password: 'p:w é' }),
    headers: { 'x-forwarded-proto': 'https' },
    redirect: 'manual',
  });
  expect(sent.headers.get('set-cookie')).toMatch(/; Secure$/);
});

test('nobody is led to another site after the log-in', () => {
  const odd = ['', 'x', '/\n/evil', '/\u2028x', '/ü', '/a b', '/\ud800', '/a\\b'];
  for (const path of ['//evil.example', '/\\evil.example', 'https://evil.example', ...odd]) {
    expect([path, toLocalPath(path)]).toEqual([path, '/']);
  }
  expect(toLocalPath('/unit/a/b/c?x=1#y')).toBe('/unit/a/b/c?x=1#y');
});

test('a path that is no header leads to the front page, and fails nothing', async () => {
  const url = await start();
  const inside = await post(`${url}/login`, { user: 'ed', password: 'p:w é', next: '/\u2028x' });
  expect([inside.status, inside.headers.get('location')]).toEqual([303, '/']);
});

test('a wrong password gives no session and does not say which of the two was wrong', async () => {
  const url = await start();
  for (const [user, password] of [
    ['ed', 'wrong'],
    ['nobody', 'p:w é'],
    ['vi', 'p:w é'],
    ['ed', ''],
  ] as const) {
    const response = await post(`${url}/login`, { user, password });
    expect([response.status, response.headers.get('set-cookie')]).toEqual([401, null]);
    expect(await response.text()).toContain('User or password is wrong.');
  }
});

test('a cookie that was changed, forged or signed with another secret is worth nothing', async () => {
  const url = await start();
  const cookie = await logIn(url);
  const [payload = '', signature = ''] = cookie.replace('edgeledger_session=', '').split('.');
  const forged = Buffer.from(JSON.stringify(['x', 'ed', Date.now() * 2])).toString('base64url');
  for (const value of [
    `${payload}.`,
    `${forged}.${signature}`,
    `${payload}.${signature}x`,
    '.',
    '',
    'a.b.c',
  ]) {
    expect(await statusOf(url, `edgeledger_session=${value}`)).toBe(401);
  }
  expect(await statusOf(await start(), cookie)).toBe(401);
  expect(await statusOf(url, `other=1; ${cookie}; more=2`)).toBe(200);
});

test('copies of the dashboard with one secret know each other’s log-ins, until a password changes', async () => {
  const sessionSecret = new Secret('sixteen characters at least');
  const cookie = await logIn(await start({ sessionSecret }));
  expect(await statusOf(await start({ sessionSecret }), cookie)).toBe(200);
  expect(await statusOf(await start({ sessionSecret, password: new Secret('new') }), cookie)).toBe(401);
});

test('a log-in ends after twelve hours, and at once when its owner logs out', async () => {
  const url = await start();
  const cookie = await logIn(url);
  const other = await logIn(url);
  const token = await formTokenOf(url, cookie);
  expect((await post(`${url}/logout`, {}, cookie)).headers.get('location')).toBe('/');
  expect(await statusOf(url, cookie)).toBe(200);
  const out = await post(`${url}/logout`, { form_token: token }, cookie);
  expect(out.headers.get('set-cookie')).toMatch(/^edgeledger_session=; .*Max-Age=0/);
  expect(await statusOf(url, cookie)).toBe(401);
  clock.advance(12 * 3_600_000 - 1);
  expect(await statusOf(url, other)).toBe(200);
  clock.advance(1);
  expect(await statusOf(url, other)).toBe(401);
});

test('ten failures of an address are the last for five minutes, by form and by header', async () => {
  const url = await start();
  for (let attempt = 0; attempt < 5; attempt += 1) {
    expect((await post(`${url}/login`, { user: `u${attempt}`, password: 'x' })).status).toBe(401);
    const headers = { authorization: `Basic ${btoa(`v${attempt}:x`)}` };
    expect((await fetch(url, { headers })).status).toBe(401);
  }
  const blocked = await post(`${url}/login`, { user: 'ed', password: 'p:w é' });
  expect(blocked.status).toBe(429);
  expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(290);
  expect((await fetch(url, { headers: { authorization: `Basic ${btoa('vi:look only')}` } })).status).toBe(
    429,
  );
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  clock.advance(5 * 60_000);
  expect(await logIn(url)).toContain('edgeledger_session=');
});

test('an action needs an operator, a form of this log-in, and is asked for once with who asked', async () => {
  const url = await start();
  const [cookie, viewer] = [await logIn(url), await logIn(url, 'vi', 'look only')];
  const token = await formTokenOf(url, cookie);
  const path = `${url}/actions/reload`;
  const refused = [
    await post(path, UNIT, cookie),
    await post(path, { ...UNIT, form_token: 'x.y' }, cookie),
    await post(path, { ...UNIT, form_token: await formTokenOf(url, viewer) }, cookie),
    await post(path, { ...UNIT, form_token: await formTokenOf(url, viewer) }, viewer),
  ];
  expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  expect((await post(path, { ...UNIT, form_token: token })).status).toBe(401);
  expect(operator.asked).toEqual([]);
  const done = await post(path, { ...UNIT, form_token: token }, cookie);
  expect([done.status, done.headers.get('location')]).toEqual([
    303,
    '/unit/a/imgix.cdn_logs/cdn_logs_20261120?action=1',
  ]);
  const key = { account: 'a', dataset: 'imgix.cdn_logs', reportKey: 'cdn_logs_20261120' };
  expect(operator.asked).toEqual([['reload', key, 'ed']]);
});

test('another site cannot send a form in the name of who is logged in', async () => {
  const url = await start();
  const cookie = await logIn(url);
  const form_token = await formTokenOf(url, cookie);
  const send = async (headers: Record<string, string>) =>
    (
      await fetch(`${url}/actions/retry`, {
        method: 'POST',
        body: new URLSearchParams({ form_token }),
        headers: { cookie, ...headers },
        redirect: 'manual',
      })
    ).status;
  expect(await send({ origin: 'https://evil.example' })).toBe(403);
  expect(await send({ 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await send({ origin: url })).toBe(303);
});

test('a backfill is handed on with the sources and datasets that are known, within the days that have ended', async () => {
  const url = await start({ sources: ['imgix-a', 'akamai-a'] });
  const cookie = await logIn(url);
  const form_token = await formTokenOf(url, cookie);
  const fields = { form_token, from: '2026-11-01', to: '2026-11-03', datasets: '' };
  await post(`${url}/actions/backfill`, { ...fields, sources: 'imgix-a,other' }, cookie);
  expect(operator.asked).toEqual([
    ['backfill', { sources: ['imgix-a'], from: '2026-11-01', to: '2026-11-03' }, 'ed'],
  ]);
  for (const wrong of [{ to: '2026-11-21' }, { from: '2026-11-04' }, { from: 'x' }, { sources: '' }]) {
    const response = await post(
      `${url}/actions/backfill`,
      { ...fields, sources: 'imgix-a', ...wrong },
      cookie,
    );
    expect([wrong, response.status]).toEqual([wrong, 400]);
  }
  expect(operator.asked).toHaveLength(1);
});

test('a viewer sees no button that works', async () => {
  const url = await start({ sources: ['imgix-a'] });
  const viewer = await logIn(url, 'vi', 'look only');
  const path = '/backfill?from=2026-11-01&to=2026-11-03&source=imgix-a';
  const page = await (await fetch(url + path, { headers: { cookie: viewer } })).text();
  expect(page).toContain('vi, viewer');
  expect(page).toMatch(
    /<button type="button" disabled title="Only an operator may do that">Backfill these days/,
  );
  expect(page).not.toContain('action="/actions/');
});
