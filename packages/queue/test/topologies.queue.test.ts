import { silentLogger } from '@edgeledger/core';
import {
  findFreePort,
  findRedisServer,
  type RedisTopology,
  startRedisCluster,
  startRedisSentinels,
  until,
} from '@edgeledger/testkit';
import { Cluster } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openQueueBackend } from '../src/backend.ts';
import type { LoadUnitPayload } from '../src/catalog.ts';
import { createConsumer } from '../src/consumer.ts';
import { readPresence } from '../src/presence.ts';
import { createProducer } from '../src/producer.ts';
import { PREFIX } from '../src/redis-backend.ts';
import { DEFAULT_SCHEDULE, nextTicks, registerSchedules } from '../src/schedules.ts';
import { refuseAll, unitOf } from './harness.ts';

const binary = await findRedisServer(process.env.PATH ?? '');
const NO_REDIS = 'SKIPPED: no redis-server on PATH; install it with "apt-get install redis-server"';

describe('Redis Cluster and Sentinel', () => {
  if (binary === undefined) {
    if (process.env.CI === 'true') test('have a server in CI', () => expect.fail(NO_REDIS));
    else {
      console.warn(`Redis Cluster and Sentinel: ${NO_REDIS}`);
      test.skip(NO_REDIS, () => undefined);
    }
    return;
  }
  const topologies = [
    { name: 'a cluster of three nodes', start: startRedisCluster },
    { name: 'a primary behind three sentinels', start: startRedisSentinels },
  ];

  test.each(topologies)('$name runs units, flows and schedules by REDIS_URL alone', async ({ start }) => {
    const topology = await open(start);
    const { producer, backend, done } = await openWorker(topology.url);
    await producer.enqueueUnits([unitOf('2026-11-20'), unitOf('2026-11-19', 'akamai.api_usage_details')]);
    await producer.enqueueReport(reportOf('2026-11-18', 5));
    await until('units, parts and report are through', () => done.length === 8);
    await until('each queue has its worker', async () => {
      const { workers } = await readPresence(backend);
      return JSON.stringify(workers) === '{"ticks":1,"imgix":1,"akamai":1}';
    });
    expect(done.filter((name) => name === 'stage.part')).toHaveLength(5);
    // the other vendor's unit is in a queue of its own, and may end before or after it
    expect(done.indexOf('publish.report')).toBeGreaterThan(done.lastIndexOf('stage.part'));
    await registerSchedules(backend, [{ sourceId: 'imgix-default', vendor: 'imgix' }], {
      ...DEFAULT_SCHEDULE,
      reconcileMinutes: 600,
    });
    expect((await nextTicks(backend)).map(({ reason }) => reason).toSorted()).toEqual(['daily', 'reconcile']);
    await backend.ping();
  });

  test('all keys of the cluster are on one node, because the prefix has a hash tag', async () => {
    const topology = await open(startRedisCluster);
    const { producer, done } = await openWorker(topology.url);
    await producer.enqueueUnits([unitOf('2026-11-20'), unitOf('2026-11-19', 'akamai.api_usage_details')]);
    await until('both are through', () => done.length === 2);
    const ports = topology.url.replace('redis+cluster://', '').split(',');
    const admin = new Cluster(ports.map((one) => ({ host: '127.0.0.1', port: Number(one.split(':')[1]) })));
    onTestFinished(() => admin.disconnect());
    await until('connected', () => admin.status === 'ready');
    const keys = await Promise.all(admin.nodes('master').map((node) => node.keys('*')));
    expect(keys.filter((ofNode) => ofNode.length > 0)).toHaveLength(1);
    expect(keys.flat().every((key) => key.startsWith(PREFIX))).toBe(true);
  });

  test('when the primary dies, the sentinels name another one and workers go on', async () => {
    const topology = await open(startRedisSentinels);
    const { producer, done } = await openWorker(topology.url);
    await producer.enqueueUnits([unitOf('2026-11-20')]);
    await until('the first is through', () => done.length === 1);
    await topology.killPrimary();
    const isTaken = () =>
      producer.enqueueUnits([unitOf('2026-11-19')]).then(
        () => true,
        () => false,
      );
    await until('the new primary takes a job', isTaken, 40_000);
    await until('it is through', () => done.length === 2, 40_000);
  }, 90_000);

  test.each(['redis+cluster://', 'redis+sentinel://'])(
    '%s without anybody there ends in time',
    async (scheme) => {
      const port = await findFreePort();
      const redisUrl = `${scheme}user:hunter2@127.0.0.1:${port}${scheme.includes('sentinel') ? '/main' : ''}`;
      const opened = openQueueBackend({ redisUrl, logger: silentLogger });
      await expect(opened).rejects.toMatchObject({
        code: 'queue.unavailable',
        message: expect.stringContaining(`127.0.0.1:${port}`),
      });
      expect(String(await opened.catch((error: Error) => error.message))).not.toContain('hunter2');
    },
  );
});

async function open<Topology extends RedisTopology>(
  start: (binary: string) => Promise<Topology>,
): Promise<Topology> {
  const topology = await start(binary ?? '');
  onTestFinished(() => topology.stop());
  return topology;
}

async function openWorker(redisUrl: string) {
  const backend = await openQueueBackend({ redisUrl, logger: silentLogger, backoffMs: 1 });
  const producer = createProducer(backend);
  const done: string[] = [];
  const finish = (name: string) => async () => {
    done.push(name);
    return { kind: 'done' } as const;
  };
  const consumer = createConsumer(backend, {
    handlers: {
      ...refuseAll,
      'load.unit': finish('load.unit'),
      'stage.part': finish('stage.part'),
      'publish.report': finish('publish.report'),
      'plan.source': finish('plan.source'),
    },
    logger: silentLogger,
    shutdownGraceMs: 2_000,
  });
  onTestFinished(async () => {
    await consumer.close();
    await producer.close();
    await backend.close();
  });
  return { backend, producer, done };
}

function reportOf(isoDay: string, parts: number) {
  const unit: LoadUnitPayload = unitOf(isoDay);
  return {
    unit,
    loadId: '7',
    vendorReportId: null,
    revision: null,
    partCount: parts,
    parts: Array.from({ length: parts }, (_, index) => ({
      partNo: index + 1,
      partName: `part-${index + 1}`,
    })),
  };
}
