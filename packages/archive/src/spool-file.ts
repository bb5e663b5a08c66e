import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DAY_MS } from '@edgeledger/core';
import { isAbandoned, makeSpoolName } from './spool-owner.ts';

/** A file that is being received: on disk, never in memory, and known to nobody but its writer. */
export interface SpoolFile {
  readonly path: string;
  write(chunk: Uint8Array): Promise<void>;
  /** Flushes to the disk; gives the SHA-256 of everything written, hex. */
  finish(): Promise<string>;
  /** Closes and removes it; safe to call at any time, also when it was moved away. */
  remove(): Promise<void>;
}

export async function createSpoolFile(folder: string): Promise<SpoolFile> {
  await mkdir(folder, { recursive: true });
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
    async finish() {
      await handle.sync();
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
