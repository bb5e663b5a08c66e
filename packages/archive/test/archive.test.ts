import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Archive, Secret } from '@edgeledger/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDirectoryArchive, createS3Archive } from '../src/index.ts';
import { openS3Server, type S3Server } from './s3-server.ts';

const unit = { account: 'default', dataset: 'imgix.cdn_logs', reportKey: 'cdn_logs_20261120' };
const signal = new AbortController().signal;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let folder: string;
let server: S3Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edgeledger-archive-'));
  server = await openS3Server(join(folder, 's3'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const toS3 = (change: { endpoint?: URL; secret?: string; prefix?: string; bucket?: string } = {}): Archive =>
  createS3Archive({
    endpoint: change.endpoint ?? new URL(server.url),
    bucket: change.bucket ?? server.bucket,
    region: 'us-east-1',
    prefix: change.prefix ?? 'raw/reports',
    accessKeyId: server.accessKeyId,
    secretAccessKey: new Secret(change.secret ?? server.secretAccessKey),
    keepDays: 10,
    spoolPath: join(folder, 'spool'),
  });
const toDirectory = (): Archive => createDirectoryArchive({ path: join(folder, 'files'), keepDays: 10 });

async function keep(archive: Archive, bytes: Uint8Array): Promise<string> {
  const entry = await archive.begin(unit);
  for (let start = 0; start < bytes.length; start += 70_000)
    await entry.write(bytes.subarray(start, start + 70_000));
  const hash = await entry.commit();
  await entry.discard();
  return hash;
}

async function read(archive: Archive, hash: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await archive.open(unit, hash, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe.each([
  ['a directory', toDirectory],
  ['S3', () => toS3()],
])('%s', (_name, create) => {
  it('gives back the bytes that it was given, by their hash', async () => {
    const archive = create();
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 256));
    const hash = await keep(archive, bytes);
    expect(hash).toBe(sha256(bytes));
    expect(await archive.has(unit, hash)).toBe(true);
    expect(sha256(await read(archive, hash))).toBe(hash);
    // the same bytes again are no second file, and an empty file is one
    expect(await keep(archive, bytes)).toBe(hash);
    expect(await read(archive, await keep(archive, Buffer.alloc(0)))).toHaveLength(0);
  });

  it('shows nothing of a file that was not finished', async () => {
    const archive = create();
    const bytes = Buffer.from('half of a report');
    const entry = await archive.begin(unit);
    await entry.write(bytes);
    await entry.discard();
    expect(await archive.has(unit, sha256(bytes))).toBe(false);
    await expect(archive.open(unit, sha256(bytes), signal)).rejects.toMatchObject({
      code: 'archive.missing',
    });
  });

  it('keeps what is young enough and drops what is not', async () => {
    const archive = create();
    const hash = await keep(archive, Buffer.from('kept for ten days'));
    expect(await archive.prune(new Date())).toBe(0);
    expect(await archive.has(unit, hash)).toBe(true);
    expect(await archive.prune(new Date(Date.now() + 11 * 86_400_000))).toBeGreaterThan(0);
    expect(await archive.has(unit, hash)).toBe(false);
  });
});

describe('in a directory', () => {
  it('leaves no temporary file behind, and clears what a killed process left', async () => {
    const archive = toDirectory();
    const spool = join(folder, 'files', '.incoming');
    await keep(archive, Buffer.from('a'));
    expect(await readdir(spool)).toEqual([]);
    await writeFile(join(spool, 'left'), 'half');
    const old = new Date(Date.now() - 2 * 86_400_000);
    await utimes(join(spool, 'left'), old, old);
    await archive.prune(new Date());
    expect(await readdir(spool)).toEqual([]);
  });

  it('makes nothing that another user may read', async () => {
    await keep(toDirectory(), Buffer.from('what a vendor reports'));
    const root = join(folder, 'files');
    for (const name of ['.', ...(await readdir(root, { recursive: true }))])
      expect([name, (await stat(join(root, name))).mode & 0o077]).toEqual([name, 0]);
  });

  it('notices bytes that changed on the disk', async () => {
    const archive = toDirectory();
    const hash = await keep(archive, Buffer.from('as received'));
    const path = join(folder, 'files', 'default', 'imgix.cdn_logs', 'cdn_logs_20261120', hash);
    expect(await readFile(path, 'utf8')).toBe('as received');
    await writeFile(path, 'as changed!');
    await expect(read(archive, hash)).rejects.toMatchObject({ code: 'source.checksum-mismatch' });
  });

  it('says where it could not write', async () => {
    await writeFile(join(folder, 'file'), '');
    const archive = createDirectoryArchive({ path: join(folder, 'file'), keepDays: 1 });
    await expect(archive.begin(unit)).rejects.toMatchObject({ code: 'archive.unavailable' });
  });
});

describe('in S3', () => {
  it('is refused by the server with a wrong secret, which no message repeats', async () => {
    const failed = await keep(toS3({ secret: 'wrong-secret' }), Buffer.from('x')).catch((error) => error);
    expect(failed).toMatchObject({ code: 'archive.unavailable' });
    expect(failed.message).toMatch(/Signature|403/);
    expect(failed.message).not.toContain('wrong-secret');
  });

  it('works at the root of a bucket and says when there is no bucket', async () => {
    const archive = toS3({ prefix: '' });
    const hash = await keep(archive, Buffer.from('at the root'));
    expect((await read(archive, hash)).toString()).toBe('at the root');
    await expect(keep(toS3({ bucket: 'nothing-here' }), Buffer.from('x'))).rejects.toMatchObject({
      code: 'archive.unavailable',
    });
  });

  it('goes to no address that no service has', async () => {
    for (const host of ['169.254.169.254', '[64:ff9b::a9fe:a9fe]']) {
      const archive = toS3({ endpoint: new URL(`http://${host}`) });
      await expect(archive.has(unit, '0'.repeat(64))).rejects.toMatchObject({
        code: 'archive.unavailable',
        message: expect.stringContaining('is no allowed address'),
      });
    }
  });

  it('drops nothing that it did not put there', async () => {
    await server.put('raw/reports/notes.txt', 'mine');
    await keep(toS3(), Buffer.from('ours'));
    expect(await toS3().prune(new Date(Date.now() + 11 * 86_400_000))).toBe(1);
    expect(await server.get('raw/reports/notes.txt')).toBe('mine');
  });
});
