import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import {
  createTestDatabase,
  findFreePort,
  findRedisServer,
  type RedisServer,
  startRedisServer,
  type TestDatabase,
  until,
} from '@edgeledger/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { API_KEY, createImgixServer, type ImgixServer, SIGNATURE } from './imgix-server.ts';
import { runCli } from './run-cli.ts';

/*
 * Runs that go well and runs that fail in the ways in which secrets get out, then a search for each planted secret in
 * everything that is left: output at the most talkative level, every table, the queue's store, pages, files.
 */

const daysBack = (days: number): string =>
  new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const keyOf = (day: string): string => `cdn_logs_${day.replaceAll('-', '')}`;
const [GOOD, BROKEN, DENIED, ELSEWHERE] = [daysBack(2), daysBack(3), daysBack(4), daysBack(5)];
const NO_LINK = daysBack(6);
const SECRETS = {
  'the imgix key': API_KEY,
  'the signature of a link': SIGNATURE.split('=')[1] ?? '',
  'the password in a link that is none': 'planted0link0word',
  'the webhook': 'xoxb5ecretpath',
  'the dashboard password': 'planted0dashboard0word',
  'the password of a viewer': 'planted0viewer0word',
  'the secret of log-ins': 'planted0session0secret',
  'the token of metrics': 'planted0metrics0token',
  'the password of Redis': 'planted0redis0word',
  'the password of the database': '',
  'the Akamai secret': '',
  'the Akamai client token': '',
  'the Akamai access token': '',
};

let imgix: ImgixServer;
let emulator: Emulator;
let webhook: Server;
let collector: Server;
/** An Akamai that says in its own words what it was sent. */
let repeating: Server;
let repeatingUrl = '';
/** What was sent to the webhook and to the collector of traces. */
let told = '';
let traced = '';
let database: TestDatabase;
let redis: RedisServer | undefined;
let folder: string;
let environment: Record<string, string>;
let output = '';

beforeAll(async () => {
  const signature = SECRETS['the signature of a link'];
  const echo =
    `Could not read https://u:${API_KEY}@files.example/a?${SIGNATURE} with Bearer ${API_KEY}: signature ${signature} does ` +
    `not match GET%0A%2Fa%3FX-Goog-Signature%3D${signature} of key ${API_KEY}, ${btoa(API_KEY)}, ${btoa(`u:${API_KEY}`)}`;
  imgix = await createImgixServer([
    {
      reportKey: keyOf(GOOD),
      day: GOOD,
      files: [`timestamp,url,extra\n${GOOD}T00:00:00Z,/a,1\n`, `timestamp,url\n${GOOD}T00:00:01Z,/b\n`],
    },
    { reportKey: keyOf(BROKEN), day: BROKEN, files: ['timestamp,url\nsoon,/a\n'] },
    {
      reportKey: keyOf(DENIED),
      day: DENIED,
      files: [
        (response) => response.writeHead(403).end(`<Error><Code>No</Code><Message>${echo}</Message></Error>`),
      ],
    },
    {
      reportKey: keyOf(ELSEWHERE),
      day: ELSEWHERE,
      files: [
        (response) => response.writeHead(302, { location: `https://evil.example/x?${SIGNATURE}` }).end(),
      ],
    },
    {
      reportKey: keyOf(NO_LINK),
      day: NO_LINK,
      files: [],
      links: [`https://user:${SECRETS['the password in a link that is none']}@ bad host/x?s=1`],
    },
  ]);
  emulator = await createEmulator({ historyDays: 8, akamai: { requestsPerMinute: 0 } });
  webhook = createServer(async (request, response) => {
    told += JSON.stringify(request.headers) + (await text(request));
    response.writeHead(500).end(SECRETS['the webhook']);
  });
  collector = createServer(async (request, response) => {
    traced += JSON.stringify(request.headers) + (await text(request));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  repeating = createServer((request, response) => {
    const { clientToken, accessToken } = emulator.credentials.akamai;
    const detail = `client token ${clientToken} with access token ${accessToken}, "access_token": "${accessToken}", got ${request.headers.authorization}`;
    response.writeHead(403, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ title: `No: ${clientToken}`, detail }));
  });
  const [port, collectorPort, repeatingPort] = await Promise.all([webhook, collector, repeating].map(listen));
  repeatingUrl = `http://127.0.0.1:${repeatingPort}`;
  database = await createTestDatabase();
  SECRETS['the password of the database'] = decodeURIComponent(new URL(database.connectionString).password);
  folder = await mkdtemp(join(tmpdir(), 'edgeledger-secrets-'));
  const { akamai } = emulator.credentials;
  SECRETS['the Akamai secret'] = akamai.clientSecret;
  SECRETS['the Akamai client token'] = akamai.clientToken;
  SECRETS['the Akamai access token'] = akamai.accessToken;
  const config = join(folder, 'edgeledger.yaml');
  await writeFile(
    config,
    'sources: [{ vendor: imgix, reportTypes: [cdn_logs] }]\n' +
      `archive: { kind: directory }\nalerts: { webhook: $${'{ALERT_WEBHOOK_URL}'} }\nschedule: { reconcileMinutes: 1 }\n`,
  );
  environment = {
    DATABASE_URL: database.connectionString,
    EDGELEDGER_CONFIG: config,
    EDGELEDGER_HOME: join(folder, 'home'),
    BACKFILL_DAYS: '6',
    LOG_LEVEL: 'debug',
    ALERT_WEBHOOK_URL: `http://127.0.0.1:${port}/services/${SECRETS['the webhook']}`,
    DASHBOARD_USER: 'person',
    DASHBOARD_PASSWORD: SECRETS['the dashboard password'],
    DASHBOARD_VIEWER_USER: 'looker',
    DASHBOARD_VIEWER_PASSWORD: SECRETS['the password of a viewer'],
    DASHBOARD_SESSION_SECRET: SECRETS['the secret of log-ins'],
    METRICS_TOKEN: SECRETS['the token of metrics'],
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collectorPort}`,
    AKAMAI_HOST: akamai.host,
    AKAMAI_CLIENT_TOKEN: akamai.clientToken,
    AKAMAI_CLIENT_SECRET: akamai.clientSecret,
    AKAMAI_ACCESS_TOKEN: akamai.accessToken,
    AKAMAI_API_URL: emulator.akamaiUrl,
    ...imgix.environment,
  };
  const binary = await findRedisServer(process.env.PATH ?? '');
  if (binary !== undefined)
    redis = await startRedisServer(binary, { password: SECRETS['the password of Redis'] });
});
afterAll(async () => {
  await imgix.close();
  await emulator.close();
  for (const server of [webhook, collector, repeating]) {
    server.closeAllConnections();
    server.close();
  }
  await redis?.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const cli = async (args: readonly string[], change: Record<string, string> = {}) => {
  const result = await runCli(args, { ...environment, ...change });
  output += result.stdout + result.stderr;
  return result;
};

function expectNone(found: string, where: string): void {
  for (const [what, secret] of Object.entries(SECRETS)) {
    // a server that was not made by these tests may have a password that is a word
    if (what === 'the password of the database' && secret.length <= 10) continue;
    expect(secret.length, what).toBeGreaterThan(10);
    expect(found.includes(secret), `${what} in ${where}`).toBe(false);
    expect(found.includes(Buffer.from(secret).toString('base64')), `${what} in base64 in ${where}`).toBe(
      false,
    );
  }
}

/** Serves with a dashboard until the queue has done what can be done, then asks its pages. */
async function serve(change: Record<string, string>): Promise<string> {
  await database.query(`UPDATE ledger.units SET next_check_at = NULL WHERE state = 'failed'`);
  const [before] = await database.query<{ id: string }>('SELECT max(load_id) AS id FROM ledger.loads');
  const port = await findFreePort();
  const authorization = `Basic ${btoa(`person:${SECRETS['the dashboard password']}`)}`;
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization } });
  let pages = '';
  let isOver = false;
  const running = runCli(
    ['up', '--port', String(port)],
    { ...environment, ...change },
    { signal: 'SIGTERM', when: () => isOver },
  );
  try {
    await until(
      'units are tried again, the dashboard answers and the webhook is told',
      async () => {
        const loads = await database.query('SELECT FROM ledger.loads WHERE load_id > $1', [before?.id]);
        const answers = await ask('/').then(
          (answer) => answer.ok,
          () => false,
        );
        return loads.length >= 2 && answers && told.includes(keyOf(DENIED));
      },
      60_000,
    );
    for (const path of [
      '/',
      '/metrics',
      '/readyz',
      '/queues',
      '/queues/api/queues',
      `/unit/default/imgix.cdn_logs/${keyOf(DENIED)}`,
      `/unit/default/imgix.cdn_logs/${keyOf(ELSEWHERE)}`,
      '/units?state=failed',
      '/actions',
      '/schema',
      '/nothing',
    ]) {
      pages += await ask(path).then((answer) => answer.text());
    }
    for (const queue of ['edgeledger-imgix', 'edgeledger-ticks', 'edgeledger-akamai']) {
      const path = `/queues/api/queues?activeQueue=${queue}&status=failed&page=1&jobsPerPage=50`;
      pages += await ask(path).then((answer) => answer.text());
    }
  } finally {
    isOver = true;
    const { stdout, stderr } = await running;
    output += stdout + stderr;
  }
  return pages;
}

describe('after runs that go well and that fail', () => {
  test('the runs happen, in both forms of the log', async () => {
    expect((await cli(['run'], { LOG_FORMAT: 'json' })).exitCode).toBe(1);
    await cli(['run', '--source', 'imgix'], { LOG_FORMAT: 'pretty' });
    await cli(['run', '--source', 'akamai'], { AKAMAI_CLIENT_SECRET: `${SECRETS['the Akamai secret']}x` });
    await cli(['run', '--source', 'akamai'], { AKAMAI_API_URL: repeatingUrl });
    await cli(['doctor', '--json'], { AKAMAI_API_URL: repeatingUrl });
    await cli(['replay', keyOf(GOOD), '--from-archive']);
    await cli(['doctor']);
    await cli(['alerts', 'test']);
    await cli(['alerts', 'list', '--json']);
    await cli(['rejects', 'list', '--json']);
    await cli(['gaps', '--json']);
    await cli(['status', '--json']);
    await cli(['plan'], {
      IMGIX_FILE_HOSTS: `https://x?${SIGNATURE}`,
      IMGIX_API_KEY: `${API_KEY} with blank`,
    });
    await cli(['status'], {
      DATABASE_URL: `postgres://x:${SECRETS['the dashboard password']}@127.0.0.1:9/x`,
    });
    imgix.api = (_request, response) => {
      response.writeHead(401).end(
        JSON.stringify({
          errors: [
            { title: `Bearer ${API_KEY} is no key`, detail: `https://x/?k=${API_KEY}` },
            { title: `The API key ${API_KEY} is not valid`, detail: `${btoa(API_KEY)}: "${API_KEY}"` },
          ],
        }),
      );
      return true;
    };
    await cli(['run', '--source', 'imgix']);
    await cli(['doctor', '--json']);
    await cli(['alerts', 'list', '--json']);
    imgix.api = () => false;
    expect(output).toContain(keyOf(DENIED));
    expect(output).toContain('evil.example');
    expect(output).toContain('The API key [secret] is not valid');
    expect(output).toContain('client token [secret] with access token [secret]');
    expect(output).toContain('its link is not a URL');
  });

  test('no output has a secret', () => {
    expectNone(output, 'the output');
  });

  test('no table has one, nor the jobs of the Postgres queue, nor a page', async () => {
    const pages = await serve({});
    expect(pages).toContain('cdn_logs');
    expectNone(pages, 'a page');
    const tables = await database.query<{ name: string }>(
      `SELECT format('%I.%I', nspname, relname) AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
       WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg_%'`,
    );
    expect(tables.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['ledger.alerts', 'ledger.units', 'staging.parts']),
    );
    expect(tables.some(({ name }) => name.startsWith('bullmq.'))).toBe(true);
    for (const { name } of tables) {
      const rows = await database.query<{ text: string }>(`SELECT t::text AS text FROM ${name} AS t`);
      expectNone(rows.map(({ text }) => text).join('\n'), name);
    }
    const comments = await database.query<{ description: string }>('SELECT description FROM pg_description');
    expectNone(comments.map(({ description }) => description).join('\n'), 'the comments');
    expectNone(output, 'the output of a server');
  });

  test('no span and no alert has one', () => {
    for (const [what, sent] of Object.entries({ 'the traces': traced, 'the alerts': told })) {
      expect(sent, what).toContain(keyOf(DENIED));
      expectNone(sent, what);
    }
  });

  test('no file of the home folder has one, in its name or inside', async () => {
    const entries = await readdir(join(folder, 'home'), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(1);
    for (const entry of files) {
      expectNone(entry.name + entry.parentPath, 'a file name');
      expectNone(await readFile(join(entry.parentPath, entry.name), 'latin1'), entry.name);
    }
  });

  test('no key of Redis has one', async (context) => {
    if (redis === undefined) return context.skip('there is no redis-server on this machine');
    // everything that is ever said to it, also what it keeps for a moment only
    const { hostname, port } = new URL(redis.url);
    const { password } = new URL(redis.url);
    const monitor = connect(Number(port), hostname, () => monitor.write(`AUTH ${password}\r\nMONITOR\r\n`));
    let said = '';
    monitor.on('data', (chunk) => {
      said += chunk.toString('latin1');
    });
    const pages = await serve({ REDIS_URL: redis.url });
    monitor.destroy();
    expectNone(pages, 'a page on Redis');
    expect(said).toContain('cdn_logs');
    expectNone(said, 'Redis');
  });

  test('the search finds what is there', () => {
    expect(() => expectNone(`x${API_KEY}`, 'this')).toThrow(/imgix key in this/);
  });
});
