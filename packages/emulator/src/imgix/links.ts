/**
 * Signed links to report files. imgix documents neither their form nor their lifetime; an older support
 * article says that they expire and that asking the API again gives fresh ones. The form follows
 * Google's storage, where the documented example links point.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export type LinkVerdict = 'valid' | 'unsigned' | 'expired' | 'forged';

export interface LinkSigner {
  /** Path and query; `expiresAt` is rounded down to seconds. */
  sign(path: string, expiresAt: Date): string;
  verify(path: string, query: URLSearchParams, now: Date): LinkVerdict;
}

export function createLinkSigner(secret: string): LinkSigner {
  const signatureOf = (path: string, expires: string): string =>
    createHmac('sha256', secret).update(`GET\n${path}\n${expires}`).digest('base64url');
  return {
    sign: (path, expiresAt) => {
      const expires = `${Math.floor(expiresAt.getTime() / 1000)}`;
      return `${path}?Expires=${expires}&Signature=${signatureOf(path, expires)}`;
    },
    verify: (path, query, now) => {
      const expires = query.get('Expires');
      const signature = query.get('Signature');
      if (expires === null || signature === null) return 'unsigned';
      const expected = Buffer.from(signatureOf(path, expires));
      const received = Buffer.from(signature);
      if (expected.length !== received.length || !timingSafeEqual(expected, received)) return 'forged';
      return Number(expires) * 1000 > now.getTime() ? 'valid' : 'expired';
    },
  };
}
