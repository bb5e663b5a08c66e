import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, chmod, chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { ConfigError } from '@edgeledger/core';
import type { Programs } from './binaries.ts';
import type { Identity } from './identity.ts';

const run = promisify(execFile);

export const SUPERUSER = 'edgeledger';
export const DATABASE = 'edgeledger';

/** Where everything of the embedded server is. */
export interface ServerPaths {
  /** `<home>/postgres`. */
  readonly folder: string;
  readonly data: string;
  readonly password: string;
  readonly port: string;
  readonly log: string;
  readonly pidFile: string;
}

export function toServerPaths(home: string): ServerPaths {
  const folder = path.resolve(home, 'postgres');
  return {
    folder,
    data: path.join(folder, 'data'),
    password: path.join(folder, 'password'),
    port: path.join(folder, 'port'),
    log: path.join(folder, 'server.log'),
    pidFile: path.join(folder, 'data', 'postmaster.pid'),
  };
}

/**
 * Makes the folder of the server for nobody but its user: the log quotes statements, and the data are what they are. A home that
 * is there keeps its mode. One that root makes may be passed through, because the server may have to run as somebody else.
 */
export async function makeFolder({ folder }: ServerPaths): Promise<void> {
  await mkdir(path.dirname(folder), { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

export async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}

/** The superuser's password; made once, readable by its owner only. */
export async function readPassword(paths: ServerPaths): Promise<string> {
  if (await exists(paths.password)) return (await readFile(paths.password, 'utf8')).trim();
  if (await exists(path.join(paths.data, 'PG_VERSION'))) {
    throw new ConfigError(
      'warehouse.embedded-failed',
      `${paths.password} is missing, so the database in ${paths.data} cannot be opened. Restore that file, or remove ${paths.folder} to begin with an empty warehouse.`,
    );
  }
  const password = randomBytes(24).toString('base64url');
  const draft = `${paths.password}.new`;
  await writeFile(draft, `${password}\n`, { mode: 0o600 });
  await rename(draft, paths.password);
  return password;
}

/**
 * Makes the data folder when there is none. It is made under another name and renamed, so that being killed
 * meanwhile leaves nothing that looks like a database.
 */
export async function initializeCluster(
  paths: ServerPaths,
  programs: Programs,
  identity: Identity,
): Promise<void> {
  if (await exists(path.join(paths.data, 'PG_VERSION'))) {
    await assertSameVersion(paths, programs);
    return;
  }
  if ((await exists(paths.data)) && (await readdir(paths.data)).length > 0) {
    throw new ConfigError(
      'warehouse.embedded-failed',
      `${paths.data} holds something that is not a Postgres database. Move it away, or choose another EDGELEDGER_HOME.`,
    );
  }
  const draft = path.join(paths.folder, 'data.new');
  await rm(draft, { recursive: true, force: true });
  await rm(paths.data, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await chmod(draft, 0o700);
  const options = [
    `--pgdata=${draft}`,
    `--username=${SUPERUSER}`,
    '--auth=scram-sha-256',
    `--pwfile=${paths.password}`,
    '--encoding=UTF8',
    // the same order and letters on every machine, whatever locales it has
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
  ];
  const { uid, gid } = identity;
  const asUser = uid === undefined || gid === undefined ? {} : { uid, gid };
  const [command = programs.initdb, ...rest] = [...identity.prefix, programs.initdb, ...options];
  if (asUser.uid !== undefined) await giveTo(asUser, [draft, paths.password]);
  try {
    await run(command, rest, { cwd: paths.folder, env: programs.environment, ...asUser });
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new ConfigError(
      'warehouse.embedded-failed',
      `The embedded Postgres could not make its data folder ${paths.data}: ${output}. Set DATABASE_URL to use another server.`,
      { cause: error },
    );
  }
  await rename(draft, paths.data);
}

async function giveTo(ids: { readonly uid: number; readonly gid: number }, files: string[]): Promise<void> {
  for (const file of files) await chown(file, ids.uid, ids.gid);
}

async function assertSameVersion(paths: ServerPaths, programs: Programs): Promise<void> {
  const found = (await readFile(path.join(paths.data, 'PG_VERSION'), 'utf8')).trim();
  const { stdout } = await run(programs.postgres, ['--version'], { env: programs.environment });
  const ours = /\d+/.exec(stdout)?.[0];
  if (ours === undefined || ours === found) return;
  throw new ConfigError(
    'warehouse.embedded-failed',
    `The database in ${paths.data} was made by PostgreSQL ${found}, and this is ${ours}. Dump it with the old version and load it into the new one, or choose another EDGELEDGER_HOME.`,
  );
}
