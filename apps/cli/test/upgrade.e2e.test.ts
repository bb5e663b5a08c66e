import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createTestDatabase, findFreePort, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { toEnvironment } from './tables.ts';

/* A version on a database that is not of this version: every command that works with it refuses, and says what to do. */

const COMMANDS = [
  ...['scheduler', 'worker', 'dashboard', 'up', 'run', 'plan', 'backfill', 'status', 'gaps'].map((name) => [
    name,
  ]),
  ['replay', 'cdn_logs_20261120'],
];
let emulator: Emulator;
let older: TestDatabase;
let newer: TestDatabase;

beforeAll(async () => {
  emulator = await createEmulator({ historyDays: 2 });
  older = await createTestDatabase();
  await older.query(
    'DELETE FROM ledger.migrations WHERE version = (SELECT max(version) FROM ledger.migrations)',
  );
  newer = await createTestDatabase();
  await newer.query(
    `INSERT INTO ledger.migrations (version, name, checksum) VALUES (9999, '9999_of_tomorrow', 'x')`,
  );
});
afterAll(async () => {
  await emulator.close();
  await older.drop();
  await newer.drop();
});

async function run(args: readonly string[], database: TestDatabase) {
  return runCli(args, { ...toEnvironment(emulator, database), PORT: String(await findFreePort()) });
}

test.each(COMMANDS)(
  '%s refuses a database with a pending migration and names the command',
  async (...args) => {
    const { exitCode, stderr } = await run(args, older);
    expect(stderr).toMatch(/lacks 1 of \d+ migrations \(first: \d{4}_\w+\)\. Run `edgeledger migrate`\./);
    expect(exitCode).toBe(3);
    expect(emulator.requests.filter((one) => one.server === 'files')).toEqual([]);
  },
);

test.each([...COMMANDS, ['migrate']])('%s refuses a database that a newer version made', async (...args) => {
  const { exitCode, stderr } = await run(args, newer);
  expect(stderr).toMatch(/has migration 9999_of_tomorrow, which this version of edgeledger does not know/);
  expect(exitCode).toBe(5);
});

test('doctor says the same as one of its lines', async () => {
  const { exitCode, stdout } = await run(['doctor'], older);
  expect(stdout).toMatch(/^failed {2}migrations: .*run "edgeledger migrate"/m);
  expect(exitCode).toBe(3);
});
