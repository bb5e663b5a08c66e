import { spawn } from 'node:child_process';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { ConfigError, type Logger } from '@edgeledger/core';
import pg from 'pg';
import type { Programs } from './binaries.ts';
import { DATABASE, exists, type ServerPaths, SUPERUSER } from './cluster.ts';
import type { Identity } from './identity.ts';
import { findProgram, isProcessAlive, until } from './processes.ts';

const HOST = '127.0.0.1';
/** Recovery after a crash may take this long before the first connection is accepted. */
const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 60_000;
const POLL_MS = 40;
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
}

export function toConnectionString(
  port: number,
  password: string,
  database: string = DATABASE,
  user: string = SUPERUSER,
): string {
  return `postgres://${user}:${password}@${HOST}:${port}/${database}`;
}

/** Whether a server that knows our password answers there; 'starting' while it is not ready yet. */
export async function probe(port: number, password: string): Promise<'ready' | 'starting' | 'other'> {
  const client = new pg.Client({
    connectionString: toConnectionString(port, password, 'postgres'),
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return 'ready';
  } catch (error) {
    // 57P03 cannot_connect_now: starting up, recovering or shutting down
    return error instanceof Error && 'code' in error && error.code === '57P03' ? 'starting' : 'other';
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** First and fourth line of postmaster.pid: process and port. */
async function readPidFile(paths: ServerPaths): Promise<RunningServer | undefined> {
  const text = await readFile(paths.pidFile, 'utf8').catch(() => undefined);
  const lines = text?.split('\n') ?? [];
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  return Number.isInteger(pid) && pid > 0 ? { pid, port: Number.isInteger(port) ? port : 0 } : undefined;
}

/**
 * The server that runs on this data folder already, whoever started it. A pid file whose process is gone, or
 * is not a Postgres (the number was used again after a reboot), is stale: it is removed.
 */
export async function findRunningServer(
  paths: ServerPaths,
  password: string,
  environment: Programs['environment'],
): Promise<RunningServer | undefined> {
  let found: RunningServer | undefined;
  await until(
    async () => {
      found = await readPidFile(paths);
      if (found === undefined || !(await isProcessAlive(found.pid))) {
        found = undefined;
        return true;
      }
      if (found.port > 0 && (await probe(found.port, password)) === 'ready') return true;
      const program = await findProgram(found.pid, environment);
      if (program !== undefined && !/postgres/i.test(program)) {
        found = undefined;
        return true;
      }
      return false;
    },
    { timeoutMs: START_TIMEOUT_MS, intervalMs: POLL_MS },
  );
  if (found === undefined) {
    await rm(paths.pidFile, { force: true });
    return undefined;
  }
  if ((await probe(found.port, password)) === 'ready') return found;
  throw new ConfigError(
    'warehouse.embedded-failed',
    `A Postgres (process ${found.pid}) holds ${paths.data} but does not let us in. End it, or see ${paths.log}.`,
  );
}

export interface StartRequest {
  readonly paths: ServerPaths;
  readonly programs: Programs;
  readonly identity: Identity;
  readonly password: string;
  readonly port: number | undefined;
  readonly durable: boolean;
  readonly maxConnections: number;
  readonly logger: Logger;
}

const ATTEMPTS = 3;

/** Starts the server and waits until it lets us in. */
export async function startServer(request: StartRequest): Promise<RunningServer> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await choosePort(request, attempt);
    const started = await launch(request, port);
    if (started !== undefined) return started;
    // somebody may have taken the port between the look and the start
    if (attempt < ATTEMPTS && !(await isPortFree(port))) continue;
    throw new ConfigError(
      'warehouse.embedded-failed',
      `The embedded Postgres in ${request.paths.folder} did not start. The end of its log: ${await readLogTail(request.paths)}. Set DATABASE_URL to use another server.`,
    );
  }
}

async function choosePort({ port, paths }: StartRequest, attempt: number): Promise<number> {
  if (port !== undefined && (await isPortFree(port))) return port;
  const remembered = Number(await readFile(paths.port, 'utf8').catch(() => ''));
  const usable = Number.isInteger(remembered) && remembered > 0 && remembered < 65_536;
  if (port === undefined && attempt === 1 && usable && (await isPortFree(remembered))) return remembered;
  return await findFreePort(0);
}

async function isPortFree(port: number): Promise<boolean> {
  return await findFreePort(port).then(
    () => true,
    () => false,
  );
}

/** Binds and frees it again; 0 lets the system choose. Rejects when it is taken. */
async function findFreePort(port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: HOST, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}

function serverArguments({ paths, durable, maxConnections }: StartRequest, port: number): string[] {
  const settings: Record<string, string> = {
    port: String(port),
    listen_addresses: HOST,
    unix_socket_directories: '',
    shared_buffers: '256MB',
    max_connections: String(maxConnections),
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    timezone: 'UTC',
    log_timezone: 'UTC',
    fsync: durable ? 'on' : 'off',
    full_page_writes: durable ? 'on' : 'off',
    synchronous_commit: durable ? 'on' : 'off',
  };
  return [
    '-D',
    paths.data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** Undefined when the process ended instead of accepting connections. */
async function launch(request: StartRequest, port: number): Promise<RunningServer | undefined> {
  const { paths, identity, programs, password } = request;
  await rotateLog(paths);
  const log = await open(paths.log, 'a', 0o600);
  let ended = false;
  try {
    const [command = programs.postgres, ...rest] = [
      ...identity.prefix,
      programs.postgres,
      ...serverArguments(request, port),
    ];
    const child = spawn(command, rest, {
      cwd: paths.folder,
      env: programs.environment,
      // its own process group: Ctrl-C in the terminal is for us, and we stop the server when we are done
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...(identity.uid === undefined ? {} : { uid: identity.uid }),
      ...(identity.gid === undefined ? {} : { gid: identity.gid }),
    });
    child.once('error', () => {
      ended = true;
    });
    child.once('exit', () => {
      ended = true;
    });
    child.unref();
  } finally {
    await log.close();
  }
  let ready = false;
  await until(
    async () => {
      if (ended) return true;
      const recorded = await readPidFile(paths);
      ready = recorded?.port === port && (await probe(port, password)) === 'ready';
      return ready;
    },
    { timeoutMs: START_TIMEOUT_MS, intervalMs: POLL_MS },
  );
  const running = await readPidFile(paths);
  return ready && running !== undefined ? running : undefined;
}

/** Fast shutdown: open transactions roll back, everything is written, the pid file goes. */
export async function stopServer(
  paths: ServerPaths,
  server: RunningServer,
  { pgCtl, environment }: Programs,
): Promise<void> {
  if (process.platform === 'win32') {
    // there are no signals; pg_ctl knows the way
    spawn(pgCtl, ['stop', '-D', paths.data, '-m', 'fast'], { stdio: 'ignore', env: environment });
  } else {
    try {
      process.kill(server.pid, 'SIGINT');
    } catch {
      return;
    }
  }
  const stopped = await until(
    async () => !(await exists(paths.pidFile)) && !(await isProcessAlive(server.pid)),
    { timeoutMs: STOP_TIMEOUT_MS, intervalMs: POLL_MS },
  );
  if (!stopped && (await isProcessAlive(server.pid))) {
    throw new ConfigError(
      'warehouse.embedded-failed',
      `The embedded Postgres (process ${server.pid}) did not stop within a minute. See ${paths.log}.`,
    );
  }
}

async function rotateLog(paths: ServerPaths): Promise<void> {
  const size = await stat(paths.log).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_LIMIT_BYTES) await rename(paths.log, `${paths.log}.1`);
}

async function readLogTail(paths: ServerPaths): Promise<string> {
  const text = await readFile(paths.log, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-3).join(' / ') || 'it is empty';
}
