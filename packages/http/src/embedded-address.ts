import { isIPv6 } from 'node:net';

/*
 * IPv6 addresses that a gateway, or the system itself, turns into an IPv4 address that is inside of them. IPv4-mapped ones
 * (::ffff:0:0/96) are not here: Node's block lists know them.
 */

/** Octets that an address begins with, as hex, and where its IPv4 address is: the first layout behind which all is blank. */
const EMBEDDINGS: readonly (readonly [prefix: string, layouts: readonly (readonly number[])[]])[] = [
  // IPv4-compatible, as the first transition plans had it, and its translated form (RFC 2765)
  ['00'.repeat(12), [[12, 13, 14, 15]]],
  [`${'00'.repeat(8)}ffff0000`, [[12, 13, 14, 15]]],
  // NAT64: the well-known prefix (RFC 6052), and the one that networks divide themselves (RFC 8215)
  [`0064ff9b${'00'.repeat(8)}`, [[12, 13, 14, 15]]],
  [
    '0064ff9b0001',
    [
      [6, 7, 9, 10],
      [7, 9, 10, 11],
      [9, 10, 11, 12],
      [12, 13, 14, 15],
    ],
  ],
  // 6to4
  ['2002', [[2, 3, 4, 5]]],
];
/** Its last address is the loopback of IPv6, and no 0.0.0.1. */
const LOOPBACK = `${'00'.repeat(15)}01`;

/** The IPv4 address that is meant by an IPv6 address; undefined when none is. */
export function findEmbedded(address: string): string | undefined {
  const octets = isIPv6(address) ? toOctets(address) : [];
  const hex = toHex(octets);
  if (hex === LOOPBACK) return undefined;
  const layouts = EMBEDDINGS.find(([prefix]) => octets.length > 0 && hex.startsWith(prefix))?.[1] ?? [];
  const hasBlankRest = (places: readonly number[]): boolean =>
    octets.slice((places.at(-1) ?? 0) + 1).every((octet) => octet === 0);
  const layout = layouts.length === 1 ? layouts[0] : layouts.find(hasBlankRest);
  return layout?.map((place) => octets[place]).join('.');
}

const toHex = (octets: readonly number[]): string => Buffer.from(octets).toString('hex');

/** An address without a zone, in any of its spellings. */
function toOctets(address: string): number[] {
  // a URL spells it in hexadecimal groups, with the longest row of zeros left out
  const [before = '', after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [head, tail] = [before, after ?? ''].map((text) => (text === '' ? [] : text.split(':')));
  const left = 8 - (head?.length ?? 0) - (tail?.length ?? 0);
  const groups = [...(head ?? []), ...Array<string>(left).fill('0'), ...(tail ?? [])];
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
