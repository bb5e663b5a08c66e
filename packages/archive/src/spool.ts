import { createReadStream } from 'node:fs';
import type { Spool } from '@edgeledger/core';
import { createGuard } from './archive-error.ts';
import { createSpoolFile, removeOldSpoolFiles } from './spool-file.ts';

const READ_BYTES = 256 * 1024;

/** Downloads in files of a folder, which is made when it is needed. */
export function createSpool(folder: string): Spool {
  return {
    async receive(part) {
      const guard = createGuard(folder);
      const guarded = <T>(work: () => Promise<T>): Promise<T> => guard(`Keeping ${part.name} aside`, work);
      const file = await guarded(() => createSpoolFile(folder));
      try {
        for await (const chunk of part.bytes) await guarded(() => file.write(chunk));
        const sha256 = await guarded(() => file.finish());
        const stream = createReadStream(file.path, { highWaterMark: READ_BYTES });
        // destroyed before it was read, it has nobody to tell
        stream.on('error', () => undefined);
        return {
          name: part.name,
          bytes: stream,
          hash: async () => sha256,
          destroy() {
            stream.destroy();
            part.destroy();
            void file.remove().catch(() => undefined);
          },
        };
      } catch (thrown) {
        await file.remove().catch(() => undefined);
        throw thrown;
      }
    },
    sweep: (now) => removeOldSpoolFiles(folder, now),
  };
}
