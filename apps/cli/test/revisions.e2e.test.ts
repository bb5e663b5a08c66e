import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { toEnvironment } from './tables.ts';

const DAY = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10);
const KEY = `cdn_logs_${DAY.replaceAll('-', '')}`;
const RUN = ['run', '--source', 'imgix', '--dataset', 'cdn_logs', '--from', DAY, '--to', DAY, '--json'];

let emulator: Emulator;
let database: TestDatabase;
let environment: Record<string, string>;

beforeAll(async () => {
  emulator = await createEmulator({ seed: 11, historyDays: 10, imgix: { requestsPerSecond: 0 } });
  database = await createTestDatabase();
  environment = toEnvironment(emulator, database);
});
afterAll(async () => {
  await emulator.close();
  await database.drop();
});

const run = async () => JSON.parse((await runCli(RUN, environment)).stdout);
const countRows = async () =>
  (await database.query('SELECT count(*)::int AS n FROM imgix.cdn_logs WHERE report_key = $1', [KEY]))[0]?.n;

test('a report that comes back empty is held, shown, and replaced at the second look', async () => {
  await run();
  const before = await countRows();
  expect(before).toBeGreaterThan(200);
  emulator.revise({ reportKey: KEY, keepRows: 0 });

  const first = await runCli(RUN, environment);
  expect(first.exitCode).toBe(4);
  expect(JSON.parse(first.stdout)).toMatchObject({ loaded: 0, held: [{ reportKey: KEY }], failed: [] });
  expect(await countRows()).toBe(before);
  const status = await runCli(['status'], environment);
  expect(status.stdout).toMatch(new RegExp(`${KEY}: shrunk: .* with 0 rows; ${before} are visible`));
  expect(status.stdout).toMatch(
    new RegExp(`revision +${KEY}: issued again, 0 rows instead of ${before} .held.`),
  );

  // within the same minute it is not even downloaded again
  emulator.requests.length = 0;
  expect(await run()).toMatchObject({ loaded: 0, waiting: [{ reportKey: KEY }] });
  expect(emulator.requests.filter(({ server }) => server === 'files')).toEqual([]);

  await database.query(
    `UPDATE ledger.units SET held_at = held_at - interval '1 hour', next_check_at = now() WHERE report_key = $1`,
    [KEY],
  );
  const second = await runCli(RUN, environment);
  expect(JSON.parse(second.stdout)).toMatchObject({ loaded: 1, held: [] });
  expect(second.exitCode).toBe(0);
  expect(await countRows()).toBe(0);
  expect(await database.query('SELECT kind FROM ledger.findings WHERE resolved_at IS NULL')).toEqual([]);
});

test('a report that is not there long after it was due is late, once, with until when it is asked for', async () => {
  await using tardy = await createEmulator({
    seed: 12,
    historyDays: 10,
    imgix: { requestsPerSecond: 0, publishHour: 24 * 30, reportTypes: ['mild_errors'] },
  });
  const tardyEnvironment = toEnvironment(tardy, database);
  const args = ['run', '--source', 'imgix', '--dataset', 'mild_errors', '--from', DAY, '--to', DAY, '--json'];
  const first = await runCli(args, tardyEnvironment);
  expect(first.exitCode).toBe(4);
  expect(JSON.parse(first.stdout)).toMatchObject({
    waiting: [{ reason: 'imgix is still making the report.' }],
  });
  await runCli(args, tardyEnvironment);
  const late = await database.query<{ message: string }>(
    `SELECT message FROM ledger.findings WHERE kind = 'late' AND resolved_at IS NULL`,
  );
  expect(late).toHaveLength(1);
  expect(late[0]?.message).toMatch(/Due since .* 04:00 UTC and not there: .* until .* 00:00 UTC/);

  // the vendor finishes it at last
  const arrived = await runCli(args, environment);
  expect(JSON.parse(arrived.stdout)).toMatchObject({ loaded: 1 });
  expect(
    await database.query(`SELECT FROM ledger.findings WHERE kind = 'late' AND resolved_at IS NULL`),
  ).toEqual([]);
});

test('a type that the vendor suddenly lists no more is missing, not forgotten', async () => {
  await using silent = await createEmulator({
    seed: 12,
    historyDays: 10,
    imgix: { requestsPerSecond: 0, reportTypes: ['cdn_logs'] },
  });
  const range = ['--from', DAY, '--to', new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)];
  const run = await runCli(
    ['run', '--source', 'imgix', '--dataset', 'mild_errors', ...range, '--json'],
    toEnvironment(silent, database),
  );
  expect(run.exitCode).toBe(4);
  const waiting = JSON.parse(run.stdout).waiting as { reportKey: string; reason: string }[];
  expect(waiting.map(({ reason }) => reason)).toEqual(Array(2).fill('imgix does not list the report yet.'));
});
