import { createHash } from 'node:crypto';
import { InvariantError, type UnitKey } from '@edgeledger/core';

const LONGEST_SEGMENT = 180;

/** `<account>/<dataset>/<report key>/<sha256>`: the place of a file, relative to the archive's root. */
export function toObjectName(unit: UnitKey, sha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw new InvariantError(`"${sha256}" is not a SHA-256 in lower-case hex.`);
  }
  return [unit.account, unit.dataset, unit.reportKey].map(toSegment).concat(sha256).join('/');
}

/** Vendors choose report keys: whatever they hold must stay one harmless name. */
function toSegment(text: string): string {
  const encoded = encodeURIComponent(text)
    .replaceAll(/[*'()!~]/g, (found) => `%${found.charCodeAt(0).toString(16)}`)
    .replace(/^\./, '%2E');
  if (encoded !== '' && encoded.length <= LONGEST_SEGMENT) return encoded;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return `${encoded.slice(0, LONGEST_SEGMENT - hash.length - 1)}-${hash}`;
}
