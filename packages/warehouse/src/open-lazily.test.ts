import { expect, test } from 'vitest';
import { openLazily } from './open-lazily.ts';

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

test('what a method throws, and that it cannot be made, comes to the caller', async () => {
  await expect(createCounter().counter.fail()).rejects.toThrow('no');
  const broken = openLazily<Counter>(() => Promise.reject(new Error('no module')));
  await expect(broken.add(1)).rejects.toThrow('no module');
});
