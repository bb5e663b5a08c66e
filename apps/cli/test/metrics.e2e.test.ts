import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createTestDatabase, findFreePort, type TestDatabase, until } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { toEnvironment } from './tables.ts';

let emulator: Emulator;
let database: TestDatabase;
beforeAll(async () => {
  emulator = await createEmulator({ seed: 5, historyDays: 10, volume: { cdnLogRowsPerDay: 50 } });
  database = await createTestDatabase();
});
afterAll(async () => {
  await emulator.close();
  await database.drop();
});

const scrape = async (port: number): Promise<string> =>
  await fetch(`http://127.0.0.1:${port}/metrics`).then(
    (response) => response.text(),
    () => '',
  );
const readValue = (text: string, series: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')
      .at(-1) ?? Number.NaN,
  );

test('scheduler and worker tell what they do and what the ledger knows', async () => {
  const env = { ...toEnvironment(emulator, database), BACKFILL_DAYS: '2', EDGELEDGER_CONFIG: '' };
  const [workerPort, schedulerPort] = [await findFreePort(), await findFreePort()];
  let done = false;
  const stop = { signal: 'SIGTERM', when: () => done } as const;
  const roles = Promise.all([
    runCli(['worker'], { ...env, METRICS_PORT: String(workerPort) }, stop),
    runCli(['scheduler'], { ...env, METRICS_PORT: String(schedulerPort) }, stop),
  ]);
  const cdn = 'account="default",dataset="imgix.cdn_logs"';
  try {
    await until(
      'everything of two days is loaded',
      async () => readValue(await scrape(workerPort), `edgeledger_units{${cdn},state="loaded"}`) === 2,
      60_000,
    );
    const [worker, scheduler] = [await scrape(workerPort), await scrape(schedulerPort)];
    expect(readValue(worker, 'edgeledger_loads_total{dataset="imgix.cdn_logs",outcome="published"}')).toBe(2);
    const inserted = 'edgeledger_loaded_rows_total{dataset="imgix.cdn_logs",change="inserted"}';
    const [rows] = await database.query('SELECT count(*)::integer AS count FROM imgix.cdn_logs');
    expect(readValue(worker, inserted)).toBe(rows?.count);
    const requests = 'edgeledger_vendor_requests_total{vendor="imgix",account="default",status="200"}';
    expect(readValue(worker, requests)).toBeGreaterThan(2);
    expect(worker).toMatch(
      /edgeledger_rate_budget_remaining\{vendor="imgix",account="default",endpoint="all"\} \d/,
    );
    expect(worker).toMatch(/edgeledger_load_duration_seconds_count\{dataset="imgix.cdn_logs"\} 2/);
    for (const text of [worker, scheduler]) {
      expect(readValue(text, `edgeledger_gaps{${cdn}}`)).toBe(0);
      expect(text).toContain('edgeledger_queue_jobs{queue="imgix",state="waiting"}');
      expect(text).not.toMatch(/apiKey|Bearer|https?:\/\//);
    }
    for (const port of [workerPort, schedulerPort])
      await until(
        'the worker is counted',
        async () => readValue(await scrape(port), 'edgeledger_workers{queue="imgix"}') === 1,
      );
    expect((await runCli(['doctor'], env)).stdout).toMatch(/^ok {6}workers: 1 connected$/m);
    expect(scheduler).toContain('role="scheduler"');
    expect((await fetch(`http://127.0.0.1:${schedulerPort}/readyz`)).status).toBe(200);
  } finally {
    done = true;
  }
  expect((await roles).map((role) => role.exitCode)).toEqual([0, 0]);
  const alone = await runCli(['doctor'], env);
  expect(alone.stdout).toMatch(
    /^warning workers: none is connected: nothing will be loaded\. Start one with "edgeledger worker"$/m,
  );
  expect(alone.exitCode).toBe(0);
});
