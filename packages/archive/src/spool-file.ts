import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArchiveEntry, DAY_MS, type UnitKey } from '@edgeledger/core';
import type { Guarded } from './archive-error.ts';
import { isAbandoned, makeSpoolName } from './spool-owner.ts';

/** A file that is being received: on disk, never in memory, and known to nobody but its writer. */
export interface SpoolFile {
  readonly path: string;
  write(chunk: Uint8Array): Promise<void>;
  /** Waits until everything written is on the disk. */
  flush(): Promise<void>;
  /** Closes; gives the SHA-256 of everything written, hex. */
  finish(): Promise<string>;
  /** Closes and removes it; safe to call at any time, also when it was moved away. */
  remove(): Promise<void>;
}

export async function createSpoolFile(folder: string): Promise<SpoolFile> {
  // what vendors report is nobody's but our user's
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, makeSpoolName());
  const handle = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    await handle.close();
  };
  return {
    path,
    async write(chunk) {
      hash.update(chunk);
      for (let offset = 0; offset < chunk.length; ) {
        offset += (await handle.write(chunk, offset)).bytesWritten;
      }
    },
    flush: () => handle.sync(),
    async finish() {
      await close();
      return hash.digest('hex');
    },
    async remove() {
      await close();
      await rm(path, { force: true });
    },
  };
}

/** What killed processes left. Of those on other machines nothing is known, but nobody receives one file for a day. */
export async function removeOldSpoolFiles(folder: string, now: Date): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const path = join(folder, name);
    if (isAbandoned(name)) {
      await rm(path, { force: true });
      continue;
    }
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() && found.mtimeMs < now.getTime() - DAY_MS) await rm(path, { force: true });
  }
}

export interface EntryOptions {
  readonly spool: string;
  readonly guarded: Guarded;
  /** Puts the whole file where it belongs, and leaves nothing in the spool. */
  readonly keep: (file: SpoolFile, sha256: string) => Promise<void>;
}

/** An entry of an archive that is received in the spool first: its name holds the hash, which is known only at the end. */
export async function beginEntry(
  unit: Pick<UnitKey, 'reportKey'>,
  { spool, guarded, keep }: EntryOptions,
): Promise<ArchiveEntry> {
  const doing = `Keeping a file of ${unit.reportKey}`;
  const file = await guarded(doing, () => createSpoolFile(spool));
  return {
    write: (chunk) => guarded(doing, () => file.write(chunk)),
    commit: () =>
      guarded(doing, async () => {
        await file.flush();
        const sha256 = await file.finish();
        await keep(file, sha256);
        return sha256;
      }),
    discard: () => guarded(doing, () => file.remove()),
  };
}
