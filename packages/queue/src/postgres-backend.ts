import { ConfigError, EdgeledgerError, redactUrl, TransientError } from '@edgeledger/core';
import {
  assertSchemaCompatibility,
  createPostgresBackend,
  FlowProducer,
  LATEST_SCHEMA_VERSION,
  type PgPool,
  Queue,
  runMigrations,
  SchemaMigrationRequiredError,
  SchemaVersionMismatchError,
  UnsupportedPostgresVersionError,
  Worker,
} from 'bullmq';
import pg from 'pg';
import type { QueueConnections, StoreOptions } from './backend.ts';
import { watchListeners } from './watch-listeners.ts';

/** The only schema BullMQ accepts together with a pool of ours. */
const SCHEMA = 'bullmq';
/** Of these each worker keeps one for LISTEN: three are taken, the rest serve short queries. */
const POOL_SIZE = 10;
const CONNECT_TIMEOUT_MS = 5_000;
const KEEP_ALIVE_AFTER_MS = 10_000;

/**
 * One pool for all queues and workers of the process. BullMQ would open one per object otherwise, which
 * eats an embedded server's connections.
 */
export async function openPostgresConnections(
  databaseUrl: string,
  { logger, silenceMs, tracing }: StoreOptions,
): Promise<QueueConnections> {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: POOL_SIZE,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    // no statement of the queue takes long; one that does goes over a dead connection
    query_timeout: silenceMs,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'edgeledger-queue',
    // BullMQ's statements name no schema
    options: `-c search_path=${SCHEMA}`,
  });
  pool.setMaxListeners(0);
  pool.on('error', (error) => logger.warn({ error: error.message }, 'queue database connection error'));
  const watch = watchListeners(pool, logger, silenceMs);
  try {
    await assertMigrated(pool);
  } catch (error) {
    watch.stop();
    await pool.end();
    throw toOpenError(error, databaseUrl);
  }
  // BullMQ describes pg.Pool by a structure of its own, which the published types of pg miss in one overload
  const connection = pool as unknown as PgPool;
  // See QueueConnections: the casts hide which store BullMQ's classes are parameterized with.
  return {
    kind: 'postgres',
    createQueue: (name) =>
      new Queue(name, { ...tracing, connection }, createPostgresBackend) as unknown as Queue,
    createWorker: (name, processor, options) =>
      new Worker(
        name,
        processor,
        { ...options, ...tracing, connection },
        createPostgresBackend,
      ) as unknown as Worker,
    createFlowProducer: () =>
      new FlowProducer({ ...tracing, connection }, createPostgresBackend) as unknown as FlowProducer,
    ping: async () => {
      await pool.query('SELECT 1');
    },
    inspect: async () => ({ kind: 'postgres' }),
    close: () => {
      watch.stop();
      return pool.end();
    },
  };
}

/**
 * Creates or upgrades BullMQ's tables in schema `bullmq`; safe to repeat and to run from several processes.
 * Not needed with Redis.
 */
export async function migrateQueue(options: { readonly databaseUrl: string }): Promise<{ version: number }> {
  const client = new pg.Client({
    connectionString: options.databaseUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    // whoever loads may use the tables but not make any, and need not when they are there
    const version = await findVersion(client);
    if (version === LATEST_SCHEMA_VERSION) return { version };
    return { version: await runMigrations(client, SCHEMA) };
  } catch (error) {
    throw toOpenError(error, options.databaseUrl);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Undefined when there are no tables yet, or they cannot be looked at. */
async function findVersion(client: pg.Client): Promise<number | undefined> {
  try {
    return await assertSchemaCompatibility(client, SCHEMA);
  } catch (error) {
    if (error instanceof SchemaVersionMismatchError) throw error;
    return undefined;
  }
}

async function assertMigrated(pool: pg.Pool): Promise<void> {
  const version = await assertSchemaCompatibility(pool, SCHEMA);
  // BullMQ itself accepts older tables and then fails on the first function it misses
  if (version < LATEST_SCHEMA_VERSION) throw new SchemaMigrationRequiredError(SCHEMA);
}

/** SQLSTATE to what a person must do; what is not listed is a server that may come back. */
const PERSON_MUST_ACT: Readonly<Record<string, (where: string) => ConfigError>> = {
  '28P01': refused,
  '28000': refused,
  '42501': (where) =>
    new ConfigError(
      'warehouse.auth-rejected',
      `Opening the queue: the user of DATABASE_URL may not use schema "${SCHEMA}" at ${where}. Grant it, or use its owner.`,
    ),
  '3D000': (where) =>
    new ConfigError(
      'config.invalid',
      `Opening the queue: there is no such database at ${where}. Create it, or correct DATABASE_URL.`,
    ),
};

function refused(where: string): ConfigError {
  return new ConfigError(
    'warehouse.auth-rejected',
    `Opening the queue: Postgres at ${where} refused the credentials. Check user and password in DATABASE_URL.`,
  );
}

function toOpenError(error: unknown, databaseUrl: string): Error {
  if (error instanceof EdgeledgerError) return error;
  const where = redactUrl(databaseUrl);
  if (error instanceof SchemaMigrationRequiredError) {
    return new ConfigError(
      'warehouse.not-migrated',
      `Opening the queue: its tables are missing or old at ${where}. Run "edgeledger migrate".`,
    );
  }
  if (error instanceof SchemaVersionMismatchError) {
    return new ConfigError(
      'warehouse.schema-too-new',
      `Opening the queue: its tables at ${where} were made by a newer version. Upgrade Edgeledger.`,
    );
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UnsupportedPostgresVersionError) {
    return new ConfigError('config.invalid', `Opening the queue: ${message} Use a newer Postgres, or Redis.`);
  }
  const sqlState = error instanceof Error && 'code' in error ? String(error.code) : '';
  return (
    PERSON_MUST_ACT[sqlState]?.(where) ??
    new TransientError(
      'queue.unavailable',
      `Opening the queue: Postgres at ${where} does not answer (${message || sqlState}). Start it, or correct DATABASE_URL.`,
    )
  );
}
