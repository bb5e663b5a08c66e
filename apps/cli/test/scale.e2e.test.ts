import { silentLogger } from '@edgeledger/core';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { openQueueBackend, readCounts } from '@edgeledger/queue';
import {
  createTestDatabase,
  findRedisServer,
  sendToRedis,
  startRedisServer,
  type TestDatabase,
  until,
} from '@edgeledger/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { IMGIX_TABLES, readReport, toEnvironment } from './tables.ts';
import { type RoleProcess, startRole } from './worker-fleet.ts';

/* Workers as they are deployed: processes that share a Redis and a warehouse, and know nothing of each other. */

const redisBinary = await findRedisServer(process.env.PATH ?? '');
const BACKFILL_DAYS = 90;
const ROWS_PER_FILE = 60;
const PARTS = 20;
const LOAD_LIMIT_MS = 240_000;
const DATASETS = IMGIX_TABLES.length + 2;

const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
const keyOf = (type: string, isoDay: string): string => `${type}_${isoDay.replaceAll('-', '')}`;
const BIG_REPORT = keyOf('cdn_logs', day(3));

interface World {
  readonly emulator: Emulator;
  readonly database: TestDatabase;
  readonly environment: Readonly<Record<string, string>>;
  readonly redisUrl: string;
  /** Started so far. */
  readonly roles: RoleProcess[];
}

/** Ninety days of both vendors with their documented limits, and one report of twenty parts. */
async function openWorld(): Promise<World> {
  const redis = await startRedisServer(redisBinary ?? '');
  const emulator = await createEmulator({
    historyDays: 125,
    imgix: { partMaxRows: ROWS_PER_FILE, requestsPerSecond: 4 },
    volume: { cdnLogRowsPerDay: 50, imagesPerSource: 5 },
    akamai: { requestsPerMinute: 120, detailsPerDay: 50 },
  });
  const database = await createTestDatabase();
  onTestFinished(async () => {
    await emulator.close();
    await database.drop();
    await redis.stop();
  });
  emulator.revise({
    reportKey: BIG_REPORT,
    edit: ({ columns, rows }) => {
      const [row] = rows;
      if (row === undefined) throw new Error('the report has a row to repeat');
      return { columns, rows: Array.from({ length: PARTS * ROWS_PER_FILE }, () => row) };
    },
  });
  return {
    emulator,
    database,
    redisUrl: redis.url,
    roles: [],
    environment: {
      ...toEnvironment(emulator, database),
      REDIS_URL: redis.url,
      BACKFILL_DAYS: String(BACKFILL_DAYS),
      LOG_LEVEL: 'warn',
    },
  };
}

function start(role: string, world: World): RoleProcess {
  const started = startRole(role, world.environment);
  world.roles.push(started);
  return started;
}

async function countLoaded({ database }: World): Promise<number> {
  const [row] = await database.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM ledger.units WHERE state = 'loaded'`,
  );
  return row?.n ?? 0;
}

async function untilAllLoaded(world: World): Promise<void> {
  await until(
    'everything is loaded',
    async () => (await countLoaded(world)) === BACKFILL_DAYS * DATASETS,
    LOAD_LIMIT_MS,
    () => describeMissing(world),
  );
}

/** What a hang is about: each unit that is not loaded, its loads, and what the queues hold. */
async function describeMissing({ database, redisUrl, roles }: World): Promise<string> {
  const units = await database.query(
    `SELECT dataset, report_key, state, attempts, next_check_at, error_code, error_message, clock_timestamp() AS now,
       (SELECT jsonb_agg(jsonb_build_object('load', load_id, 'outcome', outcome, 'started', started_at, 'worker', worker)
          ORDER BY load_id) FROM ledger.loads WHERE loads.unit_id = units.unit_id) AS loads
     FROM ledger.units WHERE state <> 'loaded' ORDER BY dataset, report_key LIMIT 20`,
  );
  const known = await database.query(
    'SELECT dataset, count(*)::int AS n FROM ledger.units GROUP BY 1 ORDER BY 1',
  );
  const backend = await openQueueBackend({ redisUrl, logger: silentLogger });
  try {
    const queues = await readCounts(backend);
    const said = Object.fromEntries(roles.map((role) => [role.pid, role.output().slice(-2_000)]));
    return JSON.stringify({ units, known, queues, said });
  } finally {
    await backend.close();
  }
}

async function expectTruth({ emulator, database }: World): Promise<void> {
  for (const type of IMGIX_TABLES) {
    for (let ago = 1; ago <= BACKFILL_DAYS; ago += 1) {
      const truth = emulator.truth.imgix(type, day(ago));
      const rows = await readReport(database, type, truth.columns, keyOf(type, day(ago)));
      const expected = withoutMillis(type.startsWith('credit_') ? truth.rows.toSorted() : truth.rows);
      expect(
        withoutMillis(type.startsWith('credit_') ? rows.toSorted() : rows),
        keyOf(type, day(ago)),
      ).toEqual(expected);
    }
  }
  const [from, to] = [new Date(`${day(BACKFILL_DAYS)}T00:00:00Z`), new Date(`${day(0)}T00:00:00Z`)];
  const usage = emulator.truth.endpointUsage('all', from, to);
  const [sums] = await database.query(
    `SELECT count(*)::int AS intervals, sum(edge_hits)::text AS hits, sum(edge_bytes)::text AS bytes
     FROM akamai.endpoint_usage_by_time`,
  );
  const sum = (of: (one: (typeof usage)[number]) => number) =>
    String(usage.reduce((total, one) => total + BigInt(of(one)), 0n));
  expect(sums).toEqual({
    intervals: usage.length,
    hits: sum((one) => one.edgeHits),
    bytes: sum((one) => one.edgeBytes),
  });
  const calls = emulator.truth.apiUsageDetails(emulator.scope.accountIds, from, to);
  const [details] = await database.query('SELECT count(*)::int AS n FROM akamai.api_usage_details');
  expect(details).toEqual({ n: calls.length });
}

/** Times are the same instant with and without them. */
function withoutMillis(rows: readonly (readonly string[])[]): string[][] {
  return rows.map((row) => row.map((field) => field.replace(/\.000Z$/, 'Z')));
}

/** Published loads of each unit and how many processes published any. */
async function readLoads({ database }: World) {
  const loads = await database.query<{ unit: string; worker: string }>(
    `SELECT u.dataset || ' ' || u.report_key AS unit, l.worker FROM ledger.loads l JOIN ledger.units u USING (unit_id)
     WHERE l.outcome = 'published'`,
  );
  const units = new Map<string, number>();
  for (const { unit } of loads) units.set(unit, (units.get(unit) ?? 0) + 1);
  return {
    workers: new Set(loads.map(({ worker }) => worker)).size,
    twice: [...units].filter(([, count]) => count > 1).map(([unit]) => unit),
  };
}

function findPeak({ emulator }: World, server: string, windowMs: number): number {
  const times = emulator.requests.filter((one) => one.server === server).map((one) => one.at.getTime());
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + windowMs).length));
}

describe.skipIf(redisBinary === undefined)('workers on one Redis (needs redis-server)', () => {
  test.each([2, 4])(
    '%i share a report of 20 parts and a backfill of 90 days, no unit twice',
    async (count) => {
      const world = await openWorld();
      const fleet = Array.from({ length: count }, () => start('worker', world));
      start('scheduler', world);
      await untilAllLoaded(world);
      await expectTruth(world);

      const loads = await readLoads(world);
      expect(loads.twice).toEqual([]);
      expect(loads.workers).toBe(count);
      const files = world.emulator.requests.filter((one) => one.server === 'files').map((one) => one.path);
      expect(files.filter((path) => path.includes(`/${BIG_REPORT}/`))).toHaveLength(PARTS);
      expect(new Set(files).size).toBe(files.length);
      // the budget of the account holds over all of them
      expect(world.emulator.requests.filter((one) => one.status === 429)).toEqual([]);
      expect(findPeak(world, 'imgix', 1_000)).toBeLessThanOrEqual(4);
      expect(findPeak(world, 'akamai', 60_000)).toBeLessThanOrEqual(2 * 120);
      const codes = await Promise.all(fleet.map((worker) => worker.stop('SIGTERM')));
      expect(codes).toEqual(codes.map(() => 0));
    },
    300_000,
  );

  test('a rolling restart of all workers, a killed one and a flushed Redis in the middle lose nothing', async () => {
    const world = await openWorld();
    const startWorker = () => start('worker', world);
    let [first, second] = [startWorker(), startWorker()];
    start('scheduler', world);
    const untilLoaded = (count: number) =>
      until(`${count} are loaded`, async () => (await countLoaded(world)) >= count, LOAD_LIMIT_MS);

    await untilLoaded(60);
    expect(await first.stop('SIGTERM')).toBe(0);
    first = startWorker();
    await untilLoaded(150);
    expect(await second.stop('SIGTERM')).toBe(0);
    second = startWorker();
    await untilLoaded(250);
    expect(await first.stop('SIGKILL')).toBe(null);
    first = startWorker();
    // a killed worker's jobs are in the store; a store that forgets them as well leaves the ledger alone to know
    await untilLoaded(350);
    expect(await countLoaded(world)).toBeLessThan(BACKFILL_DAYS * DATASETS);
    expect(await sendToRedis(world.redisUrl, ['FLUSHALL'])).toBe('+OK\r\n');
    await untilAllLoaded(world);
    await expectTruth(world);
    expect((await readLoads(world)).twice).toEqual([]);
    expect(await Promise.all([first.stop('SIGTERM'), second.stop('SIGTERM')])).toEqual([0, 0]);
  }, 400_000);
});
