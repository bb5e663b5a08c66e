import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createImgixServer, type ImgixServer } from './imgix-server.ts';
import { runCli } from './run-cli.ts';

/** Yesterday's report, with a POP that is no number, which only a wrong mapping would call one. */
const DAY = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
const KEY = `cdn_logs_${DAY.replaceAll('-', '')}`;
const ROWS = [
  'timestamp,url,bytes,POP',
  `${DAY}T00:00:01Z,/a,1,17`,
  `${DAY}T00:00:02Z,"/two\nlines",2,FRA\u001b[2J`,
  `${DAY}T00:00:03Z,/c,3,18`,
  `${DAY}T00:00:04Z,/d,4`,
];

let server: ImgixServer;
let database: TestDatabase;
let folder: string;
let environment: Record<string, string>;

beforeAll(async () => {
  server = await createImgixServer([{ reportKey: KEY, day: DAY, files: [`${ROWS.join('\n')}\n`] }]);
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'edgeledger-rejects-'));
});
afterAll(async () => {
  await server.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function configure(column: string, rejects: string): Promise<void> {
  const path = join(folder, 'edgeledger.yaml');
  const yaml = [
    'sources:',
    '  - vendor: imgix',
    '    reportTypes: [cdn_logs]',
    `    datasets: { cdn_logs: { columns: { pop: ${column} } } }`,
    `rejects: ${rejects}`,
    `archive: { kind: directory, path: ${join(folder, 'archive')} }`,
  ];
  await writeFile(path, yaml.join('\n'));
  environment = { DATABASE_URL: database.connectionString, EDGELEDGER_CONFIG: path, ...server.environment };
}

const days = ['--from', DAY, '--to', DAY];
const states = () => database.query('SELECT state, rows::int, rejects::int FROM ledger.units');
const list = async (...args: string[]) => runCli(['rejects', 'list', ...args], environment);

test('above a threshold nothing is loaded, and each record is listed with part, line, column, reason and raw text', async () => {
  await configure('{ header: POP, type: integer }', '{ maxShare: 0.01, maxCount: 1000 }');
  expect((await runCli(['run', ...days], environment)).exitCode).toBe(1);
  expect(await states()).toEqual([{ state: 'failed', rows: null, rejects: null }]);
  expect(await database.query('SELECT FROM imgix.cdn_logs')).toEqual([]);
  const { stdout, exitCode } = await list('--json');
  expect(exitCode).toBe(0);
  const found = JSON.parse(stdout);
  expect(found.total).toBe(2);
  expect(found.rejects).toMatchObject([
    {
      report_key: KEY,
      part: 1,
      line: '3',
      column_name: 'pop',
      code: 'type-mismatch',
      raw: `${DAY}T00:00:02Z,"/two\nlines",2,FRA\u001b[2J`,
    },
    {
      report_key: KEY,
      part: 1,
      line: '6',
      column_name: null,
      code: 'too-few-fields',
      raw: `${DAY}T00:00:04Z,/d,4`,
    },
  ]);
});

test('the table fits the terminal, and the raw text cannot move its cursor', async () => {
  const { stdout } = await runCli(['rejects'], environment);
  expect(stdout).toContain(KEY);
  expect(stdout).toContain('"/two\\nlines"');
  expect(stdout).not.toContain('\u001b');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(140);
});

test('filters by report, dataset, kind, day and source keep what matches', async () => {
  const total = async (...args: string[]) => JSON.parse((await list(...args, '--json')).stdout).total;
  expect(await total('--code', 'too-few-fields')).toBe(1);
  expect(await total(KEY)).toBe(2);
  expect(await total('cdn_logs_20200101')).toBe(0);
  expect(await total('--dataset', 'cdn_logs')).toBe(2);
  expect(await total('--dataset', 'imgix.mild_errors')).toBe(0);
  expect(await total(...days)).toBe(2);
  expect(await total('--from', '2026-01-01', '--to', '2026-01-02')).toBe(0);
  expect(await total('--source', 'imgix-default')).toBe(2);
  expect(await total('--source', 'imgix-other')).toBe(0);
  expect(await total('--source', 'akamai')).toBe(0);
  expect((await list('--source', 'fastly')).exitCode).toBe(2);
  expect(JSON.parse((await list('--limit', '1', '--json')).stdout).rejects).toHaveLength(1);
});

test('a count threshold holds apart from the share', async () => {
  await configure('{ header: POP, type: integer }', '{ maxShare: 1, maxCount: 1 }');
  const retry = await runCli(['rejects', 'retry'], environment);
  expect(retry.exitCode).toBe(1);
  expect(await states()).toMatchObject([{ state: 'failed' }]);
});

test('the unit heals by a retry after the mapping was corrected, from the archive', async () => {
  await configure('{ header: POP, type: text }', '{ maxShare: 0.5, maxCount: 1 }');
  expect((await runCli(['schema', 'apply'], environment)).exitCode).toBe(0);
  server.requests.length = 0;
  const retry = await runCli(['rejects', 'retry', '--json'], environment);
  expect(JSON.parse(retry.stdout)).toMatchObject({ loaded: 1, rejects: 1, fromArchive: 1 });
  expect(server.requests).toEqual([]);
  expect(await states()).toEqual([{ state: 'loaded', rows: 3, rejects: 1 }]);
  expect(JSON.parse((await list('--json')).stdout).rejects).toMatchObject([
    { line: '6', code: 'too-few-fields' },
  ]);
});

test('what is loaded stays when a retry has too many rejects again', async () => {
  await configure('{ header: POP, type: text }', '{ maxShare: 0, maxCount: 0 }');
  expect((await runCli(['replay', KEY], environment)).exitCode).toBe(1);
  expect(await states()).toEqual([{ state: 'loaded', rows: 3, rejects: 1 }]);
});

test('without rejects there is nothing to retry', async () => {
  await database.query('DELETE FROM ledger.rejects');
  const retry = await runCli(['rejects', 'retry'], environment);
  expect(retry.stdout).toMatch(/nothing to retry/);
});
