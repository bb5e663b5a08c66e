import { silentLogger } from '@edgeledger/core';
import { createTestDatabase } from '@edgeledger/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openQueueBackend, type QueueBackend, type QueueBackendOptions } from '../src/backend.ts';
import { type LoadUnitPayload, toUnitPayload } from '../src/catalog.ts';
import { type Consumer, type ConsumerOptions, createConsumer } from '../src/consumer.ts';
import { migrateQueue } from '../src/postgres-backend.ts';
import { createProducer, type Producer } from '../src/producer.ts';
import type { Handlers } from '../src/run-job.ts';
import { findRedisServer, startRedisServer } from './redis-server.ts';

export interface TestStore {
  readonly options: Pick<QueueBackendOptions, 'redisUrl' | 'databaseUrl'>;
  stop(): Promise<void>;
}

const NO_REDIS = 'SKIPPED: no redis-server on PATH; install it with "apt-get install redis-server"';
const cases = await listBackendCases();

interface BackendCase {
  readonly name: string;
  /** Undefined when this machine cannot run it. */
  readonly start: (() => Promise<TestStore>) | undefined;
}

async function listBackendCases(): Promise<readonly BackendCase[]> {
  const redis = await findRedisServer(process.env.PATH ?? '');
  return [
    { name: 'postgres', start: startPostgresStore },
    { name: 'redis', start: redis === undefined ? undefined : () => startRedisStore(redis) },
  ];
}

/** Runs one suite on every store. Without a Redis its half is skipped loudly, and fails where CI is set. */
export function describeOnBackends(title: string, suite: (harness: Harness) => void): void {
  const isCi = process.env.CI === 'true';
  describe.each(cases)(`${title} on $name`, ({ start }) => {
    if (start !== undefined) {
      suite(useBackend(start));
    } else if (isCi) {
      test('has a server in CI', () => expect.fail(NO_REDIS));
    } else {
      console.warn(`${title} on redis: ${NO_REDIS}`);
      test.skip(NO_REDIS, () => undefined);
    }
  });
}

async function startPostgresStore(): Promise<TestStore> {
  const database = await createTestDatabase({ empty: true });
  await migrateQueue({ databaseUrl: database.connectionString });
  return { options: { databaseUrl: database.connectionString }, stop: () => database.drop() };
}

async function startRedisStore(binary: string): Promise<TestStore> {
  const server = await startRedisServer(binary);
  return { options: { redisUrl: server.url }, stop: () => server.stop() };
}

export interface Harness {
  readonly backend: QueueBackend;
  readonly producer: Producer;
  store(): TestStore;
  consume(handlers: Partial<Handlers>, options?: Partial<ConsumerOptions>): Consumer;
}

/** One store per suite, emptied before every test; consumers of a test are closed after it. */
function useBackend(start: () => Promise<TestStore>): Harness {
  let current: { store: TestStore; backend: QueueBackend; producer: Producer } | undefined;
  let consumers: Consumer[] = [];
  const get = () => {
    if (current === undefined) throw new Error('the backend is open in tests only');
    return current;
  };
  beforeAll(async () => {
    const store = await start();
    const backend = await openQueueBackend({ ...store.options, logger: silentLogger, backoffMs: 1 });
    current = { store, backend, producer: createProducer(backend) };
  });
  afterEach(async () => {
    await Promise.all(consumers.map((consumer) => consumer.close()));
    consumers = [];
    await Promise.all(Object.values(get().backend.queues).map((queue) => queue.obliterate({ force: true })));
  });
  afterAll(async () => {
    await current?.producer.close();
    await current?.backend.close();
    await current?.store.stop();
  });
  return {
    get backend() {
      return get().backend;
    },
    get producer() {
      return get().producer;
    },
    store: () => get().store,
    consume: (handlers, options = {}) => {
      const consumer = createConsumer(get().backend, {
        handlers: { ...refuseAll, ...handlers },
        logger: silentLogger,
        shutdownGraceMs: 2_000,
        ...options,
      });
      consumers.push(consumer);
      return consumer;
    },
  };
}

const refuse = (): never => {
  throw new Error('this test expects no such job');
};
export const refuseAll: Handlers = {
  'plan.source': refuse,
  'load.unit': refuse,
  'stage.part': refuse,
  'publish.report': refuse,
};

/** Waits for a condition; fails, naming it, after the deadline. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, limitMs = 15_000) {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function unitOf(day: string, dataset = 'imgix.cdn_logs'): LoadUnitPayload {
  const start = new Date(`${day}T00:00:00Z`);
  const sourceId = `${dataset.split('.')[0]}-default`;
  return toUnitPayload(sourceId, {
    account: 'default',
    dataset,
    reportKey: `${dataset.split('.')[1]}_${day.replaceAll('-', '')}`,
    period: { start, end: new Date(start.getTime() + 86_400_000) },
  });
}

export function untilAborted(signal: AbortSignal): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  if (signal.aborted) resolve(signal.reason);
  else signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  return promise;
}
