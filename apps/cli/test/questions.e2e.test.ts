import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { createWarehouse, type Warehouse } from '@edgeledger/warehouse';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Io, runProgram } from '../src/index.ts';
import { createStatusLine } from '../src/status-line.ts';
import { renderTable } from '../src/text-table.ts';
import { toEnvironment } from './tables.ts';

/* docs/questions.md: every query runs, and the results on the page are what it gives. UPDATE_DOCS=1 writes them. */

const PAGE = join(import.meta.dirname, '..', '..', '..', 'docs', 'questions.md');
/** The data is generated from a seed and the day, so a fixed day gives fixed results. */
const NOW = new Date('2026-11-21T10:00:00Z');
const BLOCK = /```sql\n(.*?)\n```\n\n```text\n(.*?)```/gs;

let emulator: Emulator;
let database: TestDatabase;
let warehouse: Warehouse;

beforeAll(async () => {
  emulator = await createEmulator({
    seed: 1,
    now: () => NOW,
    historyDays: 80,
    imgix: { requestsPerSecond: 0 },
  });
  database = await createTestDatabase();
  const env = { ...toEnvironment(emulator, database), EDGELEDGER_CONFIG: '', LOG_LEVEL: 'error' };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const io: Io = {
    stdout: { write: () => undefined },
    status: createStatusLine({ write: () => undefined }),
    clock: { now: () => NOW },
    signal: new AbortController().signal,
    pause: async () => undefined,
  };
  expect(await runProgram(['run', '--from', '2026-10-22', '--to', '2026-11-20'], io)).toBe(0);
  vi.unstubAllEnvs();
  warehouse = await createWarehouse({ connectionString: database.connectionString });
}, 180_000);
afterAll(async () => {
  await warehouse.close();
  await emulator.close();
  await database.drop();
});

async function answer(sql: string): Promise<string> {
  const { columns, rows } = await warehouse.questions.ask(sql);
  return rows.length === 0 ? '(no rows)\n' : `${renderTable(columns, rows, 118)}\n`;
}

test('every question on the page has the answer that the page shows', async () => {
  const page = readFileSync(PAGE, 'utf8');
  const blocks = [...page.matchAll(BLOCK)];
  expect(blocks.length).toBeGreaterThanOrEqual(20);
  expect(page.match(/```sql/g)).toHaveLength(blocks.length);
  let fresh = page;
  for (const [block, sql = ''] of blocks) {
    const result = await answer(sql);
    fresh = fresh.replace(block, () => `\`\`\`sql\n${sql}\n\`\`\`\n\n\`\`\`text\n${result}\`\`\``);
  }
  if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, fresh);
  else expect(page, 'docs/questions.md is stale: run "pnpm docs:questions"').toBe(fresh);
});
