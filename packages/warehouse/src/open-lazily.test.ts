import { expect, test } from 'vitest';
import { openLazily, openOnce } from './open-lazily.ts';

interface Counter {
  add(by: number): Promise<number>;
  fail(): Promise<never>;
}

function createCounter(): { readonly counter: Counter; readonly opened: () => number } {
  let opened = 0;
  const counter = openLazily<Counter>(async () => {
    opened += 1;
    let sum = 0;
    return {
      add: async (by) => {
        sum += by;
        return sum;
      },
      fail: () => Promise.reject(new Error('no')),
    };
  });
  return { counter, opened: () => opened };
}

test('it is made at the first call, once, and keeps its state', async () => {
  const { counter, opened } = createCounter();
  expect(opened()).toBe(0);
  expect(await Promise.all([counter.add(1), counter.add(2)])).toEqual([1, 3]);
  expect(opened()).toBe(1);
});

test('handing it on through a promise neither makes nor calls it', async () => {
  const { counter, opened } = createCounter();
  const same = await Promise.resolve(counter);
  expect(opened()).toBe(0);
  expect(await same.add(5)).toBe(5);
});

test('what a method throws comes to the caller', async () => {
  await expect(createCounter().counter.fail()).rejects.toThrow('no');
});

test('nobody who looks at it as at any object calls a method', () => {
  const { counter, opened } = createCounter();
  expect(JSON.stringify({ counter })).toBe('{"counter":{}}');
  expect(String(counter)).toBe('[object Object]');
  expect(opened()).toBe(0);
});

test('what cannot be opened now is tried again at the next call', async () => {
  let failures = 1;
  const open = async (): Promise<Counter> => {
    if (failures-- > 0) throw new Error('too many open files');
    return { add: async (by) => by, fail: () => Promise.reject(new Error('no')) };
  };
  const counter = openLazily(open);
  await expect(counter.add(1)).rejects.toThrow('too many open files');
  expect(await counter.add(2)).toBe(2);
});

test('it is opened once for all who ask at the same time', async () => {
  let opened = 0;
  const get = openOnce(async () => {
    opened += 1;
    return opened;
  });
  expect(await Promise.all([get(), get()])).toEqual([1, 1]);
});
