import { expect, test } from 'vitest';
import { createSourceHolds } from './source-holds.ts';

test('a hold is about one source, ends by itself and is never shortened', () => {
  let nowMs = 1000;
  const holds = createSourceHolds(() => nowMs);
  holds.hold('a', 500);
  holds.hold('a', 100);
  expect([holds.remainingMs('a'), holds.remainingMs('b')]).toEqual([500, 0]);
  nowMs += 499.5;
  expect(holds.remainingMs('a')).toBe(1);
  nowMs += 0.5;
  expect(holds.remainingMs('a')).toBe(0);
});
