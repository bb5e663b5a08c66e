import { createCipheriv } from 'node:crypto';

/**
 * The fingerprint of what a part holds: 128 bits, hex. It tells content that is the same from content that is not, whatever
 * pieces it comes in: different content has equal fingerprints with a probability below 2^-90 even for a terabyte. It
 * withstands accidents, not somebody who makes two reports for it; that is what the SHA-256 of the received bytes is for, which
 * every part has as well.
 */
export interface ContentHash {
  update(content: Uint8Array | string): void;
  /** Ends it. */
  digest(): string;
}

const KEY = Buffer.alloc(16);
const NONCE = Buffer.alloc(12);

/**
 * GMAC (NIST SP 800-38D): a tag of AES-GCM over data that is not encrypted, here with a key that is no secret. Processors have
 * instructions for it: 205 MB took 24 ms instead of the 157 of SHA-256, which was a thirtieth of all CPU time of a load.
 */
export function createContentHash(): ContentHash {
  const cipher = createCipheriv('aes-128-gcm', KEY, NONCE);
  return {
    update: (content) => void cipher.setAAD(typeof content === 'string' ? Buffer.from(content) : content),
    digest() {
      cipher.final();
      return cipher.getAuthTag().toString('hex');
    },
  };
}
