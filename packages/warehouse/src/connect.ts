import {
  ConfigError,
  type LogFields,
  type Logger,
  type PassMilestone,
  settlesWithin,
} from '@edgeledger/core';
import pg from 'pg';
import { IS_LOADER_SQL, LOADER_ROLE } from './loader-role.ts';
import { type DatabaseLabel, fromPostgresError } from './pg-errors.ts';
import { watchPool } from './watch-pool.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const QUERY_CONNECTIONS = 4;
const KEEP_ALIVE_AFTER_MS = 10_000;
const SILENCE_MS = 15_000;
/** Clients that are in use when everything is closed are cut off after that. */
const CLOSE_LIMIT_MS = 5_000;
const DATE_OID = 1082;

/**
 * Two pools to one database. A load keeps its connection for as long as its part streams, and meanwhile writes
 * rejects and receipts: if those waited for the same pool, loads could wait for each other for ever.
 */
export interface Connection {
  /** Short statements. Never held across an await on anything but Postgres. */
  readonly queries: pg.Pool;
  /** COPY and publish transactions. */
  readonly loads: pg.Pool;
  /** For queries that people write, as a user that may do nothing else; absent where there is no such login. */
  readonly readers?: pg.Pool | undefined;
  /** Where the pools connect to and as whom, for a connection of another login. Holds the password: not for logs. */
  readonly target: pg.ClientConfig;
  /** `host:port/database`, for messages. */
  readonly label: DatabaseLabel;
  readonly passing?: PassMilestone | undefined;
  /** How often a long piece of work shows that it is alive, in ms: well before silence means anything. */
  readonly beatMs: number;
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly connectionString: string;
  /** The same database for a login that only reads. */
  readonly readerConnectionString?: string | undefined;
  readonly applicationName: string;
  readonly maxConnections: number;
  readonly logger: Logger;
  readonly passing?: PassMilestone | undefined;
  /** How long a connection in use may be silent before the server is asked about it. Default 15 s. */
  readonly silenceMs?: number | undefined;
}

/** The timeout of a connection attempt. As a pool option it would also limit waiting for a free connection. */
class TimedClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    const given = typeof config === 'string' ? { connectionString: config } : config;
    super({ ...given, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  }
}

/** Days stay the text `YYYY-MM-DD`: the driver would make local midnight of them. */
const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === DATE_OID
      ? (text: string) => text
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

export const SESSION_SQL = `SET TIME ZONE 'UTC'; SET statement_timeout = 0; SET datestyle = 'ISO, YMD'; SET client_min_messages = warning`;

/** `host:port/database` of a connection string; refuses one that cannot be read, without repeating it. */
export function toDatabaseLabel(connectionString: string): DatabaseLabel {
  const { host, port, database } = parseConnectionString(connectionString);
  return `${host}:${port}/${database ?? ''}`;
}

/** With all that the driver adds to it. */
function parseConnectionString(connectionString: string): pg.Client {
  try {
    return new pg.Client({ connectionString });
  } catch (error) {
    throw new ConfigError(
      'config.invalid',
      'DATABASE_URL cannot be read. It should look like postgres://user:password@host:5432/database; special characters in the password must be percent-encoded.',
      { cause: error },
    );
  }
}

function toTarget({ connectionString, applicationName }: ConnectOptions): pg.ClientConfig {
  const { host, port, database, ssl, password } = parseConnectionString(connectionString);
  return {
    ...{ host, port, database, ssl, password },
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types: typeParsers,
  };
}

interface PoolOptions extends ConnectOptions {
  readonly sessionSql: string;
  /** Aborted when we close: that the server hangs up then is no news. */
  readonly closing: AbortSignal;
}

function createPool(options: PoolOptions, max: number, label: DatabaseLabel): pg.Pool {
  const config: pg.PoolConfig = {
    connectionString: options.connectionString,
    application_name: options.applicationName,
    max,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    types: typeParsers,
    Client: TimedClient,
    onConnect: (client) =>
      client.query(
        `${options.sessionSql}; SET idle_in_transaction_session_timeout = ${toIdleLimitMs(options)}`,
      ) as unknown as undefined,
  };
  const pool = new pg.Pool(config);
  const report = (error: Error): void => {
    if (options.closing.aborted) return;
    const fields: LogFields = { database: label, error: error.message };
    options.logger.warn(fields, 'connection to Postgres lost');
  };
  pool.on('error', report);
  // without a listener, a connection that breaks while it is checked out would end the process
  pool.on('connect', (client) => client.on('error', report));
  return pool;
}

/**
 * A process that is frozen in a transaction, or a connection that died without a word, keeps locks that others wait for. Between
 * two of our statements there never is more than a moment, or a heartbeat; a COPY that waits for its vendor is no idle transaction.
 */
function toIdleLimitMs({ silenceMs = SILENCE_MS }: ConnectOptions): number {
  return 4 * silenceMs;
}

/** Proves that the server answers, and finds out as what to work there. */
async function readSessionSql({ connectionString, applicationName }: ConnectOptions): Promise<string> {
  const client = new TimedClient({ connectionString, application_name: applicationName });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = await client.query<{ is_loader: boolean }>(IS_LOADER_SQL);
    return found.rows[0]?.is_loader === true ? `${SESSION_SQL}; SET ROLE ${LOADER_ROLE}` : SESSION_SQL;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Opens both pools and proves that the server answers. */
export async function openConnection(options: ConnectOptions): Promise<Connection> {
  const label = toDatabaseLabel(options.connectionString);
  let sessionSql: string;
  try {
    sessionSql = await readSessionSql(options);
  } catch (error) {
    throw fromPostgresError(error, 'Connecting to the warehouse', label);
  }
  const closing = new AbortController();
  const pooled = { ...options, sessionSql, closing: closing.signal };
  const queries = createPool(pooled, QUERY_CONNECTIONS, label);
  const loads = createPool(pooled, Math.max(1, options.maxConnections - QUERY_CONNECTIONS), label);
  const readers =
    options.readerConnectionString === undefined
      ? undefined
      : createPool(
          { ...pooled, connectionString: options.readerConnectionString, sessionSql: SESSION_SQL },
          1,
          label,
        );
  const { connectionString, logger, silenceMs = SILENCE_MS } = options;
  const watches = [queries, loads].map((pool) => watchPool(pool, { connectionString, logger, silenceMs }));
  const close = async (): Promise<void> => {
    closing.abort();
    // a pool waits for those who still use it, and they may wait for ever
    if (!(await settlesWithin(Promise.all([queries.end(), loads.end(), readers?.end()]), CLOSE_LIMIT_MS))) {
      logger.warn({ database: label }, 'connections to Postgres are still in use and are left to the server');
    }
    for (const watch of watches) watch.stop();
  };
  const { passing } = options;
  return { queries, loads, readers, target: toTarget(options), label, passing, beatMs: silenceMs / 3, close };
}
