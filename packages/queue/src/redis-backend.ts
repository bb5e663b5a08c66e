import { ConfigError, type Logger, redactUrl, TransientError } from '@edgeledger/core';
import { FlowProducer, Queue, Worker } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import type { QueueConnections, Tracing } from './backend.ts';
import { inspectRedis } from './inspect-store.ts';

/** The braces make all our keys hash to one slot, which BullMQ needs on a Redis Cluster. */
const PREFIX = '{edgeledger}';
const CONNECT_TIMEOUT_MS = 5_000;
const CREDENTIALS_REFUSED = /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password)/;

type ClientTuning = Pick<RedisOptions, 'enableOfflineQueue' | 'maxRetriesPerRequest'>;

/**
 * Two connections for everybody, plus a blocking one per worker that BullMQ adds. Producers fail fast when
 * Redis is away (a person or a tick waits for the answer), workers wait for its return however long it takes.
 */
export async function openRedisConnections(
  redisUrl: string,
  logger: Logger,
  tracing: Tracing,
): Promise<QueueConnections> {
  assertRedisUrl(redisUrl);
  const producers = createClient(redisUrl, logger, { enableOfflineQueue: false, maxRetriesPerRequest: 1 });
  const workers = createClient(redisUrl, logger, { maxRetriesPerRequest: null });
  try {
    await connect(producers, redisUrl);
    await connect(workers, redisUrl);
  } catch (error) {
    producers.disconnect();
    workers.disconnect();
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
    close: async () => {
      producers.disconnect();
      workers.disconnect();
    },
  };
}

function createClient(redisUrl: string, logger: Logger, options: ClientTuning): Redis {
  const client = new Redis(redisUrl, {
    ...options,
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // 50 ms, 100 ms … 5 s: a restarted Redis is found again at once, a long absence is not hammered
    retryStrategy: (attempt) => Math.min(attempt * 50, 5_000),
  });
  client.setMaxListeners(0);
  // only the message: a failed AUTH carries the password in its `command.args`
  client.on('error', (error: Error) => logger.warn({ error: error.message }, 'Redis connection error'));
  return client;
}

async function connect(client: Redis, redisUrl: string): Promise<void> {
  let failure: Error | undefined;
  const remember = (error: Error): void => {
    failure ??= error;
  };
  client.on('error', remember);
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw toConnectError(failure ?? error, redisUrl);
  } finally {
    client.off('error', remember);
  }
}

function toConnectError(failure: unknown, redisUrl: string): Error {
  const message = failure instanceof Error ? failure.message : String(failure);
  const cause = new Error(message);
  if (CREDENTIALS_REFUSED.test(message)) {
    return new ConfigError(
      'config.invalid',
      `Opening the queue: Redis at ${redactUrl(redisUrl)} refused the credentials. Check user and password in REDIS_URL.`,
      { cause },
    );
  }
  return new TransientError(
    'queue.unavailable',
    `Opening the queue: Redis at ${redactUrl(redisUrl)} does not answer (${message}). Start it, or correct REDIS_URL.`,
    { cause },
  );
}

function assertRedisUrl(redisUrl: string): void {
  const url = URL.canParse(redisUrl) ? new URL(redisUrl) : undefined;
  if (url !== undefined && ['redis:', 'rediss:'].includes(url.protocol) && url.hostname !== '') return;
  throw new ConfigError(
    'config.invalid',
    'REDIS_URL is not a Redis URL. Give redis://[user:password@]host:port[/db], or rediss:// for TLS.',
  );
}
