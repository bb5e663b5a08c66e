import { randomBytes } from 'node:crypto';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createTestDatabase, findFreePort, type TestDatabase, until } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { DATA_TABLES, toEnvironment } from './tables.ts';

/** docs/security.md: the owner migrates, and whoever loads is a member of edgeledger_loader. */
const LOGIN = `app_${randomBytes(5).toString('hex')}`;

let emulator: Emulator;
let database: TestDatabase;
let asLoader: Record<string, string>;

beforeAll(async () => {
  emulator = await createEmulator({
    historyDays: 6,
    imgix: { requestsPerSecond: 0, partMaxRows: 100 },
    akamai: { requestsPerMinute: 0 },
  });
  database = await createTestDatabase({ empty: true });
  const asOwner = { ...toEnvironment(emulator, database), BACKFILL_DAYS: '4' };
  const migrated = await runCli(['migrate', '--json'], asOwner);
  expect(JSON.parse(migrated.stdout)).toMatchObject({ queue: 'migrated', roles: 'assigned' });
  await database.query(`CREATE ROLE ${LOGIN} LOGIN PASSWORD 'for-this-test-only' IN ROLE edgeledger_loader`);
  const url = new URL(database.connectionString);
  url.username = LOGIN;
  url.password = 'for-this-test-only';
  asLoader = { ...asOwner, DATABASE_URL: url.href };
});
afterAll(async () => {
  await emulator.close();
  await database.query(`DROP ROLE ${LOGIN}`);
  await database.drop();
});

test('a loader is sound, loads, lists, replays and prunes', async () => {
  expect((await runCli(['doctor'], asLoader)).exitCode).toBe(0);
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

test('a loader cannot migrate, and is told in one line', async () => {
  await database.query(
    'DELETE FROM ledger.migrations WHERE version = (SELECT max(version) FROM ledger.migrations)',
  );
  const result = await runCli(['migrate'], asLoader);
  expect(result.exitCode).toBe(3);
  expect(result.stderr).toMatch(/permission denied/);
  expect(result.stderr).not.toMatch(/^\s+at /m);
});
