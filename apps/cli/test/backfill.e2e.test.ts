import { dayPeriod, parseUtcDay, silentLogger } from '@edgeledger/core';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import {
  createConsumer,
  createProducer,
  type Handlers,
  migrateQueue,
  openQueueBackend,
  type Producer,
  type QueueBackend,
  toUnitPayload,
} from '@edgeledger/queue';
import { findDataset } from '@edgeledger/sources';
import { createTestDatabase, describeOnStores, type TestDatabase, type TestStore } from '@edgeledger/testkit';
import { createWarehouse, type Warehouse } from '@edgeledger/warehouse';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { toEnvironment } from './tables.ts';

const DAY = parseUtcDay(new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10), 'day');
const UNIT = {
  account: 'default',
  dataset: 'imgix.cdn_logs',
  reportKey: `cdn_logs_${DAY.replaceAll('-', '')}`,
  period: dayPeriod(DAY),
};
const PAYLOAD = toUnitPayload('imgix-default', UNIT);
const ARGS = ['backfill', '--dataset', 'cdn_logs', '--from', DAY, '--to', DAY, '--json'];

await describeOnStores(
  'the command backfill',
  (databaseUrl) => migrateQueue({ databaseUrl }),
  (start) => {
    let emulator: Emulator;
    let store: TestStore;
    let database: TestDatabase;
    let environment: Record<string, string>;
    let warehouse: Warehouse;
    let backend: QueueBackend;
    let producer: Producer;

    beforeAll(async () => {
      emulator = await createEmulator({ seed: 3, historyDays: 10, imgix: { requestsPerSecond: 0 } });
      store = await start();
    });
    afterAll(async () => {
      await store.stop();
      await emulator.close();
    });
    beforeEach(async () => {
      database = await createTestDatabase();
      const { redisUrl } = store.options;
      // without Redis the queue is in the warehouse's database, as the command has it
      if (redisUrl === undefined) await migrateQueue({ databaseUrl: database.connectionString });
      const options = redisUrl === undefined ? { databaseUrl: database.connectionString } : { redisUrl };
      environment = {
        ...toEnvironment(emulator, database),
        ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
      };
      warehouse = await createWarehouse({ connectionString: database.connectionString });
      backend = await openQueueBackend({ ...options, logger: silentLogger });
      producer = createProducer(backend);
    });
    afterEach(async () => {
      await producer.close();
      await forgetJobs();
      await backend.close();
      await warehouse.close();
      await database.drop();
    });

    async function forgetJobs(): Promise<void> {
      await Promise.all(Object.values(backend.queues).map((queue) => queue.obliterate({ force: true })));
    }

    async function backfill(): Promise<Record<string, unknown>> {
      const result = await runCli(ARGS, environment);
      expect(result.stderr).not.toMatch(/failed/);
      expect(result.exitCode).toBe(0);
      return JSON.parse(result.stdout);
    }

    test('begins no report again of which the parts are jobs already', async () => {
      expect(await backfill()).toMatchObject({ enqueued: 1 });
      await forgetJobs();
      const dataset = findDataset(UNIT.dataset);
      if (dataset === undefined) throw new Error(`There is no dataset ${UNIT.dataset}.`);
      const { loadId } = await warehouse.loader.begin(UNIT, dataset);
      await producer.enqueueReport({
        unit: PAYLOAD,
        loadId,
        vendorReportId: 'a'.repeat(24),
        revision: 'r',
        partCount: 2,
        parts: [
          { partNo: 1, partName: '/1.csv' },
          { partNo: 2, partName: '/2.csv' },
        ],
      });
      expect(await backfill()).toMatchObject({ enqueued: 0, alreadyQueued: 1, promoted: 0 });

      await forgetJobs();
      expect(await backfill()).toMatchObject({ enqueued: 1, alreadyQueued: 0 });
    });

    test('lets a job run at once that began to wait before the vendor listed its report', async () => {
      await producer.enqueueUnits([PAYLOAD]);
      await runOnce(backend, {
        kind: 'waiting',
        until: new Date(Date.now() + 3_600_000),
        reason: 'not listed',
      });
      expect((await producer.counts()).imgix).toMatchObject({ delayed: 1 });

      expect(await backfill()).toMatchObject({ enqueued: 0, alreadyQueued: 1, promoted: 1 });
      expect((await producer.counts()).imgix).toMatchObject({ delayed: 0 });
    });
  },
);

/** A worker whose handlers all end in the same way, until nothing can run any more. */
async function runOnce(
  backend: QueueBackend,
  outcome: Awaited<ReturnType<Handlers['load.unit']>>,
): Promise<void> {
  const end = async () => outcome;
  const handlers: Handlers = {
    'plan.source': end,
    'load.unit': end,
    'stage.part': end,
    'publish.report': end,
  };
  const consumer = createConsumer(backend, { handlers, logger: silentLogger });
  await consumer.idle({ pollMs: 20 });
  await consumer.close();
}
