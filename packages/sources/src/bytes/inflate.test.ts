import { gzipSync } from 'node:zlib';
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
