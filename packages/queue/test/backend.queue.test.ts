import { type LogFields, type Logger, silentLogger } from '@edgeledger/core';
import {
  createTestDatabase,
  findFreePort,
  findRedisServer,
  startRedisServer,
  type TestStore,
  until,
} from '@edgeledger/testkit';
import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, test } from 'vitest';
import { listQueues, openQueueBackend } from '../src/backend.ts';
import { createConsumer } from '../src/consumer.ts';
import { migrateQueue } from '../src/postgres-backend.ts';
import { isUnattended, readPresence } from '../src/presence.ts';
import { createProducer } from '../src/producer.ts';
import { DEFAULT_SCHEDULE, registerSchedules } from '../src/schedules.ts';
import { describeOnBackends, refuseAll, unitOf } from './harness.ts';

const redisBinary = await findRedisServer(process.env.PATH ?? '');

await describeOnBackends('the store', (harness) => {
  test('answers a ping and lists its queues in display order', async () => {
    await harness.backend.ping();
    expect(listQueues(harness.backend).map(({ name }) => name)).toEqual([
      'edgeledger-ticks',
      'edgeledger-imgix',
      'edgeledger-akamai',
    ]);
  });

  test('says what it is and how it is set up', async () => {
    const facts = await harness.backend.inspect();
    if (harness.store().options.redisUrl === undefined) expect(facts).toEqual({ kind: 'postgres' });
    else expect(facts).toMatchObject({ kind: 'redis', isAofEnabled: false, maxmemoryPolicy: 'noeviction' });
  });

  test('tells how many workers are connected, and whether ticks are scheduled', async () => {
    const { backend } = harness;
    const connected = async (): Promise<number[]> =>
      Object.values((await readPresence(backend)).workers ?? { unknown: -1 });
    // those of a test before may be about to go
    await until('nobody is connected', async () => isUnattended(await readPresence(backend)));
    expect(await readPresence(backend)).toEqual({
      workers: { ticks: 0, imgix: 0, akamai: 0 },
      hasSchedule: false,
    });
    const first = harness.consume({});
    await until('one is connected', async () => (await connected()).join() === '1,1,1');
    // one worker process more; for Postgres its pool is a second one, as it would be there
    const other = await openQueueBackend({ ...harness.store().options, logger: silentLogger });
    const second = createConsumer(other, {
      handlers: refuseAll,
      logger: silentLogger,
      concurrency: { akamai: 0 },
    });
    await until('two are connected', async () => (await connected()).join() === '2,2,1');
    await second.close();
    await other.close();
    await first.close();
    await until('they are gone', async () => isUnattended(await readPresence(backend)));
    await registerSchedules(backend, [{ sourceId: 'imgix-default', vendor: 'imgix' }], {
      ...DEFAULT_SCHEDULE,
      reconcileMinutes: 600,
    });
    expect((await readPresence(backend)).hasSchedule).toBe(true);
  });

  test('keeps a worker alive when everything in it is lost under its feet', async (context) => {
    const { redisUrl } = harness.store().options;
    if (redisUrl === undefined) context.skip('Postgres has no flush');
    const done: string[] = [];
    const gate = Promise.withResolvers<void>();
    let running = 0;
    harness.consume({
      'load.unit': async (unit) => {
        running += 1;
        if (unit.reportKey.endsWith('20')) await gate.promise;
        done.push(unit.reportKey);
        return { kind: 'done' };
      },
    });
    await harness.producer.enqueueUnits([unitOf('2026-11-20')]);
    await registerSchedules(harness.backend, [{ sourceId: 'imgix-default', vendor: 'imgix' }], {
      ...DEFAULT_SCHEDULE,
      reconcileMinutes: 600,
    });
    await until('one runs', () => running === 1);
    const admin = new Redis(redisUrl ?? '');
    await admin.flushall();
    admin.disconnect();
    gate.resolve();
    await until('it ended', () => done.length === 1);
    expect((await harness.producer.enqueueUnits([unitOf('2026-11-19')])).added).toBe(1);
    await until('the unit enqueued after the flush is loaded', () => done.length === 2);
    expect(done).toEqual(['cdn_logs_20261120', 'cdn_logs_20261119']);
  });
  test('keeps a worker alive when all its connections are cut', async () => {
    const done: string[] = [];
    const consumer = harness.consume({
      'load.unit': async (unit) => {
        done.push(unit.reportKey);
        return { kind: 'done' };
      },
    });
    await harness.producer.enqueueUnits([unitOf('2026-11-20')]);
    await until('the first is loaded', () => done.length === 1);
    await consumer.idle({ pollMs: 10 });
    await cutConnections(harness.store().options);
    await until('the store answers again', () =>
      harness.producer.enqueueUnits([unitOf('2026-11-19')]).then(
        () => true,
        () => false,
      ),
    );
    await until('the second is loaded', () => done.length === 2, 40_000);
  });
});

test('without any URL the message names both settings', async () => {
  await expect(openQueueBackend({ logger: silentLogger })).rejects.toMatchObject({ code: 'config.missing' });
});

test.each(['http://127.0.0.1:6379', 'localhost:6379', 'redis://'])('%s is no Redis URL', async (redisUrl) => {
  await expect(openQueueBackend({ redisUrl, logger: silentLogger })).rejects.toMatchObject({
    code: 'config.invalid',
  });
});

test('an unreachable Redis is told by host and port, without the password, in error and log', async () => {
  const { logger, text } = createRecorder();
  const port = await findFreePort();
  const opened = openQueueBackend({ redisUrl: `redis://user:hunter2@127.0.0.1:${port}`, logger });
  await expect(opened).rejects.toMatchObject({
    code: 'queue.unavailable',
    message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port}.*ECONNREFUSED`)),
  });
  expect(String(await opened.catch((error: Error) => error.message)) + text()).not.toContain('hunter2');
});

test.skipIf(redisBinary === undefined)(
  'a Redis password that is refused is a configuration error and shows nowhere (needs redis-server)',
  async () => {
    const server = await startRedisServer(redisBinary ?? '', { password: 'right' });
    const { logger, text } = createRecorder();
    try {
      const wrong = server.url.replace(':right@', ':hunter2@');
      const error: unknown = await openQueueBackend({ redisUrl: wrong, logger }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: 'config.invalid' });
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + text()).not.toContain('hunter2');
      const backend = await openQueueBackend({ redisUrl: server.url, logger: silentLogger });
      await backend.ping();
      await backend.close();
    } finally {
      await server.stop();
    }
  },
);

test.skipIf(redisBinary === undefined)(
  'a producer fails fast, and retriably, when Redis went away (needs redis-server)',
  async () => {
    const server = await startRedisServer(redisBinary ?? '');
    const backend = await openQueueBackend({ redisUrl: server.url, logger: silentLogger });
    const producer = createProducer(backend);
    await producer.counts();
    await server.stop();
    const before = performance.now();
    const unavailable = { code: 'queue.unavailable', recovery: 'retry' };
    await expect(producer.enqueueUnits([unitOf('2026-11-20')])).rejects.toMatchObject(unavailable);
    await expect(producer.counts()).rejects.toMatchObject(unavailable);
    expect(performance.now() - before).toBeLessThan(5_000);
    await producer.close();
    await backend.close();
  },
);

test.skipIf(redisBinary === undefined)(
  'a consumer without jobs closes within seconds though Redis went away (needs redis-server)',
  async () => {
    const server = await startRedisServer(redisBinary ?? '');
    const backend = await openQueueBackend({ redisUrl: server.url, logger: silentLogger });
    const consumer = createConsumer(backend, {
      handlers: refuseAll,
      logger: silentLogger,
      shutdownGraceMs: 60_000,
    });
    await consumer.idle({ pollMs: 10 });
    await server.stop();
    const before = performance.now();
    await consumer.close();
    await backend.close();
    expect(performance.now() - before).toBeLessThan(8_000);
  },
);

test('an unreachable Postgres is told without the password', async () => {
  const port = await findFreePort();
  const databaseUrl = `postgres://user:hunter2@127.0.0.1:${port}/edge`;
  const opened = openQueueBackend({ databaseUrl, logger: silentLogger });
  await expect(opened).rejects.toMatchObject({ code: 'queue.unavailable' });
  expect(String(await opened.catch((error: Error) => error.message))).not.toContain('hunter2');
});

test('a database without the tables says to migrate, and migrating twice is safe', async () => {
  const database = await createTestDatabase({ empty: true });
  try {
    const open = () => openQueueBackend({ databaseUrl: database.connectionString, logger: silentLogger });
    await expect(open()).rejects.toMatchObject({
      code: 'warehouse.not-migrated',
      message: expect.stringContaining('edgeledger migrate'),
    });
    const first = await migrateQueue({ databaseUrl: database.connectionString });
    expect(await migrateQueue({ databaseUrl: database.connectionString })).toEqual(first);
    const backend = await open();
    await backend.close();
    await backend.close();
  } finally {
    await database.drop();
  }
});

async function cutConnections({ redisUrl, databaseUrl }: TestStore['options']): Promise<void> {
  if (redisUrl !== undefined) {
    const admin = new Redis(redisUrl);
    expect(await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')).toBeGreaterThan(0);
    admin.disconnect();
    return;
  }
  const admin = new pg.Client({ connectionString: databaseUrl ?? '' });
  await admin.connect();
  const { rowCount } = await admin.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  // one pool for queues and workers: its size bounds what a process takes from an embedded server
  expect(rowCount).toBeGreaterThan(0);
  expect(rowCount).toBeLessThanOrEqual(10);
  await admin.end();
}

function createRecorder(): { logger: Logger; text(): string } {
  let lines = '';
  const write = (fields: LogFields, message: string): void => {
    lines += `${JSON.stringify(fields)} ${message}\n`;
  };
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  return { logger, text: () => lines };
}
