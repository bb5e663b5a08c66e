import { silentLogger } from '@edgeledger/core';
import { openFaultProxy, throughProxy, toTarget } from '@edgeledger/proof';
import {
  createConsumer,
  createProducer,
  migrateQueue,
  openQueueBackend,
  toUnitPayload,
} from '@edgeledger/queue';
import { createTestDatabase, until } from '@edgeledger/testkit';
import { expect, onTestFinished, test } from 'vitest';

/* On the Postgres queue a worker hears of new jobs over a connection that may die without a word. */

const unitOf = (reportKey: string) =>
  toUnitPayload('imgix-default', {
    account: 'default',
    dataset: 'imgix.cdn_logs',
    reportKey,
    period: { start: new Date('2026-11-20T00:00:00Z'), end: new Date('2026-11-21T00:00:00Z') },
  });
const HOUR_MS = 3_600_000;

test('a worker whose connections are half open hears of new jobs again, long before its next delayed one', async () => {
  const database = await createTestDatabase({ empty: true });
  await migrateQueue({ databaseUrl: database.connectionString });
  const proxy = await openFaultProxy(toTarget(database.connectionString));
  const backend = await openQueueBackend({
    databaseUrl: throughProxy(database.connectionString, proxy),
    logger: silentLogger,
    silenceMs: 1_000,
  });
  const outside = await openQueueBackend({
    databaseUrl: database.connectionString,
    logger: silentLogger,
  });
  const producer = createProducer(outside);
  const done: string[] = [];
  const nothing = async () => ({ kind: 'done' }) as const;
  const consumer = createConsumer(backend, {
    logger: silentLogger,
    shutdownGraceMs: 1_000,
    handlers: {
      'plan.source': nothing,
      'stage.part': nothing,
      'publish.report': nothing,
      'load.unit': async ({ reportKey }) => {
        if (reportKey === 'later')
          return { kind: 'waiting', until: new Date(Date.now() + HOUR_MS), reason: 'not yet' };
        done.push(reportKey);
        return { kind: 'done' };
      },
    },
  });
  onTestFinished(async () => {
    await consumer.close();
    await producer.close();
    await backend.close();
    await outside.close();
    await proxy[Symbol.asyncDispose]();
    await database.drop();
  });
  // with a delayed job, its time is when the worker looks by itself
  await producer.enqueueUnits([unitOf('later')]);
  await until('it waits', async () => (await producer.counts()).imgix.delayed === 1);
  await producer.enqueueUnits([unitOf('before')]);
  await until('the worker hears of jobs', () => done.length === 1);
  proxy.halfOpen();
  await producer.enqueueUnits([unitOf('after')]);
  await until('the worker hears of jobs again', () => done.length === 2);
  expect(done).toEqual(['before', 'after']);
}, 180_000);
