import { ConfigError, silentLogger } from '@edgeledger/core';
import {
  createProducer,
  migrateQueue,
  openQueueBackend,
  type QueueBackend,
  type ScheduledSource,
} from '@edgeledger/queue';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createScheduler, type Scheduler } from '../src/scheduler.ts';

const sources: readonly ScheduledSource[] = [
  { sourceId: 'imgix-default', vendor: 'imgix' },
  { sourceId: 'akamai-default', vendor: 'akamai', everyMinutes: 15 },
];

let database: TestDatabase;
let backend: QueueBackend;
let scheduler: Scheduler | undefined;

beforeEach(async () => {
  database = await createTestDatabase({ empty: true });
  await migrateQueue({ databaseUrl: database.connectionString });
  backend = await openQueueBackend({ databaseUrl: database.connectionString, logger: silentLogger });
});

afterEach(async () => {
  await scheduler?.close();
  scheduler = undefined;
  await backend.close();
  await database.drop();
});

test('a start registers every schedule and plans every source once, a second start adds nothing', async () => {
  const producer = createProducer(backend);
  scheduler = await createScheduler({ backend, sources, logger: silentLogger });
  expect((await scheduler.nextTicks()).map(({ sourceId, reason }) => `${sourceId} ${reason}`).sort()).toEqual(
    [
      'akamai-default daily',
      'akamai-default reconcile',
      'akamai-default running-day',
      'imgix-default daily',
      'imgix-default reconcile',
    ],
  );
  for (const { sourceId } of sources) {
    expect(await producer.enqueueTick({ sourceId, reason: 'reconcile' })).toEqual({ added: false });
  }
  const before = await producer.counts();
  await scheduler.close();
  scheduler = await createScheduler({ backend, sources, logger: silentLogger });
  expect(await producer.counts()).toEqual(before);
  await producer.close();
});

test('schedules that were lost come back together with a tick for every source', async () => {
  const producer = createProducer(backend);
  scheduler = await createScheduler({ backend, sources, logger: silentLogger, checkEveryMs: 20 });
  const before = (await producer.counts()).ticks;
  await backend.queues.ticks.obliterate({ force: true });
  // the counts alone tell, because asking by enqueuing would add the very ticks that are waited for
  const deadline = performance.now() + 10_000;
  for (;;) {
    const now = (await producer.counts()).ticks;
    if (now.waiting + now.delayed === before.waiting + before.delayed) break;
    if (performance.now() > deadline) expect(now).toEqual(before);
  }
  expect(await scheduler.nextTicks()).toHaveLength(5);
  await producer.close();
});

test('a schedule that is none is refused at the start', async () => {
  const schedule = { imgix: 'never', akamai: '15 4 * * *', reconcileMinutes: 30 };
  await expect(createScheduler({ backend, sources, schedule, logger: silentLogger })).rejects.toThrow(
    ConfigError,
  );
});
