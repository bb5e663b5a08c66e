import { createHash } from 'node:crypto';

/** Bytes as received, counted and hashed while they pass. */
export interface CountedBytes {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Bytes since the last call. */
  takeCount(): number;
  totalBytes(): number;
  /** Lower-case hex; valid after the end. */
  sha256(): string;
}

export function countBytes(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): CountedBytes {
  const hash = createHash('sha256');
  let total = 0;
  let reported = 0;
  let digest: string | undefined;
  async function* pass(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      hash.update(chunk);
      total += chunk.length;
      yield chunk;
    }
  }
  return {
    bytes: pass(),
    takeCount() {
      const count = total - reported;
      reported = total;
      return count;
    },
    totalBytes: () => total,
    sha256() {
      digest ??= hash.digest('hex');
      return digest;
    },
  };
}
