import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createDocumentedDatabase, type DocumentedDatabase, findFreePort, until } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { DATA_TABLES, toEnvironment } from './tables.ts';

/* docs/security.md, "Roles": the owner migrates, whoever loads is a member of edgeledger_loader, and what both do not need is closed. */

let emulator: Emulator;
let database: DocumentedDatabase;
let asLoader: Record<string, string>;

beforeAll(async () => {
  emulator = await createEmulator({
    historyDays: 6,
    imgix: { requestsPerSecond: 0, partMaxRows: 100 },
    akamai: { requestsPerMinute: 0 },
  });
  database = await createDocumentedDatabase();
  const asOwner = { ...toEnvironment(emulator, { connectionString: database.ownerUrl }), BACKFILL_DAYS: '4' };
  const migrated = await runCli(['migrate', '--json'], asOwner);
  expect(JSON.parse(migrated.stdout)).toMatchObject({ queue: 'migrated', roles: 'assigned' });
  asLoader = { ...asOwner, DATABASE_URL: database.loaderUrl };
});
afterAll(async () => {
  await emulator.close();
  await database[Symbol.asyncDispose]();
});

test('a loader is sound, loads, lists, replays and prunes', async () => {
  const doctor = await runCli(['doctor'], asLoader);
  expect(doctor.exitCode, doctor.stdout).toBe(0);
  expect(doctor.stdout).toMatch(/^ok {6}login: app_/m);
  const ran = await runCli(['run', '--json'], asLoader);
  expect(JSON.parse(ran.stdout)).toMatchObject({ failed: [], errors: [] });
  for (const table of DATA_TABLES) {
    expect(await database.query(`SELECT FROM ${table} LIMIT 1`), table).toHaveLength(1);
  }
  for (const command of [['status'], ['gaps'], ['rejects'], ['alerts'], ['schema'], ['prune', '--help']]) {
    expect((await runCli(command, asLoader)).exitCode, command.join(' ')).toBeLessThanOrEqual(4);
  }
  const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  expect((await runCli(['replay', '--from', day, '--to', day], asLoader)).exitCode).toBe(0);
});

test('a loader serves with the queue in Postgres: everything that is missing comes back through jobs', async () => {
  await database.query(`DELETE FROM imgix.mild_errors`);
  await database.query(
    `UPDATE ledger.units SET state = 'expected', next_check_at = NULL, settled_at = NULL WHERE dataset = 'imgix.mild_errors'`,
  );
  let isOver = false;
  const port = String(await findFreePort());
  const running = runCli(['up', '--port', port], asLoader, { signal: 'SIGTERM', when: () => isOver });
  try {
    await until(
      'the reports are loaded again',
      async () => (await database.query('SELECT FROM imgix.mild_errors LIMIT 1')).length > 0,
      60_000,
    );
  } finally {
    isOver = true;
  }
  const { stderr, exitCode } = await running;
  expect(stderr).not.toMatch(/permission denied|must be owner/);
  expect(exitCode).toBe(0);
});

test('an owner is told that it should only migrate where somebody else loads', async () => {
  const { stdout, exitCode } = await runCli(['doctor'], { ...asLoader, DATABASE_URL: database.ownerUrl });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^warning login: owner_\w+ owns the warehouse into which .*app_\w+ may load/m);
});

test('a reader asks, and may do no more', async () => {
  const asReader = { ...asLoader, DATABASE_URL: database.readerUrl };
  const asked = await runCli(['sql', 'SELECT current_user AS me', '--csv'], asReader);
  expect(asked).toMatchObject({ exitCode: 0, stdout: 'me\nedgeledger_reader\n' });
  expect((await runCli(['sql', 'SELECT * FROM imgix.cdn_logs LIMIT 1', '--csv'], asReader)).exitCode).toBe(0);
});

test('a loader cannot migrate, and is told in one line', async () => {
  await database.query(
    'DELETE FROM ledger.migrations WHERE version = (SELECT max(version) FROM ledger.migrations)',
  );
  const result = await runCli(['migrate'], asLoader);
  expect(result.exitCode).toBe(3);
  expect(result.stderr).toMatch(/permission denied/);
  expect(result.stderr).not.toMatch(/^\s+at /m);
});
