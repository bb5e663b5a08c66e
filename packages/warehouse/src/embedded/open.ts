import { writeFile } from 'node:fs/promises';
import { ConfigError, EdgeledgerError, type Logger, rememberSecret } from '@edgeledger/core';
import pg from 'pg';
import { findBinaries, type Programs } from './binaries.ts';
import {
  DATABASE,
  initializeCluster,
  makeFolder,
  readPassword,
  type ServerPaths,
  toServerPaths,
} from './cluster.ts';
import { chooseIdentity } from './identity.ts';
import { takeLease, withFolderLock } from './lease.ts';
import { ensureReader, hasSpareRights, takeSpareRights, toReaderConnectionString } from './reader-login.ts';
import {
  findRunningServer,
  type RunningServer,
  startServer,
  stopServer,
  toConnectionString,
} from './server.ts';

export interface EmbeddedPostgresOptions {
  /** `EDGELEDGER_HOME`; the server lives in `<home>/postgres`. On a disk of this machine, for this machine alone. */
  readonly home: string;
  readonly logger: Logger;
  /** Preferred port. Default: the one of last time, else a free one. */
  readonly port?: number;
  /** False for tests: faster, and a crash of the machine may damage it. */
  readonly durable?: boolean;
  /** Default 100. */
  readonly maxConnections?: number;
  /** All that the server's programs see of the environment. Default: nothing. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres extends AsyncDisposable {
  /** Holds the password: not for logs. */
  readonly connectionString: string;
  /** For a login that may read what was loaded, and nothing else. Holds a password, too. */
  readonly readerConnectionString: string;
  readonly port: number;
  /** False when another process had started it. */
  readonly startedHere: boolean;
  /** Stops the server, unless another process still uses it. */
  close(): Promise<void>;
}

/**
 * A Postgres server of our own, for machines that have none: made on first use, kept between runs, shared by
 * all processes with the same home. Being killed at any moment, a stale pid file, a taken port or a half-made
 * data folder heal at the next opening; a server whose starter died is adopted.
 */
export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const paths = toServerPaths(options.home);
  try {
    const programs = { ...(await findBinaries()), environment: options.environment ?? {} };
    await makeFolder(paths);
    return await withFolderLock(paths.folder, () => openLocked(options, paths, programs));
  } catch (error) {
    if (error instanceof EdgeledgerError) throw error;
    throw new ConfigError(
      'warehouse.embedded-failed',
      `The embedded Postgres in ${paths.folder} cannot be used: ${error instanceof Error ? error.message : String(error)}. Set DATABASE_URL to use another server.`,
      { cause: error },
    );
  }
}

async function openLocked(
  options: EmbeddedPostgresOptions,
  paths: ServerPaths,
  programs: Programs,
): Promise<EmbeddedPostgres> {
  const { logger } = options;
  const password = await readPassword(paths);
  rememberSecret(password);
  const found = await findRunningServer(paths, password, programs.environment);
  const server = found ?? (await startFresh(options, { paths, programs, password }));
  const lease = await takeLease(paths.folder);
  try {
    await writeFile(paths.port, `${server.port}\n`, { mode: 0o600 });
    await ensureDatabase(server.port, password);
  } catch (error) {
    if (await lease.release()) await stopServer(paths, server, programs);
    throw error;
  }
  logger.debug(
    { port: server.port, folder: paths.folder, started: found === undefined },
    'embedded Postgres is up',
  );
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= withFolderLock(paths.folder, async () => {
      if (await lease.release()) await stopServer(paths, server, programs);
    });
    return closed;
  };
  const readerConnectionString = toReaderConnectionString(server.port, password);
  rememberSecret(readerConnectionString);
  return {
    connectionString: toConnectionString(server.port, password),
    readerConnectionString,
    port: server.port,
    startedHere: found === undefined,
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface FreshStart {
  readonly paths: ServerPaths;
  readonly programs: Programs;
  readonly password: string;
}

async function startFresh(options: EmbeddedPostgresOptions, fresh: FreshStart): Promise<RunningServer> {
  const identity = await chooseIdentity(fresh.paths.folder, fresh.programs);
  await initializeCluster(fresh.paths, fresh.programs, identity);
  return await startServer({
    ...fresh,
    identity,
    port: options.port,
    durable: options.durable ?? true,
    maxConnections: options.maxConnections ?? 100,
    logger: options.logger,
  });
}

async function ensureDatabase(port: number, password: string): Promise<void> {
  const isOpen = await withClient(toConnectionString(port, password, 'postgres'), async (client) => {
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
    await ensureReader(client, password);
    return await hasSpareRights(client);
  });
  if (isOpen) await withClient(toConnectionString(port, password), takeSpareRights);
}

async function withClient<Result>(
  connectionString: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
