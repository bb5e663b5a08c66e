import { silentLogger } from '@edgeledger/core';
import { describeOnStores, type TestStore } from '@edgeledger/testkit';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { openQueueBackend, type QueueBackend } from '../src/backend.ts';
import { type LoadUnitPayload, toUnitPayload } from '../src/catalog.ts';
import { type Consumer, type ConsumerOptions, createConsumer } from '../src/consumer.ts';
import { migrateQueue } from '../src/postgres-backend.ts';
import { createProducer, type Producer } from '../src/producer.ts';
import type { Handlers } from '../src/run-job.ts';

/** Runs one suite on every store. */
export async function describeOnBackends(title: string, suite: (harness: Harness) => void): Promise<void> {
  const migrate = (databaseUrl: string) => migrateQueue({ databaseUrl });
  await describeOnStores(title, migrate, (start) => suite(useBackend(start)));
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
