import { execFile } from 'node:child_process';
import { chown, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { ConfigError } from '@edgeledger/core';
import type { Programs } from './binaries.ts';

const run = promisify(execFile);

type Environment = Programs['environment'];

/** How to run Postgres's programs: directly, or as somebody else, because Postgres refuses to run as root. */
export interface Identity {
  /** Put in front of the command line. */
  readonly prefix: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

const NOBODY = 65_534;
const USER_NAMESPACE = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`];

/**
 * As an ordinary user: nothing to do. As root, first a user namespace in which root is called nobody: files stay
 * root's, so it works also below directories that only root may enter. Where that is forbidden (containers),
 * the user `postgres` or `nobody`, who then must own the folder and reach it and the programs.
 */
export async function chooseIdentity(
  folder: string,
  { postgres: binary, environment }: Programs,
): Promise<Identity> {
  if (process.getuid?.() !== 0) return { prefix: [] };
  // what another user made stays that user's: Postgres wants to own its data folder
  const owner = await findOwner(path.join(folder, 'data'));
  if (owner !== undefined && owner.uid !== 0) return { prefix: [], ...owner };
  if (await succeeds([...USER_NAMESPACE, binary, '--version'], environment))
    return { prefix: USER_NAMESPACE };
  for (const name of ['postgres', 'nobody']) {
    const ids = await findUser(name, environment);
    if (ids === undefined) continue;
    const mayReach = (file: string): Promise<boolean> => isReachable(file, { ...ids, environment });
    if ((await mayReach(folder)) && (await mayReach(binary))) {
      await chownAll(folder, ids);
      return { prefix: [], ...ids };
    }
  }
  throw new ConfigError(
    'warehouse.embedded-failed',
    `Postgres does not run as root, and here it cannot be run as anybody else: user namespaces are not permitted, and neither the user postgres nor nobody may enter ${folder} and the folder of Postgres's programs. Set DATABASE_URL to a Postgres server, or run edgeledger as an ordinary user, or move EDGELEDGER_HOME to a folder that everybody may enter.`,
  );
}

async function findOwner(file: string): Promise<{ uid: number; gid: number } | undefined> {
  return await stat(file).then(
    ({ uid, gid }) => ({ uid, gid }),
    () => undefined,
  );
}

async function succeeds([command = '', ...rest]: readonly string[], env: Environment): Promise<boolean> {
  try {
    await run(command, rest, { env });
    return true;
  } catch {
    return false;
  }
}

async function findUser(name: string, env: Environment): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const uid = Number((await run('id', ['-u', name], { env })).stdout.trim());
    const gid = Number((await run('id', ['-g', name], { env })).stdout.trim());
    return Number.isInteger(uid) && Number.isInteger(gid) ? { uid, gid } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether that user may enter every folder above the file; asked of the system itself, which knows all rules. */
async function isReachable(
  file: string,
  {
    uid,
    gid,
    environment,
  }: { readonly uid: number; readonly gid: number; readonly environment: Environment },
): Promise<boolean> {
  try {
    await run(process.execPath, ['-e', 'require("fs").accessSync(process.argv[1])', file], {
      uid,
      gid,
      cwd: '/',
      env: environment,
    });
    return true;
  } catch {
    return false;
  }
}

async function chownAll(folder: string, ids: { readonly uid: number; readonly gid: number }): Promise<void> {
  await chown(folder, ids.uid, ids.gid);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isSymbolicLink()) await chown(path.join(entry.parentPath, entry.name), ids.uid, ids.gid);
  }
}
