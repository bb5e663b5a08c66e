import { expect, test, vi } from 'vitest';
import { createJumpingClock, createPassing, parseOrders, QUICK_ORDERS, toOrdersText } from './orders.ts';

test('a process ends at the very passing it was told to, and at no other', () => {
  const signals: string[] = [];
  const passing = createPassing({ milestone: 'part.staged', nth: 2, how: 'kill' }, (name) =>
    signals.push(name),
  );
  passing('part.staged');
  passing('part.copied');
  expect(signals).toEqual([]);
  passing('part.staged');
  passing('part.staged');
  expect(signals).toEqual(['SIGKILL']);
});

test('to freeze is another signal than to kill', () => {
  const signal = vi.fn();
  createPassing({ milestone: 'job.done', nth: 1, how: 'freeze' }, signal)('job.done');
  expect(signal).toHaveBeenCalledExactlyOnceWith('SIGSTOP');
});

test('nobody ends without an order', () => {
  const signal = vi.fn();
  createPassing(undefined, signal)('job.done');
  expect(signal).not.toHaveBeenCalled();
});

test('orders survive the way to another process, and an invented milestone does not', () => {
  const orders = { ...QUICK_ORDERS, stopAt: { milestone: 'job.done', nth: 1, how: 'kill' } } as const;
  expect(parseOrders(toOrdersText(orders))).toEqual(orders);
  expect(() => parseOrders('{"stopAt":{"milestone":"job.invented","nth":1}}')).toThrow('job.invented');
});

test('a jumping clock is right half of the time', () => {
  const clock = createJumpingClock({ byMs: 1e12, everyMs: 1e9 });
  expect(Math.abs(clock.now().getTime() - Date.now())).toBeLessThan(5_000);
});
