import { expect, test } from 'vitest';
import { corruptBytes, createFaultRegistry } from './faults.ts';

test('a fault hits the n-th matching request and no other', () => {
  const faults = createFaultRegistry();
  const third = faults.add({ server: 'files', match: /cdn_logs/, nth: 3, action: { kind: 'reset' } });
  const hits = ['/cdn_logs/1', '/other', '/cdn_logs/2', '/cdn_logs/3', '/cdn_logs/4'].map(
    (url) => faults.take('files', url) !== undefined,
  );
  expect(hits).toEqual([false, false, false, true, false]);
  expect(third.matched).toBe(4);
  expect(third.applied).toBe(1);
});

test('a fault hits as many requests in a row as it says, on its server only', () => {
  const faults = createFaultRegistry();
  const fault = faults.add({ server: 'akamai', match: /x/g, times: 2, action: { kind: 'corrupt' } });
  expect(faults.take('imgix', '/x')).toBeUndefined();
  expect([1, 2, 3].map(() => faults.take('akamai', '/x')?.kind)).toEqual(['corrupt', 'corrupt', undefined]);
  fault.remove();
  faults.take('akamai', '/x');
  expect(fault.matched).toBe(3);
});

test('corruption changes bytes but not the length', () => {
  const body = Buffer.from('0123456789');
  const damaged = corruptBytes(body);
  expect(damaged.length).toBe(body.length);
  expect(damaged.equals(body)).toBe(false);
  expect(corruptBytes(Buffer.alloc(0)).length).toBe(0);
});
