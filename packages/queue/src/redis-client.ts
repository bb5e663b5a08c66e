import {
  ConfigError,
  type Logger,
  parseRedisAddress,
  type RedisAddress,
  TransientError,
  toRedisLabel,
} from '@edgeledger/core';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { createErrorLog } from './error-log.ts';

export type RedisClient = Redis | Cluster;
/** Without the one option whose type depends on the client's type parameter. */
type PlainOptions = Omit<RedisOptions, 'replyMapping'>;
export type ClientTuning = Pick<
  RedisOptions,
  'enableOfflineQueue' | 'maxRetriesPerRequest' | 'socketTimeout'
>;

const CONNECT_TIMEOUT_MS = 5_000;
/** Sentinels and clusters are asked one after the other; a client that goes on asking for ever tells nobody why. */
const OPEN_LIMIT_MS = 15_000;
const CREDENTIALS_REFUSED = /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password)/;

/** @throws ConfigError `config.invalid`, without what was given. */
export function readRedisUrl(redisUrl: string): RedisAddress {
  const parsed = parseRedisAddress(redisUrl);
  if (parsed.ok) return parsed.address;
  throw new ConfigError('config.invalid', `REDIS_URL ${parsed.sentence}`);
}

/** A client that is not connected yet, for one server, a cluster, or whatever the sentinels call primary. */
export function createRedisClient(address: RedisAddress, logger: Logger, tuning: ClientTuning): RedisClient {
  const client = address.kind === 'cluster' ? createCluster(address, tuning) : createSingle(address, tuning);
  client.setMaxListeners(0);
  // only the message: a failed AUTH carries the password in its `command.args`
  const tell = createErrorLog({ logger, message: 'Redis connection error' });
  client.on('error', (error: Error) => tell(new Error(toMessage(error))));
  return client;
}

function createSingle(address: RedisAddress, tuning: ClientTuning): Redis {
  const options: PlainOptions = {
    ...toPlace(address),
    ...toCommon(address, tuning),
    db: address.database,
    retryStrategy: retryDelay,
  };
  return new Redis(options);
}

function toPlace(address: RedisAddress): PlainOptions {
  const [first] = address.hosts;
  if (address.kind !== 'sentinel') return first === undefined ? {} : { host: first.host, port: first.port };
  return {
    sentinels: address.hosts.map(({ host, port }) => ({ host, port })),
    name: address.primary ?? '',
    sentinelRetryStrategy: retryDelay,
    ...(address.sentinelPassword !== undefined && { sentinelPassword: address.sentinelPassword }),
    ...(address.tls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
    // a primary that was deposed comes back as a replica, which accepts no job
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  };
}

function createCluster(address: RedisAddress, { enableOfflineQueue, ...tuning }: ClientTuning) {
  return new Cluster(
    address.hosts.map(({ host, port }) => ({ host, port })),
    {
      lazyConnect: true,
      ...(enableOfflineQueue !== undefined && { enableOfflineQueue }),
      clusterRetryStrategy: retryDelay,
      // a node that restarts without losing its slots causes no MOVED, which would be the other way to find it again
      clusterNodeRetryStrategy: retryDelay,
      // with TLS the certificate is for the name, so the name stays
      ...(address.tls && { dnsLookup: (name, callback) => callback(null, name) }),
      redisOptions: toCommon(address, tuning),
    },
  );
}

function toCommon(address: RedisAddress, tuning: ClientTuning) {
  return {
    ...tuning,
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(address.user !== undefined && { username: address.user }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.tls && { tls: {} }),
  } satisfies RedisOptions;
}

/** 50 ms, 100 ms … 5 s: a restarted Redis is found again at once, a long absence is not hammered. */
function retryDelay(attempt: number): number {
  return Math.min(attempt * 50, 5_000);
}

/**
 * @throws ConfigError `config.invalid` when the credentials are refused; TransientError `queue.unavailable` when
 *   nothing answers.
 */
export async function connectRedis(client: RedisClient, address: RedisAddress): Promise<void> {
  let failure: Error | undefined;
  const remember = (error: Error): void => {
    failure ??= error;
  };
  client.on('error', remember);
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => limit.reject(new Error(`no answer within ${OPEN_LIMIT_MS / 1000} s`)),
    OPEN_LIMIT_MS,
  );
  try {
    await Promise.race([client.connect().then(() => client.ping()), limit.promise]);
  } catch (error) {
    throw toConnectError(failure ?? error, address);
  } finally {
    clearTimeout(timer);
    client.off('error', remember);
  }
}

function toConnectError(failure: unknown, address: RedisAddress): Error {
  const message = toMessage(failure);
  const cause = new Error(message);
  const where = toRedisLabel(address);
  if (CREDENTIALS_REFUSED.test(message)) {
    return new ConfigError(
      'config.invalid',
      `Opening the queue: Redis at ${where} refused the credentials. Check user and password in REDIS_URL.`,
      { cause },
    );
  }
  return new TransientError(
    'queue.unavailable',
    `Opening the queue: Redis at ${where} does not answer (${message}). Start it, or correct REDIS_URL.`,
    { cause },
  );
}

/** A cluster says only that its slots could not be read; what happened at the last node it keeps aside. */
function toMessage(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  const last = 'lastNodeError' in failure ? failure.lastNodeError : undefined;
  return last instanceof Error ? last.message : failure.message;
}
