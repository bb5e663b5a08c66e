import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXIT } from '../src/exit-codes.ts';
import { type CliResult, runCli } from './run-cli.ts';
import { toEnvironment } from './tables.ts';

let emulator: Emulator;
let database: TestDatabase;
let environment: Record<string, string>;
let folder: string;

beforeAll(async () => {
  emulator = await createEmulator({
    historyDays: 10,
    imgix: { requestsPerSecond: 0 },
    akamai: { requestsPerMinute: 0 },
  });
  database = await createTestDatabase();
  environment = toEnvironment(emulator, database);
  folder = await mkdtemp(join(tmpdir(), 'edgeledger-'));
});

afterAll(async () => {
  await emulator.close();
  await database.drop();
  await rm(folder, { recursive: true });
});

const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);

function expectClear(result: CliResult, exitCode: number, message: RegExp): void {
  expect(result.stderr).toMatch(message);
  expect(result.exitCode).toBe(exitCode);
  expect(result.stderr).not.toMatch(/^\s+at /m);
}

test.each([
  [['run', '--from', '2026-02-30'], EXIT.usage, /--from: "2026-02-30" is not a day/],
  [['run', '--from', '2026-02-03', '--to', '2026-02-01'], EXIT.usage, /lies after --to/],
  [['plan', '--dataset', 'imgix.nothing'], EXIT.usage, /no dataset "imgix.nothing". Known: imgix.cdn_logs/],
  [
    ['plan', '--source', 'fastly'],
    EXIT.usage,
    /no source "fastly". Configured: imgix-default, akamai-default/,
  ],
  [
    ['prune', '--keep-days', '5'],
    EXIT.usage,
    /--keep-days needs --dataset cdn_logs or --dataset image_analytics/,
  ],
  [['prune', '--keep-days', '0', '--dataset', 'cdn_logs'], EXIT.usage, /whole number of days/],
  [['fly'], EXIT.usage, /unknown command 'fly'/],
  [['demo', '--days', '91'], EXIT.usage, /from 1 to 90/],
  [
    ['import', 'missing.csv', '--dataset', 'cdn_logs', '--report-key', 'cdn_logs_20261120'],
    EXIT.usage,
    /no such file/,
  ],
  [
    ['import', 'missing.csv', '--dataset', 'cdn_logs', '--report-key', 'cdn_logs_today'],
    EXIT.usage,
    /does not end in a day/,
  ],
  [
    ['import', 'missing.csv', '--dataset', 'cdn_logs', '--report-key', 'mild_errors_20261120'],
    EXIT.usage,
    /no key of imgix.cdn_logs/,
  ],
])('%j is refused with exit code %i', async (args, exitCode, message) => {
  expectClear(await runCli(args, environment), exitCode, message);
});

test('without any source the missing variables are named', async () => {
  const result = await runCli(['up'], { DATABASE_URL: database.connectionString });
  expectClear(result, EXIT.configuration, /IMGIX_API_KEY.*AKAMAI_HOST, AKAMAI_CLIENT_TOKEN/);
});

test('an unknown report type is refused with the six that exist', async () => {
  const result = await runCli(['plan'], { ...environment, IMGIX_REPORT_TYPES: 'cdn_logs,logs' });
  expectClear(result, EXIT.configuration, /"logs".*cdn_logs.*source_analytics/);
});

test('a broken edgeledger.yaml is refused with its line', async () => {
  const path = join(folder, 'edgeledger.yaml');
  await writeFile(path, 'sources:\n  - vendor: imgix\n   account: x\n');
  const result = await runCli(['plan'], { ...environment, EDGELEDGER_CONFIG: path });
  expectClear(result, EXIT.configuration, /edgeledger\.yaml:3/);
});

test('a wrong imgix key is one clear line', async () => {
  const result = await runCli(['run', '--source', 'imgix', '--from', twoDaysAgo, '--to', twoDaysAgo], {
    ...environment,
    IMGIX_API_KEY: 'wrong-key-0123456789',
  });
  expectClear(result, EXIT.configuration, /IMGIX_API_KEY/);
  expect(result.stderr).not.toContain('wrong-key-0123456789');
  expect(result.stderr.match(/IMGIX_API_KEY/g)).toHaveLength(1);
});

test('a wrong Akamai secret is one clear line', async () => {
  const result = await runCli(['run', '--source', 'akamai', '--from', twoDaysAgo, '--to', yesterday], {
    ...environment,
    AKAMAI_CLIENT_SECRET: 'd3Jvbmctc2VjcmV0',
  });
  expectClear(result, EXIT.configuration, /AKAMAI_CLIENT_SECRET/);
  expect(result.stderr.match(/AKAMAI_CLIENT_SECRET/g)).toHaveLength(1);
  expect(result.stderr).not.toContain('d3Jvbmctc2VjcmV0');
});

test('an unreachable vendor is named with what to check', async () => {
  const result = await runCli(['run', '--source', 'imgix', '--from', twoDaysAgo, '--to', twoDaysAgo], {
    ...environment,
    IMGIX_API_URL: 'http://127.0.0.1:9',
  });
  expectClear(result, EXIT.failed, /127\.0\.0\.1:9/);
});

test('an unreachable database is named without its password', async () => {
  const result = await runCli(['status'], {
    DATABASE_URL: 'postgres://loader:hunter2@127.0.0.1:9/warehouse',
  });
  expectClear(result, EXIT.failed, /127\.0\.0\.1:9\/warehouse/);
  expect(result.stderr).not.toContain('hunter2');
});

test('a file host that is not allowed is never contacted', async () => {
  emulator.requests.length = 0;
  const result = await runCli(['run', '--source', 'imgix', '--from', twoDaysAgo, '--to', twoDaysAgo], {
    ...environment,
    IMGIX_FILE_HOSTS: 'storage.googleapis.com',
  });
  expectClear(result, EXIT.configuration, /IMGIX_FILE_HOSTS/);
  expect(emulator.requests.filter((request) => request.server === 'files')).toEqual([]);
});

test('a saved file lands with a new column, and a bad one leaves nothing', async () => {
  const good = join(folder, 'good.csv');
  await writeFile(good, 'timestamp,domain,method,url,bytes\n2026-11-20T00:00:01Z,a.example,GET,"/a,b",12\n');
  const args = ['import', good, '--dataset', 'imgix.cdn_logs', '--report-key', 'cdn_logs_20261120', '--json'];
  const imported = await runCli(args, environment);
  expect(imported.exitCode).toBe(0);
  expect(JSON.parse(imported.stdout)).toMatchObject({ rowsInserted: 1, rejects: 0 });
  expect(await database.query('SELECT url, bytes, method FROM imgix.cdn_logs')).toEqual([
    { url: '/a,b', bytes: '12', method: 'GET' },
  ]);

  const bad = join(folder, 'bad.csv');
  await writeFile(bad, 'timestamp,url,bytes\nsoon,/a,12\n2026-11-20T00:00:01Z,/b,many\n');
  const refused = await runCli(
    ['import', bad, '--dataset', 'imgix.cdn_logs', '--report-key', 'cdn_logs_20261120'],
    environment,
  );
  expectClear(refused, EXIT.failed, /2 of 2 records .* were rejected/);
  expect(await database.query('SELECT url FROM imgix.cdn_logs')).toEqual([{ url: '/a,b' }]);
  expect(
    await database.query('SELECT part, line::int, column_name, code FROM ledger.rejects ORDER BY line'),
  ).toEqual([
    { part: 1, line: 2, column_name: 'timestamp', code: 'type-mismatch' },
    { part: 1, line: 3, column_name: 'bytes', code: 'type-mismatch' },
  ]);
});

test('a web page instead of a report adds no column and loads nothing', async () => {
  const page = join(folder, 'page.csv');
  await writeFile(page, '<!doctype html>\n<html><body>Log in</body></html>\n');
  const args = ['import', page, '--dataset', 'imgix.cdn_logs', '--report-key', 'cdn_logs_20261119'];
  expectClear(await runCli(args, environment), EXIT.failed, /not one column of its first record is known/);
  expect(
    await database.query(`SELECT FROM ledger.schema_changes WHERE report_key = 'cdn_logs_20261119'`),
  ).toEqual([]);
});

test('days that the vendor does not list are said to be unknown, not covered', async () => {
  const args = ['run', '--source', 'imgix', '--from', '2026-01-01', '--to', '2026-01-03'];
  const result = await runCli(args, environment);
  expect(result.stdout).toMatch(/Nothing is known of 2026-01-01 to 2026-01-03/);
  expect(result.exitCode).toBe(EXIT.incomplete);
});

test('a run that is stopped in the middle of a file ends without a stack and leaves no half load', async () => {
  const fault = emulator.faults.add({
    server: 'files',
    times: 1_000,
    action: { kind: 'stall', ms: 60_000, afterBytes: 100 },
  });
  const args = ['run', '--source', 'imgix', '--from', twoDaysAgo, '--to', twoDaysAgo];
  const stopped = await runCli(args, environment, {
    signal: 'SIGTERM',
    when: () => emulator.requests.some((request) => request.server === 'files') || fault.applied > 0,
  });
  fault.remove();
  expect(stopped.stderr).not.toMatch(/^\s+at |InvariantError/m);
  expect(stopped.exitCode).toBe(130);
  expect(await database.query(`SELECT FROM ledger.loads WHERE outcome = 'running'`)).toEqual([]);
  expect((await runCli(args, environment)).exitCode).toBe(EXIT.done);
});
