import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from '@edgeledger/core';
import { isProcessAlive, until } from './processes.ts';

/*
 * Several processes may use one embedded server. Each holds a lease, a file users/<pid>-<random>; whoever closes the
 * last live one stops the server, whether it started it or not. Leases of dead processes do not count. Starting
 * and stopping happen under a lock, so that nobody joins a server that is about to stop.
 */

const LOCK_TIMEOUT_MS = 120_000;
const LOCK_INTERVAL_MS = 50;

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

/** Runs `work` while no other process starts or stops the server in this folder. */
export async function withFolderLock<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  const lock = path.join(folder, 'start.lock');
  const mine = `${process.pid}-${randomUUID()}`;
  const own = path.join(folder, `start.lock.${mine}`);
  await writeFile(own, mine, { mode: 0o600 });
  try {
    const locked = await until(() => tryLock(lock, own), {
      timeoutMs: LOCK_TIMEOUT_MS,
      intervalMs: LOCK_INTERVAL_MS,
    });
    if (!locked) {
      throw new ConfigError(
        'warehouse.embedded-failed',
        `Another process has been starting or stopping the embedded Postgres in ${folder} for two minutes. If there is none, delete ${lock}.`,
      );
    }
    try {
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  } finally {
    await rm(own, { force: true });
  }
}

/** A hard link appears with its content, and fails when the name is taken. */
async function tryLock(lock: string, own: string): Promise<boolean> {
  try {
    await link(own, lock);
    return true;
  } catch (error) {
    if (!isExisting(error)) throw error;
  }
  const holder = await readFile(lock, 'utf8').catch(() => undefined);
  if (holder === undefined || (await isProcessAlive(Number.parseInt(holder, 10)))) return false;
  // its holder was killed: of several that notice, one rename wins, and what it took is checked
  const taken = `${own}.stale`;
  try {
    await rename(lock, taken);
    if ((await readFile(taken, 'utf8')) !== holder) await link(taken, lock).catch(() => undefined);
    await rm(taken, { force: true });
  } catch {
    // somebody else was faster
  }
  return false;
}

export interface Lease {
  /** Gives it back; true when no other live process holds one. Call it under the folder lock. */
  release(): Promise<boolean>;
}

/** Call it under the folder lock. */
export async function takeLease(folder: string): Promise<Lease> {
  const users = path.join(folder, 'users');
  await mkdir(users, { recursive: true, mode: 0o700 });
  const file = path.join(users, `${process.pid}-${randomUUID()}`);
  await writeFile(file, '', { mode: 0o600 });
  return {
    release: async () => {
      await rm(file, { force: true });
      return (await countLeases(users)) === 0;
    },
  };
}

async function countLeases(users: string): Promise<number> {
  let alive = 0;
  for (const name of await readdir(users)) {
    if (await isProcessAlive(Number.parseInt(name, 10))) alive += 1;
    else await rm(path.join(users, name), { force: true });
  }
  return alive;
}
