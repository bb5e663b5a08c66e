import { createHash } from 'node:crypto';
import { TransientError, type UnitKey } from '@edgeledger/core';

/** Passes the bytes on and throws at their end when they are not those that were received. */
export async function* verifyBytes(
  chunks: AsyncIterable<Uint8Array>,
  unit: UnitKey,
  sha256: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') === sha256) return;
  throw new TransientError(
    'source.checksum-mismatch',
    `File ${sha256.slice(0, 12)}… of ${unit.reportKey} is damaged in the archive: its bytes are not those that were received. Replay it with --from-vendor.`,
  );
}
