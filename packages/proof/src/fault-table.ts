import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import type { Scene, SceneStart } from './scene.ts';

export interface FaultCase extends SceneStart {
  readonly title: string;
  /** Only where the queue is on Redis. */
  readonly redisOnly?: boolean;
  /** The queue has no part in it: once is enough, whatever the queue is on. */
  readonly once?: boolean;
  /** Interferes while a worker runs. */
  readonly during?: (scene: Scene) => Promise<void>;
  /** How often the fault happened. */
  readonly count: (scene: Scene) => Promise<number> | number;
}

const FOR_A_WHILE_MS = 1_500;
/** Longer than a dead connection is believed in, see `silenceMs` of the orders. */
const PAST_PATIENCE_MS = 8_000;

const FAILED_LOOKUPS = 9;

/** Files that come slowly, so that there is something to interfere with. */
function slowFiles({ emulator }: Bench): void {
  const action = { kind: 'stall', ms: 700, afterBytes: 400 } as const;
  emulator.faults.add({ server: 'files', match: /cdn_logs/, nth: 2, times: 8, action });
}

/** Adds faults to requests of the vendors, and counts those that were hit. */
function vendorFault(
  title: string,
  faults: readonly Parameters<Bench['emulator']['faults']['add']>[0][],
): FaultCase {
  const scripts = new WeakMap<Bench, { readonly applied: number }[]>();
  return {
    title: `vendor: ${title}`,
    // what is asked for patience goes back to the queue, and what breaks off is read again at once
    once: !faults.some(({ action }) => action.kind === 'status'),
    prepare: (bench) => {
      scripts.set(
        bench,
        faults.map((fault) => bench.emulator.faults.add(fault)),
      );
    },
    count: ({ bench }) => (scripts.get(bench) ?? []).reduce((sum, script) => sum + script.applied, 0),
  };
}

const VENDOR_FAULTS: readonly FaultCase[] = [
  vendorFault('connections reset', [
    { server: 'files', nth: 2, times: 2, action: { kind: 'reset' } },
    { server: 'imgix', nth: 2, action: { kind: 'reset' } },
    { server: 'akamai', nth: 3, times: 2, action: { kind: 'reset' } },
  ]),
  vendorFault('bodies cut', [
    { server: 'files', match: /cdn_logs/, nth: 2, times: 3, action: { kind: 'cut', afterBytes: 900 } },
    { server: 'akamai', nth: 4, action: { kind: 'cut', afterBytes: 500 } },
  ]),
  vendorFault('bodies that stop for a while', [
    { server: 'files', nth: 3, times: 3, action: { kind: 'stall', ms: 1_200, afterBytes: 300 } },
    { server: 'akamai', nth: 4, action: { kind: 'stall', ms: 1_200 } },
  ]),
  vendorFault('slow bodies', [
    { server: 'files', nth: 1, times: 4, action: { kind: 'slow', bytesPerSecond: 4_000 } },
  ]),
  vendorFault('files without their end', [
    { server: 'files', nth: 2, times: 3, action: { kind: 'truncate', keepShare: 0.7 } },
  ]),
  vendorFault('damaged gzip', [
    { server: 'files', match: /\.gz/, nth: 2, times: 3, action: { kind: 'corrupt' } },
  ]),
  vendorFault('wrong hashes', [{ server: 'files', nth: 3, times: 3, action: { kind: 'wrong-hash' } }]),
  vendorFault('expired links', [{ server: 'files', nth: 2, times: 2, action: { kind: 'expire-link' } }]),
  vendorFault('a storm of 429, 500 and 503', [
    { server: 'imgix', times: 3, action: { kind: 'status', status: 429, headers: { 'Retry-After': '1' } } },
    { server: 'files', nth: 3, times: 3, action: { kind: 'status', status: 503 } },
    { server: 'akamai', nth: 2, times: 2, action: { kind: 'status', status: 500 } },
    { server: 'akamai', nth: 6, action: { kind: 'status', status: 429, headers: { 'Retry-After': '1' } } },
  ]),
  {
    title: 'vendor: names that are not resolved for a while',
    orders: { failedLookups: FAILED_LOOKUPS },
    // an address would not have to be looked up
    environment: ({ emulator }) => ({
      IMGIX_API_URL: byName(emulator.imgixUrl),
      AKAMAI_API_URL: byName(emulator.akamaiUrl),
    }),
    count: ({ worker }) => worker.output().split('Not resolved.').length - 1,
  },
];

function byName(url: string): string {
  const named = new URL(url);
  named.hostname = 'localhost';
  return named.origin;
}

/** Does something three times while units come in. */
function threeTimes(act: (scene: Scene) => Promise<void> | void) {
  return async (scene: Scene): Promise<void> => {
    for (const units of [1, 4, 8]) {
      await scene.untilLoaded(units);
      await act(scene);
    }
  };
}

async function forAWhile(start: () => void, end: () => void, durationMs = FOR_A_WHILE_MS): Promise<void> {
  start();
  await sleep(durationMs);
  end();
}

/** Ends what the product has open, as a server does that is shut down (57P01). */
const TERMINATE_SQL = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name LIKE 'edgeledger%'`;

/** New parts and publishes find the disk full, nine times. */
const DISK_FULL_SQL = `
CREATE SEQUENCE public.proof_disk_full;
CREATE FUNCTION public.proof_fill_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('public.proof_disk_full') <= 9 THEN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER proof_disk_full BEFORE INSERT ON staging.parts FOR EACH ROW EXECUTE FUNCTION public.proof_fill_disk();
CREATE TRIGGER proof_disk_full BEFORE INSERT ON akamai.report_summaries FOR EACH ROW EXECUTE FUNCTION public.proof_fill_disk()`;

const DATABASE_FAULTS: readonly FaultCase[] = [
  {
    title: 'Postgres: connections reset',
    prepare: slowFiles,
    during: threeTimes(({ database }) => database.reset()),
    count: ({ database }) => database.injected,
  },
  {
    title: 'Postgres: a network that stops for a while',
    prepare: slowFiles,
    during: async (scene) => {
      await scene.untilLoaded(2);
      await forAWhile(scene.database.stall, scene.database.heal);
    },
    count: ({ database }) => database.injected,
  },
  {
    title: 'Postgres: half-open connections',
    prepare: slowFiles,
    during: async (scene) => {
      await scene.untilLoaded(2);
      scene.database.halfOpen();
      await sleep(PAST_PATIENCE_MS);
    },
    count: ({ database }) => database.injected,
  },
  {
    title: 'Postgres: cut in the middle of what is sent',
    prepare: slowFiles,
    during: threeTimes(({ database }) => database.cutAfter(30_000)),
    count: ({ database }) => database.injected,
  },
  {
    title: 'Postgres: a slow network',
    during: async (scene) => {
      await scene.untilLoaded(1);
      await forAWhile(() => scene.database.throttle(60_000), scene.database.heal, 3_000);
    },
    count: ({ database }) => database.injected,
  },
  {
    title: 'Postgres: away for a while',
    prepare: slowFiles,
    during: async (scene) => {
      await scene.untilLoaded(2);
      await forAWhile(scene.database.refuse, scene.database.heal, 3_000);
    },
    count: ({ database }) => database.injected,
  },
  {
    title: 'Postgres: sessions terminated',
    prepare: slowFiles,
    during: threeTimes(({ bench }) => bench.database.execute(TERMINATE_SQL)),
    count: () => 3,
  },
  {
    title: 'Postgres: fail-over, read-only for a while',
    prepare: slowFiles,
    during: async ({ bench: { database }, untilLoaded }) => {
      await untilLoaded(2);
      await database.execute(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`);
      await database.execute(TERMINATE_SQL);
      await sleep(FOR_A_WHILE_MS);
      await database.execute(
        `SET transaction_read_only = off; ALTER DATABASE ${database.name} RESET default_transaction_read_only`,
      );
      await database.execute(TERMINATE_SQL);
    },
    count: () => 1,
  },
  {
    title: 'Postgres: disk full',
    prepare: ({ database }) => database.execute(DISK_FULL_SQL),
    count: async ({ bench }) => {
      const answer = await bench.warehouse.questions.query(
        'SELECT least(9, last_value) FROM public.proof_disk_full',
      );
      return Number(answer.rows[0]?.[0] ?? 0);
    },
  },
];

const REDIS_FAULTS: readonly FaultCase[] = [
  {
    title: 'Redis: connections reset',
    redisOnly: true,
    prepare: slowFiles,
    during: threeTimes(({ queue }) => queue.reset()),
    count: ({ queue }) => queue.injected,
  },
  {
    title: 'Redis: a network that stops for a while',
    redisOnly: true,
    prepare: slowFiles,
    during: async ({ queue, untilLoaded }) => {
      await untilLoaded(2);
      await forAWhile(queue.stall, queue.heal);
    },
    count: ({ queue }) => queue.injected,
  },
  {
    title: 'Redis: half-open connections',
    redisOnly: true,
    prepare: slowFiles,
    during: async ({ queue, untilLoaded }) => {
      await untilLoaded(2);
      queue.halfOpen();
      await sleep(PAST_PATIENCE_MS);
    },
    count: ({ queue }) => queue.injected,
  },
  {
    title: 'Redis: away for a while',
    redisOnly: true,
    prepare: slowFiles,
    during: async ({ queue, untilLoaded }) => {
      await untilLoaded(2);
      await forAWhile(queue.refuse, queue.heal, 3_000);
    },
    count: ({ queue }) => queue.injected,
  },
];

/** What is done to what the product talks to. Each must end like a run without it, by the same worker. */
export const FAULT_TABLE: readonly FaultCase[] = [...VENDOR_FAULTS, ...DATABASE_FAULTS, ...REDIS_FAULTS];
