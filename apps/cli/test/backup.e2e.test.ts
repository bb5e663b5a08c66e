import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator } from '@edgeledger/emulator';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { DATA_TABLES, toEnvironment } from './tables.ts';

/* The commands of docs/backup.md. */

const SERVER_VERSION = await readServerVersion();
const DUMP_VERSION = findDumpVersion();
const OBSTACLE =
  DUMP_VERSION === undefined
    ? 'no pg_dump on PATH; install it with "apt-get install postgresql-client"'
    : `pg_dump ${DUMP_VERSION} refuses a server of version ${SERVER_VERSION}; TEST_POSTGRES_URL names another server`;
const CAN_DUMP = DUMP_VERSION !== undefined && DUMP_VERSION >= SERVER_VERSION;
if (!CAN_DUMP) console.warn(`backup: SKIPPED: ${OBSTACLE}`);

test.skipIf(!CAN_DUMP)(
  'a dump from the middle of a backfill, restored, is made whole by run (needs a pg_dump as new as the server)',
  async () => {
    const emulator = await createEmulator({ historyDays: 20, imgix: { requestsPerSecond: 0 } });
    const original = await createTestDatabase();
    const restored = await createTestDatabase({ empty: true });
    const folder = mkdtempSync(join(tmpdir(), 'edgeledger-backup-'));
    onTestFinished(async () => {
      rmSync(folder, { recursive: true });
      await emulator.close();
      await original.drop();
      await restored.drop();
    });
    const run = async (database: TestDatabase, ...args: string[]) => {
      const { exitCode, stderr } = await runCli(args, toEnvironment(emulator, database));
      expect(exitCode, stderr).toBe(0);
    };
    const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
    await run(original, 'run', '--from', day(6), '--to', day(4));
    const file = join(folder, 'warehouse.dump');
    tool('pg_dump', '--format=custom', `--file=${file}`, `--dbname=${original.connectionString}`);
    // what came after the dump is lost with the original
    await run(original, 'run', '--from', day(6), '--to', day(2));

    tool('pg_restore', '--no-owner', '--exit-on-error', `--dbname=${restored.connectionString}`, file);
    await run(restored, 'migrate');
    await run(restored, 'run', '--from', day(6), '--to', day(2));
    expect(await readContent(restored)).toEqual(await readContent(original));
    const [roles] = await restored.query(
      `SELECT has_table_privilege('edgeledger_reader', 'ledger.coverage', 'SELECT') AS reads`,
    );
    expect(roles).toEqual({ reads: true });
  },
);

/** Every data row without what differs from one loading to the next. */
async function readContent(database: TestDatabase): Promise<Record<string, string[]>> {
  const content: Record<string, string[]> = {};
  for (const table of DATA_TABLES) {
    const rows = await database.query<{ row: string }>(
      `SELECT (to_jsonb(t) - 'load_id')::text AS row FROM ${table} AS t ORDER BY 1`,
    );
    expect(rows.length, table).toBeGreaterThan(0);
    content[table] = rows.map(({ row }) => row);
  }
  return content;
}

function tool(name: string, ...args: string[]): void {
  execFileSync(name, args, { stdio: 'pipe' });
}

function findDumpVersion(): number | undefined {
  try {
    return Number(/\d+/.exec(execFileSync('pg_dump', ['--version'], { encoding: 'utf8' }))?.[0]);
  } catch {
    return undefined;
  }
}

async function readServerVersion(): Promise<number> {
  const database = await createTestDatabase({ empty: true });
  const [row] = await database.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS version`,
  );
  await database.drop();
  return row?.version ?? 0;
}
