import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ContractError, TransientError } from '@edgeledger/core';
import { peekBytes } from './peek.ts';

export interface InflateOptions {
  /** Ceiling against gzip bombs, counted on the inflated bytes. */
  readonly maxInflatedBytes: number;
  /** What is being read, for messages. */
  readonly what: string;
  /** Gets the memory that gunzip made for its chunks; see {@link releaseChunk}. */
  readonly ownBuffers?: WeakSet<ArrayBufferLike>;
}

/**
 * Gives the memory of a chunk back at once instead of when the garbage collector comes by, which is tens of megabytes later.
 * Only what gunzip made, and only with the last piece of it; whoever calls this has copied all pieces so far.
 */
export function releaseChunk(chunk: Uint8Array, ownBuffers: WeakSet<ArrayBufferLike>): void {
  const { buffer } = chunk;
  const isLastPiece = chunk.byteOffset + chunk.byteLength === buffer.byteLength;
  if (isLastPiece && ownBuffers.has(buffer) && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** Large chunks save a third of what reading costs (16 KiB is the default); two or three of them are alive at a time. */
const CHUNK_BYTES = 128 * 1024;

/** A file stored gzipped and compressed again on the way is known; more layers than that are not sane. */
const MAX_LAYERS = 3;

/**
 * Undoes gzip as often as the bytes themselves say so. Headers do not decide: Google storage decompresses some
 * files on the way and not others (imgix.md, section 2.3). Several members in one file are one text.
 */
export async function* inflate(
  chunks: AsyncIterable<Uint8Array>,
  options: InflateOptions,
  layer = 0,
): AsyncGenerator<Uint8Array> {
  const { head, chunks: replayed } = await peekBytes(chunks, 2);
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* limitBytes(replayed, options);
    return;
  }
  if (layer >= MAX_LAYERS) {
    throw new ContractError('file.malformed', `${options.what}: gzipped more than ${MAX_LAYERS} times over.`);
  }
  yield* inflate(gunzip(limitBytes(replayed, options), options), options, layer + 1);
}

async function* gunzip(
  chunks: AsyncIterable<Uint8Array>,
  options: InflateOptions,
): AsyncGenerator<Uint8Array> {
  const gunzipStream = createGunzip({ chunkSize: CHUNK_BYTES });
  // errors of either end reach the loop below through the destroyed stream
  const source = Readable.from(chunks, { objectMode: false });
  // a download may still break after its reader has gone; unheard, that would end the process
  for (const end of [source, gunzipStream]) end.on('error', () => undefined);
  const stream = pipeline(source, gunzipStream, () => undefined);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      options.ownBuffers?.add(chunk.buffer);
      yield chunk;
    }
  } catch (thrown) {
    throw toInflateError(thrown, options);
  } finally {
    gunzipStream.destroy();
  }
}

async function* limitBytes(
  chunks: AsyncIterable<Uint8Array>,
  options: InflateOptions,
): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > options.maxInflatedBytes) {
      throw new ContractError(
        'file.too-large',
        `${options.what}: more than ${options.maxInflatedBytes} bytes. If reports really are that large, raise maxInflatedBytes.`,
      );
    }
    yield chunk;
  }
}

function toInflateError(thrown: unknown, options: InflateOptions): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (code === 'Z_BUF_ERROR') {
    return new TransientError(
      'source.truncated',
      `${options.what}: the gzip data ends before its end. It is read again.`,
      { cause: thrown },
    );
  }
  if (code.startsWith('Z_')) {
    return new TransientError(
      'source.checksum-mismatch',
      `${options.what}: the gzip data is damaged (${code}). It is read again.`,
      { cause: thrown },
    );
  }
  return thrown;
}
