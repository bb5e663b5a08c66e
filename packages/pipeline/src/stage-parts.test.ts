import {
  ContractError,
  InvariantError,
  type Load,
  type PartFacts,
  type PartRef,
  type Source,
  silentLogger,
  TransientError,
} from '@edgeledger/core';
import { expect, test } from 'vitest';
import type { UnitServices } from './run-unit.ts';
import { stageParts } from './stage-parts.ts';

/** A part by its name: with a header of its own or not, with an end that comes when it is told to. */
interface File {
  readonly header?: readonly string[];
  readonly splitInto?: readonly PartRef[];
  readonly error?: Error;
  /** Waits before the part is done. */
  readonly until?: Promise<unknown>;
}

const HEADER = ['url', 'bytes'];

function open(files: Readonly<Record<string, File>>, { hasFiles = true, listed = Object.keys(files) } = {}) {
  const told: string[] = [];
  const source = {
    hasFiles,
    open: async (_unit: unknown, part: PartRef) => {
      told.push(`open ${part.name}`);
      return { name: part.name, destroy: () => undefined };
    },
    parse: async (_unit: unknown, part: PartRef, context: { readonly header?: readonly string[] }) => {
      const header = files[part.name]?.header ?? context.header;
      if (header === undefined) throw new ContractError('file.header-unknown', `${part.name} has no header.`);
      const splitInto = files[part.name]?.splitInto;
      return { header, facts: () => ({ sha256: part.name, ...(splitInto && { splitInto }) }) };
    },
  } as unknown as Source;
  const stop = new AbortController();
  const load = {
    unit: { reportKey: 'cdn_logs_20261120' },
    findVisiblePart: async () => undefined,
    stagePart: async (partNo: number, name: string) => {
      told.push(`stage ${partNo} ${name}`);
      const file = files[name];
      await file?.until;
      if (file?.error !== undefined) throw file.error;
      told.push(`staged ${name}`);
      return { partNo, header: HEADER, rows: 1, rejects: 0 };
    },
    unstagePart: async (partNo: number) => void told.push(`unstage ${partNo}`),
  } as unknown as Load;
  const services = { source, clock: { now: () => new Date() }, logger: silentLogger } as UnitServices;
  const stage = (): Promise<PartFacts[]> => {
    const parts = listed.map((name) => ({ name }));
    return stageParts(load, parts, services, { signal: stop.signal });
  };
  return { stage, told, stop };
}

/** Lets everything run that can run without time passing. */
const settle = () => new Promise((resolve) => setImmediate(resolve));
const names = (facts: readonly PartFacts[]) => facts.map(({ sha256 }) => sha256);

test('two files are read at a time, and no third one', async () => {
  const first = Promise.withResolvers<void>();
  const { stage, told } = open({
    a: { header: HEADER, until: first.promise },
    b: {},
    c: { until: first.promise },
    d: {},
  });
  const staged = stage();
  await settle();
  expect(told.toSorted()).toEqual([
    'open a',
    'open b',
    'open c',
    'stage 1 a',
    'stage 2 b',
    'stage 3 c',
    'staged b',
  ]);
  first.resolve();
  expect(names(await staged)).toEqual(['a', 'b', 'c', 'd']);
});

test('files come alone until one has told the header, and keep their numbers', async () => {
  const { stage, told } = open({ a: {}, b: {}, c: { header: HEADER }, d: {} });
  expect(names(await stage())).toEqual(['a', 'b', 'c', 'd']);
  expect(told.slice(0, 3)).toEqual(['open a', 'open b', 'open c']);
  expect(told.filter((line) => line === 'open d')).toHaveLength(1);
  expect(told.filter((line) => line.startsWith('stage ')).toSorted()).toEqual([
    'stage 1 a',
    'stage 2 b',
    'stage 3 c',
    'stage 4 d',
  ]);
});

test('a report without any header fails, each of its files read once', async () => {
  const { stage, told } = open({ a: {}, b: {}, c: {} });
  await expect(stage()).rejects.toMatchObject({ code: 'file.header-unknown' });
  expect(told).toEqual(['open a', 'open b', 'open c']);
});

test('when a file fails the other one is waited for, no more are begun, and its error is the one that counts', async () => {
  const error = new TransientError('warehouse.unavailable', 'Gone.');
  const last = Promise.withResolvers<void>();
  const { stage, told } = open({
    a: { header: HEADER, until: last.promise, error: new Error('a later one') },
    b: { error },
    c: {},
  });
  let isOver = false;
  const staged = stage().finally(() => {
    isOver = true;
  });
  staged.catch(() => undefined);
  await settle();
  expect(isOver).toBe(false);
  last.resolve();
  await expect(staged).rejects.toBe(error);
  expect(told.toSorted()).toEqual(['open a', 'open b', 'stage 1 a', 'stage 2 b']);
});

test('a shutdown is told as what it is', async () => {
  const first = Promise.withResolvers<void>();
  const { stage, told, stop } = open({
    a: { header: HEADER, until: first.promise },
    b: { until: first.promise },
    c: {},
  });
  const staged = stage();
  await settle();
  const reason = new Error('stopped');
  stop.abort(reason);
  first.resolve();
  await expect(staged).rejects.toBe(reason);
  expect(told).not.toContain('open c');
});

test('what is cut at a limit is read in its pieces, one after the other', async () => {
  const pieces = [{ name: 'a1' }, { name: 'a2' }];
  const whole = { header: HEADER };
  const files = { a: { ...whole, splitInto: pieces }, a1: whole, a2: whole, b: whole };
  const { stage, told } = open(files, { hasFiles: false, listed: ['a', 'b'] });
  expect(names(await stage())).toEqual(['a1', 'a2', 'b']);
  expect(told.filter((line) => !line.startsWith('open'))).toEqual([
    ...['stage 1 a', 'staged a', 'unstage 1'],
    ...['stage 1 a1', 'staged a1', 'stage 2 a2', 'staged a2', 'stage 3 b', 'staged b'],
  ]);
});

test('a file cannot be cut', async () => {
  const { stage } = open({ a: { header: HEADER, splitInto: [{ name: 'a1' }] } });
  await expect(stage()).rejects.toThrow(InvariantError);
});
