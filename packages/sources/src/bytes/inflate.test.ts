import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { ContractError, EdgeledgerError, TransientError } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { inflate } from './inflate.ts';

const MEGABYTE = 1024 * 1024;

async function read(content: Buffer, maxInflatedBytes = 1e12): Promise<number> {
  async function* chunks() {
    for (let at = 0; at < content.length; at += 16_384) yield content.subarray(at, at + 16_384);
  }
  let sizeBytes = 0;
  for await (const chunk of inflate(chunks(), { maxInflatedBytes, what: 'test' })) sizeBytes += chunk.length;
  return sizeBytes;
}

test('what grows without measure is refused long before it ends, in one layer and in two', async () => {
  const bomb = gzipSync(Buffer.alloc(200 * MEGABYTE));
  await expect(read(bomb)).rejects.toThrow(/grew to more than 300 times/);
  await expect(read(gzipSync(bomb))).rejects.toThrow(/grew to more than 300 times/);
  const before = process.memoryUsage().arrayBuffers;
  await expect(read(gzipSync(bomb))).rejects.toThrow();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MEGABYTE);
});

test('a small report of one line repeated is no bomb', async () => {
  const report = Buffer.alloc(20 * MEGABYTE, 'timestamp,url\n');
  expect(await read(gzipSync(report))).toBe(report.length);
});

test('the absolute limit holds whatever the ratio', async () => {
  await expect(read(Buffer.alloc(3 * MEGABYTE, 'x'), 2 * MEGABYTE)).rejects.toMatchObject({
    code: 'file.too-large',
  });
  await expect(read(gzipSync(gzipSync(gzipSync(gzipSync(Buffer.from('x'))))))).rejects.toMatchObject({
    code: 'file.malformed',
  });
});

const FIRST = gzipSync('a,b\n1,2\n');
const SECOND = gzipSync('3,4\n5,6\n');

/** In pieces of every length, so that a member ends at the end of one, and in the middle. */
async function readInPieces(content: Buffer): Promise<string[]> {
  const results = new Set<string>();
  for (let length = 1; length <= content.length; length += 1) {
    results.add(
      await readText(content, length).catch((thrown: unknown) =>
        thrown instanceof EdgeledgerError ? thrown.code : String(thrown),
      ),
    );
  }
  return [...results];
}

async function readText(content: Buffer, pieceBytes: number): Promise<string> {
  async function* chunks() {
    for (let at = 0; at < content.length; at += pieceBytes) yield content.subarray(at, at + pieceBytes);
  }
  const read: Uint8Array[] = [];
  for await (const chunk of inflate(chunks(), { maxInflatedBytes: 1e12, what: 'test' })) {
    read.push(Buffer.from(chunk));
  }
  return Buffer.concat(read).toString();
}

test('a member whose first byte was lost to a zero is damaged data, and not the end of the file', async () => {
  const damaged = Buffer.from(SECOND);
  damaged[0] = 0;
  expect(await readInPieces(Buffer.concat([FIRST, damaged]))).toEqual(['source.checksum-mismatch']);
  expect(await readInPieces(Buffer.concat([FIRST, damaged, SECOND]))).toEqual(['source.checksum-mismatch']);
  // the whole of it behind what has been read long ago
  const long = Buffer.concat([gzipSync(randomBytes(3 * MEGABYTE)), Buffer.alloc(200_000), SECOND]);
  await expect(read(long)).rejects.toMatchObject({ code: 'source.checksum-mismatch' });
});

test('zeros that fill a file up are no data, and anything behind them is damage', async () => {
  const both = Buffer.concat([FIRST, SECOND]);
  const text = 'a,b\n1,2\n3,4\n5,6\n';
  expect(await readInPieces(both)).toEqual([text]);
  expect(await readInPieces(Buffer.concat([both, Buffer.alloc(1)]))).toEqual([text]);
  expect(await readInPieces(Buffer.concat([both, Buffer.alloc(70)]))).toEqual([text]);
  expect(await readInPieces(Buffer.concat([both, Buffer.alloc(70), Buffer.from('x')]))).toEqual([
    'source.checksum-mismatch',
  ]);
  expect(await read(Buffer.concat([both, Buffer.alloc(3 * MEGABYTE)]))).toBe(text.length);
});

test('a download that breaks in the zeros behind the data is an error all the same', async () => {
  async function* chunks() {
    yield Buffer.concat([FIRST, Buffer.alloc(10)]);
    yield Buffer.alloc(10);
    throw new TransientError('source.truncated', 'cut');
  }
  const readAll = async () => {
    for await (const _ of inflate(chunks(), { maxInflatedBytes: 1e12, what: 'test' }));
  };
  await expect(readAll()).rejects.toMatchObject({ code: 'source.truncated' });
});

test('whoever reads no further ends the download, and waits for none that stands still', async () => {
  let isEnded = false;
  async function* chunks() {
    try {
      yield gzipSync(randomBytes(MEGABYTE));
      yield gzipSync(randomBytes(MEGABYTE));
      throw new Error('nobody needs to hear of it');
    } finally {
      isEnded = true;
    }
  }
  for await (const _ of inflate(chunks(), { maxInflatedBytes: 1e12, what: 'test' })) break;
  await expect.poll(() => isEnded).toBe(true);

  async function* standing() {
    yield gzipSync(randomBytes(MEGABYTE));
    await new Promise(() => undefined);
  }
  for await (const _ of inflate(standing(), { maxInflatedBytes: 1e12, what: 'test' })) break;
});

test('a header, or members, without a byte of content are read for a megabyte and no further', async () => {
  const named = (bytes: number) =>
    Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]),
      Buffer.alloc(bytes, 'A'),
      Buffer.from([0]),
      FIRST.subarray(10),
    ]);
  const empty = gzipSync('');
  const empties = Buffer.concat(Array.from({ length: (2 * MEGABYTE) / empty.length }, () => empty));
  expect(await read(named(1_000_000))).toBe(8);
  for (const content of [named(3 * MEGABYTE), Buffer.concat([FIRST, named(3 * MEGABYTE)]), empties]) {
    await expect(read(content)).rejects.toThrow(ContractError);
    await expect(read(content)).rejects.toThrow(
      /more than 1048576 bytes of gzip came without a byte of content/,
    );
  }
});
