import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenedPart } from '@edgeledger/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSpool } from '../src/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edgeledger-spool-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const CONTENT = 'timestamp,url\n2026-11-20,/a\n';

function opened(chunks: () => AsyncGenerator<Uint8Array>): OpenedPart {
  return { name: 'a.csv', bytes: chunks(), destroy: () => undefined };
}

test('a download that was kept aside tells its hash, gives its bytes to its user alone, and is gone when it is destroyed', async () => {
  const spool = createSpool(join(folder, 'spool'));
  const part = await spool.receive(
    opened(async function* () {
      yield Buffer.from(CONTENT.slice(0, 5));
      yield Buffer.from(CONTENT.slice(5));
    }),
  );
  expect(await part.hash?.()).toBe(createHash('sha256').update(CONTENT).digest('hex'));
  const [name = ''] = await readdir(join(folder, 'spool'));
  for (const path of [join(folder, 'spool'), join(folder, 'spool', name)])
    expect((await stat(path)).mode & 0o077).toBe(0);
  const chunks: Uint8Array[] = [];
  for await (const chunk of part.bytes) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe(CONTENT);
  part.destroy();
  part.destroy();
  await vi.waitFor(async () => expect(await readdir(join(folder, 'spool'))).toEqual([]));
});

test('a download that breaks off leaves nothing', async () => {
  const spool = createSpool(folder);
  const broken = opened(async function* () {
    yield Buffer.from('a');
    throw new Error('cut');
  });
  await expect(spool.receive(broken)).rejects.toThrow('cut');
  expect(await readdir(folder)).toEqual([]);
});

test('a folder that cannot be written is named, with what to look at', async () => {
  await writeFile(join(folder, 'file'), '');
  const spool = createSpool(join(folder, 'file', 'below'));
  const error = await spool.receive(opened(async function* () {})).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'archive.unavailable' });
  expect(String(error)).toContain(join(folder, 'file', 'below'));
});

test('sweeping removes what a killed process left a day ago, and nothing younger', async () => {
  for (const name of ['old', 'young']) await writeFile(join(folder, name), '');
  await utimes(join(folder, 'old'), new Date(0), new Date(0));
  await createSpool(folder).sweep(new Date());
  expect(await readdir(folder)).toEqual(['young']);
});
