import { request } from 'node:http';
import { createTestDatabase, findFreePort, type TestDatabase, until } from '@edgeledger/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliResult, runCli } from './run-cli.ts';

/** What someone tries who has no password; whatever the pages look like, none of this may come out. */
const PLANTED = 'planted_report_of_a_customer_20261120';
const PASSWORD = 'correct horse battery staple';

let database: TestDatabase;
let isOver = false;
const running: Promise<CliResult>[] = [];
let guarded: number;
let open: number;

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** Sends the path and the headers as they are: `fetch` would tidy them up. */
function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body = '',
): Promise<Answer> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }),
      );
    });
    // a server may well hang up on what it does not want to read
    sent.on('error', () => resolve({ status: 400, body: '', headers: {} }));
    sent.end(body);
  });
}

async function serve(change: Record<string, string>): Promise<number> {
  const port = await findFreePort();
  const environment = { DATABASE_URL: database.connectionString, ...change };
  running.push(
    runCli(['dashboard', '--port', String(port)], environment, { signal: 'SIGTERM', when: () => isOver }),
  );
  await until('the dashboard answers', async () => (await ask(port, '/healthz')).status === 200, 30_000);
  return port;
}

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(
    `INSERT INTO ledger.units (account, dataset, report_key, period_start, period_end, state)
     VALUES ('default', 'imgix.cdn_logs', $1, now() - interval '2 days', now() - interval '1 day', 'failed')`,
    [PLANTED],
  );
  guarded = await serve({ DASHBOARD_USER: 'person', DASHBOARD_PASSWORD: PASSWORD });
  open = await serve({});
});
afterAll(async () => {
  isOver = true;
  await Promise.all(running);
  await database.drop();
});

const isRefused = ({ status, body }: Answer): void => {
  expect(body).not.toContain(PLANTED);
  expect(body).not.toMatch(/edgeledger-(imgix|akamai|ticks)/);
  expect(status).toBeLessThan(500);
};

describe('without the password', () => {
  test.each([
    '/',
    '/?x=1',
    '//',
    '/index.html',
    '/queues',
    '/queues/',
    '//queues',
    '/QUEUES',
    '/%71ueues',
    '/queues%2f',
    '/queues/../queues',
    '/healthz/../queues/api/queues',
    '/healthz/..%2fqueues/api/queues',
    '/healthz;/queues',
    '/healthz?/queues',
    '/./',
    '/queues/api/queues',
    '/queues/api/queues?activeQueue=edgeledger-imgix&status=failed',
    '/queues/static/../../api/queues',
    `/units/default/imgix.cdn_logs/${PLANTED}`,
    '/..%2f..%2f..%2fetc%2fpasswd',
    '/%00',
    `/${'a'.repeat(8000)}`,
  ])('%s gives nothing away', async (path) => {
    isRefused(await ask(guarded, path));
    isRefused(await ask(guarded, path, {}, 'HEAD'));
    isRefused(
      await ask(guarded, path, {
        'x-forwarded-for': '127.0.0.1',
        'x-real-ip': '127.0.0.1',
        host: 'localhost',
      }),
    );
    isRefused(await ask(guarded, path, { 'x-original-url': '/healthz', 'x-rewrite-url': '/healthz' }));
  });

  test.each([
    ['an empty header', ''],
    ['no password', `Basic ${Buffer.from('person:').toString('base64')}`],
    ['a wrong password', `Basic ${Buffer.from('person:wrong').toString('base64')}`],
    ['the beginning of it', `Basic ${Buffer.from(`person:${PASSWORD.slice(0, -1)}`).toString('base64')}`],
    ['a NUL behind it', `Basic ${Buffer.from(`person:${PASSWORD}\0`).toString('base64')}`],
    ['another user', `Basic ${Buffer.from(`Person:${PASSWORD}`).toString('base64')}`],
    ['no user', `Basic ${Buffer.from(`:${PASSWORD}`).toString('base64')}`],
    ['no base64', 'Basic ****'],
    ['another scheme', `Bearer ${PASSWORD}`],
    ['a header without an end', `Basic ${'A'.repeat(12_000)}`],
  ])('%s does not open it', async (_what, authorization) => {
    isRefused(await ask(guarded, '/queues/api/queues', { authorization }));
    isRefused(
      await ask(guarded, '/', { authorization, cookie: 'session=1; edgeledger=1; __Host-session=1' }),
    );
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('%s changes nothing', async (method) => {
    for (const path of [
      '/queues/api/queues/edgeledger-imgix/pause',
      '/queues/api/queues/edgeledger-imgix/obliterate',
      '/',
    ]) {
      const answer = await ask(
        guarded,
        path,
        { 'content-type': 'application/json', origin: 'http://127.0.0.1' },
        method,
        '{}',
      );
      isRefused(answer);
      expect(answer.status).toBeGreaterThanOrEqual(300);
    }
  });

  test('an answer names neither the program that serves it nor the password', async () => {
    const { headers, body } = await ask(guarded, '/');
    expect(JSON.stringify(headers) + body).not.toMatch(new RegExp(`${PASSWORD}|fastify|express`, 'i'));
  });
});

describe('without a password at all', () => {
  test('another address than loopback is refused before anything listens', async () => {
    const port = String(await findFreePort());
    const refused = await runCli(['dashboard', '--host', '0.0.0.0', '--port', port], {
      DATABASE_URL: database.connectionString,
    });
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toMatch(/DASHBOARD_PASSWORD/);
  });

  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    '[::2]',
    '0',
  ])('a page of %j that resolves to this machine is refused', async (host) => {
    isRefused(await ask(open, '/', { host }));
    isRefused(await ask(open, '/queues/api/queues', { host }));
  });

  test.each(['http://evil.example', 'null', 'http://127.0.0.1.evil.example'])(
    'a form of %s changes nothing',
    async (origin) => {
      const answer = await ask(
        open,
        '/queues/api/queues/edgeledger-imgix/pause',
        { origin, 'sec-fetch-site': 'cross-site' },
        'PUT',
      );
      expect(answer.status).toBe(403);
    },
  );
});
