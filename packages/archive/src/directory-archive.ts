import { createReadStream } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, rmdir, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Archive, DAY_MS, type UnitKey } from '@edgeledger/core';
import { createGuard, toMissingError } from './archive-error.ts';
import { toObjectName } from './object-name.ts';
import { beginEntry, removeOldSpoolFiles } from './spool-file.ts';
import { verifyBytes } from './verified-bytes.ts';

export interface DirectoryArchiveOptions {
  /** Absolute path. */
  readonly path: string;
  readonly keepDays: number;
}

/** Inside the archive's folder, so that a finished file is moved within one file system. */
const SPOOL = '.incoming';
const READ_BYTES = 256 * 1024;

/** Files in a directory: written beside, flushed, and moved to their place in one step. */
export function createDirectoryArchive({ path: root, keepDays }: DirectoryArchiveOptions): Archive {
  const spool = join(root, SPOOL);
  const guarded = createGuard(root);
  return {
    begin: (unit) =>
      beginEntry(unit, {
        spool,
        guarded,
        keep: (file, sha256) => moveToPlace(file.path, join(root, toObjectName(unit, sha256))),
      }),
    has: (unit, sha256) => isThere(join(root, toObjectName(unit, sha256))),
    open: (unit, sha256, signal) =>
      guarded(`Reading a file of ${unit.reportKey}`, () => openFile(root, { unit, sha256 }, signal)),
    prune: (now) =>
      guarded('Clearing out old files', async () => {
        await removeOldSpoolFiles(spool, now);
        return await pruneFolder(root, now.getTime() - keepDays * DAY_MS);
      }),
  };
}

async function moveToPlace(from: string, to: string): Promise<void> {
  if (await isThere(to)) {
    // the same bytes were received again: they count from now on
    const now = new Date();
    await utimes(to, now, now);
    await rm(from, { force: true });
    return;
  }
  const folder = dirname(to);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await rename(from, to);
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
    // clearing out removed the empty folder in between
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rename(from, to);
  }
  await syncFolder(folder);
}

/** Without it a crash of the machine may forget the new name. Not every file system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    return;
  }
}

interface WantedFile {
  readonly unit: UnitKey;
  readonly sha256: string;
}

async function openFile(root: string, { unit, sha256 }: WantedFile, signal: AbortSignal) {
  const path = join(root, toObjectName(unit, sha256));
  if (!(await isThere(path))) throw toMissingError(unit, sha256, root);
  return verifyBytes(createReadStream(path, { signal, highWaterMark: READ_BYTES }), unit, sha256);
}

/** Removes old files, and folders that are empty then. */
async function pruneFolder(folder: string, beforeMs: number): Promise<number> {
  let removed = 0;
  const entries = await readdir(folder, { withFileTypes: true }).catch((thrown) => {
    if (isMissing(thrown)) return [];
    throw thrown;
  });
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== SPOOL) {
      removed += await pruneFolder(path, beforeMs);
      // fails, rightly, when something is in it
      await rmdir(path).catch(() => undefined);
    } else if (entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name)) {
      const found = await stat(path).catch(() => undefined);
      if (found === undefined || found.mtimeMs >= beforeMs) continue;
      await rm(path, { force: true });
      removed += 1;
    }
  }
  return removed;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}
