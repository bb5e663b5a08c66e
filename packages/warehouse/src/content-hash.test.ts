import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createContentHash } from './content-hash.ts';

function hash(...pieces: (Uint8Array | string)[]): string {
  const content = createContentHash();
  for (const piece of pieces) content.update(piece);
  return content.digest();
}

test('goes by the content, not by the pieces it comes in', () => {
  const content = randomBytes(1000);
  const whole = hash(content);
  for (let at = 0; at <= content.length; at += 1) {
    expect(hash(content.subarray(0, at), content.subarray(at))).toBe(whole);
  }
  expect(hash('übrigens')).toBe(hash(Buffer.from('übrigens')));
});

test('differs with every bit, and with every byte more or less, zeros included', () => {
  const content = Buffer.alloc(200);
  const seen = new Set([hash(), hash(content)]);
  for (let bit = 0; bit < content.length * 8; bit += 1) {
    const changed = Buffer.from(content);
    changed[bit >> 3] = 1 << (bit & 7);
    seen.add(hash(changed));
  }
  for (let length = 1; length < content.length; length += 1) seen.add(hash(content.subarray(0, length)));
  expect(seen.size).toBe(2 + content.length * 8 + content.length - 1);
});

test('is the GMAC that NIST publishes', () => {
  // The Galois/Counter Mode of Operation (McGrew, Viega), appendix B, test case 1: no data, a key and nonce of zeros
  expect(hash()).toBe('58e2fccefa7e3061367f1d57a4e7455a');
});
