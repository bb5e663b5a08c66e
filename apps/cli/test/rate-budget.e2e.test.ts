import { Secret, silentLogger, toUtcDay } from '@edgeledger/core';
import { createEmulator, type Emulator, type EmulatorOptions } from '@edgeledger/emulator';
import { createSources } from '@edgeledger/sources';
import { createTestDatabase } from '@edgeledger/testkit';
import { createWarehouse, type Warehouse } from '@edgeledger/warehouse';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { toEnvironment } from './tables.ts';

const LIMIT = { requests: 5, perMs: 1000 };
const DAY_MS = 86_400_000;

async function openEmulator(options: EmulatorOptions): Promise<Emulator> {
  const emulator = await createEmulator({ historyDays: 20, ...options });
  onTestFinished(() => emulator.close());
  return emulator;
}

/** Each with pools of its own, as separate processes have them. */
async function openWorkers(count: number) {
  const database = await createTestDatabase();
  const workers = await Promise.all(
    Array.from({ length: count }, () => createWarehouse({ connectionString: database.connectionString })),
  );
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    await database.drop();
  });
  return workers;
}

function openAkamai(emulator: Emulator, warehouse: Pick<Warehouse, 'rateBudget'> | undefined) {
  const { akamai } = emulator.credentials;
  const sources = createSources(
    [
      {
        vendor: 'akamai',
        account: 'default',
        clientToken: new Secret(akamai.clientToken),
        clientSecret: new Secret(akamai.clientSecret),
        accessToken: new Secret(akamai.accessToken),
        apiUrl: new URL(emulator.akamaiUrl),
        streams: [{ name: 'default', dataset: 'endpoint_usage_by_time', objectIds: 'all' }],
      },
    ],
    {
      clock: { now: () => new Date() },
      logger: silentLogger,
      rateBudget: () => warehouse?.rateBudget,
      maxInlineWaitMs: 30_000,
      http: { rateLimit: LIMIT },
    },
  );
  onTestFinished(async () => {
    await Promise.all(sources.map((source) => source.close()));
  });
  const [source] = sources;
  if (source === undefined) throw new Error('no source');
  return source;
}

/** Reads the same day `times` times, one after the other. */
async function read(source: ReturnType<typeof openAkamai>, times: number): Promise<void> {
  const now = new Date();
  const context = { now, signal: new AbortController().signal, logger: silentLogger };
  const day = toUtcDay(new Date(now.getTime() - 3 * DAY_MS));
  const [unit] = await source.discover({ from: day, to: day }, context);
  if (unit === undefined) throw new Error('no unit');
  const ready = await source.check(unit, context);
  const part = ready.kind === 'ready' ? ready.parts[0] : undefined;
  if (part === undefined) throw new Error('not ready');
  for (let count = 0; count < times; count += 1) {
    const opened = await source.open(unit, part, context);
    for await (const _ of opened.bytes);
  }
}

/** The most requests of one path that the vendor saw in any window. */
function findPeak(emulator: Emulator, windowMs: number, path: RegExp): number {
  const times = emulator.requests.filter((one) => path.test(one.path)).map((one) => one.at.getTime());
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + windowMs).length));
}

const AKAMAI = { requestsPerMinute: LIMIT.requests, rateWindowMs: LIMIT.perMs };

test('workers that share a warehouse stay below the limit of the account together', async () => {
  const emulator = await openEmulator({ akamai: AKAMAI });
  const workers = await openWorkers(4);
  await Promise.all(workers.map((worker) => read(openAkamai(emulator, worker), 5)));
  const refused = emulator.requests.filter((one) => one.status === 429);
  expect(refused).toEqual([]);
  const peak = findPeak(emulator, LIMIT.perMs, /report-data/);
  expect(peak).toBeLessThanOrEqual(LIMIT.requests);
});

test('workers that each count for themselves go above it', async () => {
  const emulator = await openEmulator({ akamai: AKAMAI });
  await Promise.all(Array.from({ length: 4 }, () => read(openAkamai(emulator, undefined), 5)));
  expect(emulator.requests.some((one) => one.status === 429)).toBe(true);
});

test('a 429 that one worker sees holds all of them back, and backfills leave live work its places', async () => {
  const [one, other] = await openWorkers(2);
  if (one === undefined || other === undefined) throw new Error('no workers');
  const paused = { key: 'akamai/default/paused', ...LIMIT };
  await one.rateBudget.pause(paused, 600_000);
  await expect(other.rateBudget.take(paused, { lane: 'live', maxPauseMs: 300 })).rejects.toMatchObject({
    code: 'source.throttled',
    retryAfterMs: expect.closeTo(600_000, -5),
  });
  const limit = { key: 'akamai/default/any', ...LIMIT };
  const started = performance.now();
  await one.rateBudget.pause(limit, 700);
  const take = (lane: 'live' | 'backfill') => other.rateBudget.take(limit, { lane, maxPauseMs: 5000 });
  for (let count = 0; count < 4; count += 1) await take('backfill');
  expect(performance.now() - started).toBeGreaterThanOrEqual(695);
  const stop = new AbortController();
  const fifth = one.rateBudget.take(limit, { lane: 'backfill', maxPauseMs: 5000, signal: stop.signal });
  await take('live');
  stop.abort(new Error('no place for backfills'));
  await expect(fifth).rejects.toThrow('no place for backfills');
});

test('several processes never go above four requests a second of one imgix account', async () => {
  const emulator = await openEmulator({ imgix: { requestsPerSecond: 4, maxPageSize: 20 } });
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const environment = toEnvironment(emulator, database);
  const day = (ago: number) => toUtcDay(new Date(Date.now() - ago * DAY_MS));
  const runs = await Promise.all(
    [4, 5, 6].map((ago) =>
      runCli(['run', '--source', 'imgix', '--from', day(ago), '--to', day(ago), '--json'], environment),
    ),
  );
  expect(runs.map((run) => run.exitCode)).toEqual([0, 0, 0]);
  const asked = emulator.requests.filter((one) => one.server === 'imgix');
  expect(asked.length).toBeGreaterThan(12);
  expect(asked.filter((one) => one.status === 429)).toEqual([]);
  expect(findPeak(emulator, 1000, /^\/api\/v1\/reports/)).toBeLessThanOrEqual(4);
});
