import { ConfigError, type Logger, settlesWithin } from '@edgeledger/core';
import type { FlowProducer, Processor, Queue, Worker, WorkerOptions } from 'bullmq';
import { QUEUE_KEYS, QUEUE_NAMES, type QueueKey } from './catalog.ts';
import { createErrorLog } from './error-log.ts';
import type { StoreFacts } from './inspect-store.ts';
import { openPostgresConnections } from './postgres-backend.ts';
import { openRedisConnections } from './redis-backend.ts';
import { type JobTelemetry, openJobTelemetry } from './traced-jobs.ts';

export type BackendKind = 'redis' | 'postgres';

export interface QueueBackendOptions {
  /** `redis://` or `rediss://`, with credentials; wins over `databaseUrl`. */
  readonly redisUrl?: string;
  /** Postgres connection string, for BullMQ's PostgreSQL backend (schema `bullmq`). */
  readonly databaseUrl?: string;
  readonly logger: Logger;
  /** Version of this program, when traces go with the jobs; absent: none do. */
  readonly traceVersion?: string;
  /** First retry delay of every job instead of the catalog's, for tests and the demo. */
  readonly backoffMs?: number;
  /** How long the store may be silent before its connection is taken for dead, in ms. Default 30 s. */
  readonly silenceMs?: number;
}

/** Workers ask Redis to hold an answer back for ten seconds at most. */
const SILENCE_MS = 30_000;
const CLOSE_LIMIT_MS = 3_000;

/** What every store needs to know. */
export interface StoreOptions {
  readonly logger: Logger;
  readonly silenceMs: number;
  readonly tracing: Tracing;
}

/** Where the jobs are. Whoever opened it closes it, after the consumers and producers on it. */
export interface QueueBackend {
  readonly kind: BackendKind;
  readonly backoffMs: number | undefined;
  readonly queues: Readonly<Record<QueueKey, Queue>>;
  createWorker(key: QueueKey, processor: Processor, options: WorkerTuning): Worker;
  createFlowProducer(): FlowProducer;
  /** Rejects when the store does not answer. */
  ping(): Promise<void>;
  /** What the store is and how it is set up. */
  inspect(): Promise<StoreFacts>;
  close(): Promise<void>;
}

export type WorkerTuning = Omit<WorkerOptions, 'connection' | 'prefix' | 'telemetry'>;

/** For every class of BullMQ; empty without traces. */
export interface Tracing {
  readonly telemetry?: JobTelemetry;
}

/**
 * What a store has to offer. The classes are typed as BullMQ's Redis-backed ones whatever the store is: their
 * backend parameter only shows in `getBackend()`, which nothing here calls.
 */
export interface QueueConnections {
  readonly kind: BackendKind;
  createQueue(name: string): Queue;
  createWorker(name: string, processor: Processor, options: WorkerTuning): Worker;
  createFlowProducer(): FlowProducer;
  ping(): Promise<void>;
  inspect(): Promise<StoreFacts>;
  close(): Promise<void>;
}

/**
 * Redis when `redisUrl` is given, else BullMQ's PostgreSQL backend.
 *
 * @throws TransientError `queue.unavailable` when the store cannot be reached.
 * @throws ConfigError when neither URL is given, a URL or a credential is wrong, or the queue's tables are
 *   missing (`warehouse.not-migrated`: run {@link migrateQueue}).
 */
export async function openQueueBackend(options: QueueBackendOptions): Promise<QueueBackend> {
  const connections = await openConnections(options);
  const { logger } = options;
  const queues = Object.fromEntries(
    QUEUE_KEYS.map((key) => {
      const queue = connections.createQueue(QUEUE_NAMES[key]);
      const fields = { queue: QUEUE_NAMES[key] };
      queue.on('error', createErrorLog({ logger, message: 'queue connection error', fields }));
      return [key, queue];
    }),
  ) as Record<QueueKey, Queue>;
  let closing: Promise<void> | undefined;
  return {
    kind: connections.kind,
    backoffMs: options.backoffMs,
    queues,
    createWorker: (key, processor, tuning) => connections.createWorker(QUEUE_NAMES[key], processor, tuning),
    createFlowProducer: () => connections.createFlowProducer(),
    ping: () => connections.ping(),
    inspect: () => connections.inspect(),
    close: () => {
      closing ??= closeAll(Object.values(queues), connections);
      return closing;
    },
  };
}

/** A store that does not answer must not keep the process: what is not said to it, it finds out by itself. */
async function closeAll(queues: readonly Queue[], connections: QueueConnections): Promise<void> {
  await settlesWithin(Promise.allSettled(queues.map((queue) => queue.close())), CLOSE_LIMIT_MS);
  await settlesWithin(connections.close(), CLOSE_LIMIT_MS);
}

async function openConnections(options: QueueBackendOptions): Promise<QueueConnections> {
  const { redisUrl, databaseUrl, logger, traceVersion, silenceMs = SILENCE_MS } = options;
  const tracing: Tracing =
    traceVersion === undefined ? {} : { telemetry: await openJobTelemetry(traceVersion) };
  const store = { logger, silenceMs, tracing };
  if (redisUrl !== undefined) return await openRedisConnections(redisUrl, store);
  if (databaseUrl !== undefined) return await openPostgresConnections(databaseUrl, store);
  throw new ConfigError(
    'config.missing',
    'Opening the queue: no REDIS_URL and no DATABASE_URL. Set one of them.',
  );
}

/** A BullMQ queue, for the dashboard's adapter; nothing else looks inside. */
export interface RawQueue {
  readonly name: string;
}

/** The queues in display order. They close with the backend. */
export function listQueues(backend: QueueBackend): readonly RawQueue[] {
  return QUEUE_KEYS.map((key) => backend.queues[key]);
}
