import { createGunzip, type Gunzip } from 'node:zlib';
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
const CHUNK_BYTES = 256 * 1024;

/**
 * Logs shrink to a tenth or a thirtieth. What grows more than three hundredfold, counted from the first layer on, is made to
 * fill a disk; below a hundred megabytes it may be a report of one line repeated.
 */
const MAX_RATIO = 300;
const RATIO_FROM_BYTES = 100 * 1024 * 1024;

/** Names and extra fields of a header take some hundred bytes, and nobody writes a megabyte of empty blocks or members. */
const MAX_BARREN_BYTES = 1024 * 1024;

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
  received: Received = { bytes: 0 },
): AsyncGenerator<Uint8Array> {
  const { head, chunks: replayed } = await peekBytes(
    layer === 0 ? countReceived(chunks, received) : chunks,
    2,
  );
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* limitBytes(replayed, options, received);
    return;
  }
  if (layer >= MAX_LAYERS) {
    throw new ContractError('file.malformed', `${options.what}: gzipped more than ${MAX_LAYERS} times over.`);
  }
  yield* inflate(gunzip(limitBytes(replayed, options, received), options), options, layer + 1, received);
}

async function* gunzip(
  chunks: AsyncIterable<Uint8Array>,
  options: InflateOptions,
): AsyncGenerator<Uint8Array> {
  const stream = createGunzip({ chunkSize: CHUNK_BYTES });
  // errors reach the loop below, and whoever has gone needs to hear of none: unheard, one would end the process
  stream.on('error', () => undefined);
  const input = chunks[Symbol.asyncIterator]();
  const output = { bytes: 0 };
  const fed = feed(stream, input, { output, what: options.what });
  fed.catch((error: Error) => stream.destroy(error));
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      options.ownBuffers?.add(chunk.buffer);
      output.bytes += chunk.length;
      yield chunk;
    }
    await fed;
  } catch (thrown) {
    throw toInflateError(thrown, options);
  } finally {
    stream.destroy();
    // nobody waits for it: a download may have stopped to come
    input.return?.().catch(() => undefined);
  }
}

interface Feeding {
  /** What the reader has got. */
  readonly output: { readonly bytes: number };
  readonly what: string;
}

/**
 * Gives gunzip one chunk at a time, and looks what it took of it: at a zero byte behind a member it takes the data for
 * padded and everything from there on for nothing, without a word.
 */
async function feed(stream: Gunzip, input: AsyncIterator<Uint8Array>, feeding: Feeding): Promise<void> {
  let fedBytes = 0;
  let seen = { input: 0, output: 0 };
  let next = input.next();
  for (let step = await next; step.done !== true; step = await next) {
    const chunk = step.value;
    // it comes while this one is inflated; should nobody take it, nobody needs to hear that it failed
    next = input.next();
    next.catch(() => undefined);
    fedBytes += chunk.length;
    await write(stream, chunk);
    const leftBytes = fedBytes - stream.bytesWritten;
    if (leftBytes > 0) {
      await assertPadding(chunk.subarray(chunk.length - leftBytes), { next, input }, feeding.what);
      return;
    }
    const outputBytes = feeding.output.bytes + stream.readableLength;
    if (outputBytes > seen.output) seen = { input: fedBytes, output: outputBytes };
    else if (fedBytes - seen.input > MAX_BARREN_BYTES) throw toBarrenError(feeding.what);
  }
  stream.end();
}

function write(stream: Gunzip, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

/** Tapes and some tools fill a file up with zeros. Behind them nothing may come: it would be a member that is damaged. */
async function assertPadding(
  rest: Uint8Array,
  { next, input }: { readonly next: Promise<Step>; readonly input: AsyncIterator<Uint8Array> },
  what: string,
): Promise<void> {
  assertZeros(rest, what);
  for (let step = await next; step.done !== true; step = await input.next()) assertZeros(step.value, what);
}

type Step = IteratorResult<Uint8Array>;

function assertZeros(bytes: Uint8Array, what: string): void {
  if (bytes.some((byte) => byte !== 0)) throw toDamagedError(what, 'data behind its end');
}

/** Bytes as they came, so far. */
interface Received {
  bytes: number;
}

async function* countReceived(
  chunks: AsyncIterable<Uint8Array>,
  received: Received,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    received.bytes += chunk.length;
    yield chunk;
  }
}

async function* limitBytes(
  chunks: AsyncIterable<Uint8Array>,
  options: InflateOptions,
  received: Received,
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
    if (sizeBytes > RATIO_FROM_BYTES && sizeBytes > received.bytes * MAX_RATIO) {
      throw new ContractError(
        'file.too-large',
        `${options.what}: ${received.bytes} bytes grew to more than ${MAX_RATIO} times as much, which no report does. Look at the file.`,
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
  if (code.startsWith('Z_')) return toDamagedError(options.what, code, thrown);
  return thrown;
}

function toDamagedError(what: string, found: string, cause?: unknown): TransientError {
  return new TransientError(
    'source.checksum-mismatch',
    `${what}: the gzip data is damaged (${found}). It is read again.`,
    { cause },
  );
}

function toBarrenError(what: string): ContractError {
  return new ContractError(
    'file.malformed',
    `${what}: more than ${MAX_BARREN_BYTES} bytes of gzip came without a byte of content, as in no report. Look at the file.`,
  );
}
