import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createImgixServer, type ImgixServer } from './imgix-server.ts';
import { runCli } from './run-cli.ts';

const DAY = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
const KEY = `cdn_logs_${DAY.replaceAll('-', '')}`;
const SECRET_PATH = '/services/T0/B0/xoxb5ecret';

let imgix: ImgixServer;
let webhook: Server;
let received: { text: string }[];
let status = 200;
let database: TestDatabase;
let folder: string;
let environment: Record<string, string>;

beforeAll(async () => {
  imgix = await createImgixServer([{ reportKey: KEY, day: DAY, files: ['timestamp,url\nsoon,/a\n'] }]);
  received = [];
  webhook = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (status === 200) received.push(JSON.parse(body));
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'edgeledger-alerts-'));
  const path = join(folder, 'edgeledger.yaml');
  await writeFile(
    path,
    'sources: [{ vendor: imgix, reportTypes: [cdn_logs] }]\nalerts: { webhook: $' +
      '{ALERT_WEBHOOK_URL}, format: slack }\n',
  );
  const address = webhook.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await writeFile(join(folder, 'webhook'), `http://127.0.0.1:${port}${SECRET_PATH}\n`);
  environment = {
    DATABASE_URL: database.connectionString,
    EDGELEDGER_CONFIG: path,
    ALERT_WEBHOOK_URL_FILE: join(folder, 'webhook'),
    LOG_LEVEL: 'debug',
    ...imgix.environment,
  };
});
afterAll(async () => {
  await imgix.close();
  webhook.closeAllConnections();
  webhook.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const days = ['--from', DAY, '--to', DAY];
const cli = async (...args: string[]) => {
  const result = await runCli(args, environment);
  expect(result.stdout + result.stderr).not.toContain('xoxb5ecret');
  return result;
};

test('a test message is sent on demand, and doctor sends nothing', async () => {
  const sent = await cli('alerts', 'test');
  expect(sent.stdout).toMatch(/A test message was sent and accepted/);
  expect(received.splice(0)).toMatchObject([{ text: expect.stringMatching(/This is a test/) }]);
  const doctor = await cli('doctor');
  expect(doctor.stdout).toMatch(/^ok {6}alerts: slack to 127\.0\.0\.1; send one with/m);
  expect(received).toEqual([]);
});

test('a run tells what failed once, lists it, and tells its recovery', async () => {
  expect((await cli('run', ...days)).exitCode).toBe(1);
  await cli('run', ...days);
  expect(received.splice(0)).toMatchObject([
    { text: expect.stringContaining(`Too many rejects: ${KEY} of imgix.cdn_logs`) },
  ]);
  expect((await cli('alerts')).stdout).toMatch(new RegExp(`^rejects .*${KEY}`, 'm'));
  imgix.reports = [{ reportKey: KEY, day: DAY, files: [`timestamp,url\n${DAY}T00:00:00Z,/a\n`] }];
  expect((await cli('replay', KEY)).exitCode).toBe(0);
  await cli('run', ...days);
  expect(received.splice(0)).toMatchObject([
    { text: expect.stringContaining(`No longer too many rejects: ${KEY}`) },
  ]);
  expect((await cli('alerts', 'list', '--json')).stdout.trim()).toBe('[]');
});

test('a key that is no longer accepted is told though no report can be named', async () => {
  imgix.api = (_request, response) => {
    response.writeHead(401).end();
    return true;
  };
  await cli('run', ...days);
  imgix.api = () => false;
  expect(received.splice(0)).toMatchObject([
    { text: expect.stringContaining('Failed: the source imgix (default)') },
  ]);
  await cli('run', ...days);
  expect(received.splice(0)).toMatchObject([
    { text: expect.stringContaining('No longer failed: the source imgix') },
  ]);
});

test('a receiver that is down fails no run, and doctor warns', async () => {
  status = 503;
  imgix.reports = [{ reportKey: KEY, day: DAY, files: ['timestamp,url\nsoon,/a\n'] }];
  await cli('replay', KEY);
  expect((await cli('run', ...days)).exitCode).toBe(0);
  expect((await cli('doctor')).stdout).toMatch(/^warning alerts: .*it answered 503/m);
  expect((await cli('alerts', 'test')).exitCode).toBe(1);
});

test('without a webhook a test has nothing to send to', async () => {
  const result = await runCli(['alerts', 'test'], { DATABASE_URL: database.connectionString });
  expect(result.exitCode).toBe(3);
  expect(result.stderr).toMatch(/No alert webhook is configured/);
});
