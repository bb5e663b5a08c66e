import { describe, expect, inject, test } from 'vitest';
import { createTestDatabase } from './database.ts';
import { findRedisServer, sendToRedis, startRedisServer } from './redis-server.ts';

/** Where a queue keeps its jobs, in the words of its own options. */
export interface TestStore {
  readonly options: { readonly redisUrl?: string; readonly databaseUrl?: string };
  stop(): Promise<void>;
}

interface StoreCase {
  readonly name: 'postgres' | 'redis';
  /** Undefined when this machine cannot run it. */
  readonly start: (() => Promise<TestStore>) | undefined;
}

/** As many as Redis has when nobody says otherwise. */
const SHARED_DATABASES = 16;
const NO_REDIS = 'SKIPPED: no redis-server on PATH; install it with "apt-get install redis-server"';

/**
 * Runs one suite on every store a queue can be on. Without a Redis its half is skipped loudly, and fails where
 * CI is set. `migrate` makes the queue's tables in the Postgres store.
 */
export async function describeOnStores(
  title: string,
  migrate: (databaseUrl: string) => Promise<unknown>,
  suite: (start: () => Promise<TestStore>) => void,
): Promise<void> {
  const startRedis = await findRedisStart();
  const cases: readonly StoreCase[] = [
    { name: 'postgres', start: () => startPostgresStore(migrate) },
    { name: 'redis', start: startRedis },
  ];
  describe.each(cases)(`${title} on $name`, ({ start }) => {
    if (start !== undefined) {
      suite(start);
    } else if (process.env.CI === 'true') {
      test('has a server in CI', () => expect.fail(NO_REDIS));
    } else {
      console.warn(`${title} on redis: ${NO_REDIS}`);
      test.skip(NO_REDIS, () => undefined);
    }
  });
}

async function findRedisStart(): Promise<StoreCase['start']> {
  const shared = inject('testRedisUrl');
  if (shared !== undefined) return () => openSharedRedis(shared);
  const binary = await findRedisServer(process.env.PATH ?? '');
  return binary === undefined ? undefined : () => startRedisStore(binary);
}

async function startPostgresStore(migrate: (databaseUrl: string) => Promise<unknown>): Promise<TestStore> {
  const database = await createTestDatabase({ empty: true });
  await migrate(database.connectionString);
  return { options: { databaseUrl: database.connectionString }, stop: () => database.drop() };
}

async function startRedisStore(binary: string): Promise<TestStore> {
  const server = await startRedisServer(binary);
  return { options: { redisUrl: server.url }, stop: () => server.stop() };
}

/** A database of its own for each worker of the test run, emptied before a suite begins. */
async function openSharedRedis(url: string): Promise<TestStore> {
  const database = Number(process.env.VITEST_POOL_ID ?? 0) % SHARED_DATABASES;
  const redisUrl = `${url}/${database}`;
  await sendToRedis(redisUrl, ['FLUSHDB']);
  return { options: { redisUrl }, stop: () => Promise.resolve() };
}

/** Only a hang ends at it: what takes so long on a busy machine is still right. */
const PATIENCE_MS = 60_000;

/** Waits for a condition; fails after the deadline, naming it and, where `describeState` is given, what there is instead. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = PATIENCE_MS,
  describeState?: () => Promise<string>,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      const found = describeState === undefined ? '' : `; found: ${await describeState()}`;
      throw new Error(`not within ${limitMs} ms: ${what}${found}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
