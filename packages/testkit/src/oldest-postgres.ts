import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type {} from './database.ts';
import { until } from './queue-stores.ts';
import { findFreePort } from './redis-server.ts';
import { ensureTemplate, withClient } from './test-server.ts';

/** The oldest major version of PostgreSQL that is supported. */
export const OLDEST_POSTGRES = 15;

/** Where Debian's package `postgresql-15` has its programs. */
const PROGRAMS = `/usr/lib/postgresql/${OLDEST_POSTGRES}/bin`;
const LOGIN = 'edgeledger';

/** Why the service tests cannot run on the oldest version here; undefined when they can. */
export function findOldestObstacle(): string | undefined {
  try {
    for (const program of ['initdb', 'postgres']) accessSync(join(PROGRAMS, program), constants.X_OK);
    return undefined;
  } catch {
    return `no PostgreSQL ${OLDEST_POSTGRES} in ${PROGRAMS}; install it with "apt-get install postgresql-${OLDEST_POSTGRES}"`;
  }
}

/** Vitest's global setup: a server of the oldest version for the whole project, with a folder of its own, gone after it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeledger-oldest-'));
  // Postgres does not run as root; the package made this user
  const user = process.getuid?.() === 0 ? { uid: findId('-u'), gid: findId('-g') } : {};
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const identity = ['--username', LOGIN, '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C.UTF-8'];
  execFileSync(join(PROGRAMS, 'initdb'), ['--pgdata', data, ...identity], { cwd: folder, ...user });
  const port = await findFreePort();
  const settings = ['fsync=off', 'max_connections=300', 'listen_addresses=127.0.0.1'];
  const server = spawn(
    join(PROGRAMS, 'postgres'),
    ['-D', data, '-p', String(port), '-k', folder, ...settings.flatMap((setting) => ['-c', setting])],
    { cwd: folder, stdio: 'ignore', ...user },
  );
  const stop = async (): Promise<void> => {
    await end(server);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const url = `postgres://${LOGIN}@127.0.0.1:${port}/postgres`;
    const answers = () =>
      withClient(url, (client) => client.query('SELECT 1')).then(
        () => true,
        () => false,
      );
    await until(`PostgreSQL ${OLDEST_POSTGRES} answers`, answers);
    project.provide('testPostgresUrl', url);
    project.provide('testPostgresTemplate', await ensureTemplate(url));
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

function findId(which: '-u' | '-g'): number {
  return Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }).trim());
}

/** Fast shutdown: sessions end, the server writes what it has to. */
async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGINT');
  await exited;
}
