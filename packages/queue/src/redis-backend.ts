import { FlowProducer, Queue, Worker } from 'bullmq';
import type { QueueConnections, StoreOptions } from './backend.ts';
import { inspectRedis } from './inspect-store.ts';
import { connectRedis, createRedisClient, readRedisUrl } from './redis-client.ts';

/** The braces make all our keys hash to one slot, which BullMQ needs on a Redis Cluster. */
export const PREFIX = '{edgeledger}';

/**
 * Two connections for everybody, plus a blocking one per worker that BullMQ adds. Producers fail fast when
 * Redis is away (a person or a tick waits for the answer), workers wait for its return however long it takes.
 */
export async function openRedisConnections(
  redisUrl: string,
  { logger, silenceMs: socketTimeout, tracing }: StoreOptions,
): Promise<QueueConnections> {
  const address = readRedisUrl(redisUrl);
  const producers = createRedisClient(address, logger, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    // one that was forgotten in between would be waited for without end
    socketTimeout,
  });
  const workers = createRedisClient(address, logger, { maxRetriesPerRequest: null, socketTimeout });
  const disconnect = (): void => {
    producers.disconnect();
    workers.disconnect();
  };
  try {
    await connectRedis(producers, address);
    await connectRedis(workers, address);
  } catch (error) {
    disconnect();
    throw error;
  }
  return {
    kind: 'redis',
    createQueue: (name) => new Queue(name, { ...tracing, connection: producers, prefix: PREFIX }),
    createWorker: (name, processor, options) =>
      new Worker(name, processor, { ...options, ...tracing, connection: workers, prefix: PREFIX }),
    createFlowProducer: () => new FlowProducer({ ...tracing, connection: producers, prefix: PREFIX }),
    ping: async () => {
      await producers.ping();
    },
    inspect: () => inspectRedis(producers),
    close: async () => disconnect(),
  };
}
