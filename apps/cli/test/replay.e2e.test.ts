import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { toEnvironment } from './tables.ts';

const DAY = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10);
const KEY = `cdn_logs_${DAY.replaceAll('-', '')}`;
const DAYS = ['--from', DAY, '--to', DAY];

let emulator: Emulator;
let database: TestDatabase;
let environment: Record<string, string>;
let folder: string;

beforeAll(async () => {
  emulator = await createEmulator({
    seed: 13,
    historyDays: 10,
    imgix: { requestsPerSecond: 0, partMaxRows: 150, gzip: 'mixed', headerInEveryPart: false },
  });
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'edgeledger-replay-'));
  await configure('');
});
afterAll(async () => {
  await emulator.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function configure(columns: string): Promise<void> {
  const path = join(folder, 'edgeledger.yaml');
  const yaml = [
    'sources:',
    '  - vendor: imgix',
    '    apiKey: $' + '{IMGIX_API_KEY}',
    ...(columns === '' ? [] : ['    datasets:', `      cdn_logs: { columns: ${columns} }`]),
    `archive: { kind: directory, path: ${join(folder, 'archive')} }`,
  ];
  await writeFile(path, yaml.join('\n'));
  environment = { ...toEnvironment(emulator, database), EDGELEDGER_CONFIG: path };
}

const replay = async (...args: string[]) => {
  emulator.requests.length = 0;
  const result = await runCli(['replay', ...args, '--json'], environment);
  return { ...result, summary: result.exitCode === 2 ? {} : JSON.parse(result.stdout) };
};
const rowVersions = () =>
  database.query('SELECT xmin::text, ctid::text FROM imgix.cdn_logs ORDER BY part, row_no');
const rowCount = async () => (await rowVersions()).length;

test('every part is kept as it came, once, and named in the ledger', async () => {
  const cut = emulator.faults.add({
    server: 'files',
    match: /cdn_logs/,
    nth: 2,
    action: { kind: 'cut', afterBytes: 300 },
  });
  const run = await runCli(['run', '--source', 'imgix', ...DAYS], environment);
  expect(run.exitCode).toBe(0);
  const [load] = await database.query<{ parts: { sha256: string }[] }>(
    'SELECT loads.parts FROM ledger.loads JOIN ledger.units USING (unit_id) WHERE report_key = $1',
    [KEY],
  );
  expect(load?.parts.length).toBeGreaterThan(1);
  const kept = await readdir(join(folder, 'archive', 'default', 'imgix.cdn_logs', KEY));
  expect(kept.sort()).toEqual(load?.parts.map(({ sha256 }) => sha256).sort());
  const files = emulator.requests.filter(({ server }) => server === 'files');
  expect(cut.applied).toBe(1);
  // only the file that was cut is downloaded twice
  expect(files.length - new Set(files.map(({ path }) => path)).size).toBe(1);
  expect(await readdir(join(folder, 'archive', '.incoming'))).toEqual([]);
});

test('a replay from the archive asks the vendor for nothing and writes no row of what is the same', async () => {
  const before = await rowVersions();
  const { exitCode, summary } = await replay(KEY, '--from-archive');
  expect(exitCode).toBe(0);
  expect(summary).toMatchObject({ unchanged: 1, loaded: 0, fromArchive: 1, fromVendor: 0 });
  expect(emulator.requests).toEqual([]);
  expect(await rowVersions()).toEqual(before);
});

test('rows that somebody deleted come back from the archive, by day and dataset', async () => {
  const before = await rowCount();
  await database.query('DELETE FROM imgix.cdn_logs WHERE row_no % 2 = 0');
  const { summary } = await replay(...DAYS, '--dataset', 'cdn_logs', 'mild_errors');
  expect(summary).toMatchObject({ fromArchive: 2, loaded: 1, unchanged: 1 });
  expect(emulator.requests).toEqual([]);
  expect(await rowCount()).toBe(before);
});

test('another column mapping holds for what is replayed', async () => {
  await configure('{ agent: { header: user_agent } }');
  const { summary } = await replay(KEY);
  expect(summary).toMatchObject({ loaded: 1, fromArchive: 1 });
  await configure('');
});

test('the vendor is asked when it is told so, and when a file is gone from the archive', async () => {
  expect((await replay(KEY, '--from-vendor')).summary).toMatchObject({ fromVendor: 1 });
  expect(emulator.requests.filter(({ server }) => server === 'files').length).toBeGreaterThan(1);
  const place = join(folder, 'archive', 'default', 'imgix.cdn_logs', KEY);
  const [first = ''] = await readdir(place);
  await rm(join(place, first));
  const refused = await replay(KEY, '--from-archive');
  expect(refused.exitCode).toBe(1);
  expect(refused.summary).toMatchObject({ failed: [{ code: 'archive.missing' }] });
  expect(emulator.requests).toEqual([]);
  expect((await replay(KEY)).summary).toMatchObject({ fromVendor: 1, unchanged: 1 });
  expect(await readdir(place)).toContain(first);
});

test('a much smaller revision stays held in a replay of the archive, and is replaced when confirmed', async () => {
  const before = await rowCount();
  emulator.revise({ reportKey: KEY, keepRows: 3 });
  const run = await runCli(['run', '--source', 'imgix', ...DAYS, '--json'], environment);
  expect(JSON.parse(run.stdout)).toMatchObject({ held: [{ reportKey: KEY }] });
  await database.query(
    `UPDATE ledger.units SET held_at = held_at - interval '1 hour' WHERE report_key = $1`,
    [KEY],
  );
  expect(await replay(KEY)).toMatchObject({ exitCode: 4, summary: { held: [{ reportKey: KEY }] } });
  expect(await rowCount()).toBe(before);
  expect(await replay(KEY, '--confirm')).toMatchObject({
    exitCode: 0,
    summary: { loaded: 1, fromArchive: 1 },
  });
  expect(await rowCount()).toBe(3);
});

test.each([
  [[], /Nothing to replay was named/],
  [['cdn_logs_19990101'], /does not know cdn_logs_19990101/],
  [[KEY, '--from-archive', '--from-vendor'], /cannot be used with/],
])('replay %j is a usage error', async (args, message) => {
  const result = await runCli(['replay', ...args], environment);
  expect(result.exitCode).toBe(2);
  expect(result.stderr).toMatch(message);
});
