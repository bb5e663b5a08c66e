import { lookup } from 'node:dns';
import { BlockList, isIPv6, type LookupFunction } from 'node:net';
import { findEmbedded } from './embedded-address.ts';
import { isLoopbackHost } from './loopback.ts';

/*
 * Which addresses a name may lead to. The hosts of vendors and their files are a person's choice (an allow-list), https
 * proves that it is them, and private networks are legitimate (proxies, private endpoints of a cloud): those pass. What never
 * is a vendor does not: the metadata services that clouds have at link-local addresses, "this network", and multicast. And a
 * name for this machine, to which alone plain http goes, has to lead to this machine.
 */

const NEVER = new BlockList();
NEVER.addSubnet('0.0.0.0', 8, 'ipv4');
NEVER.addSubnet('169.254.0.0', 16, 'ipv4');
NEVER.addSubnet('224.0.0.0', 4, 'ipv4');
NEVER.addSubnet('240.0.0.0', 4, 'ipv4');
NEVER.addAddress('::', 'ipv6');
NEVER.addSubnet('fe80::', 10, 'ipv6');
NEVER.addSubnet('fec0::', 10, 'ipv6');
NEVER.addSubnet('ff00::', 8, 'ipv6');
// services that clouds offer to their machines at other addresses: EC2, Google Cloud; Alibaba Cloud, Oracle Cloud, Azure
NEVER.addAddress('fd00:ec2::254', 'ipv6');
NEVER.addAddress('fd20:ce::254', 'ipv6');
NEVER.addAddress('100.100.100.200', 'ipv4');
NEVER.addAddress('192.0.0.192', 'ipv4');
NEVER.addAddress('168.63.129.16', 'ipv4');

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const checkIn = (list: BlockList, address: string): boolean =>
  list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

/** True for an address that no request may go to; IPv4 in IPv6, however it got there, counts as IPv4. */
export function isForbiddenAddress(address: string): boolean {
  // the zone of a link-local address says on which network it is
  const [plain = ''] = address.split('%');
  const inner = findEmbedded(plain);
  return checkIn(NEVER, plain) || (inner !== undefined && checkIn(NEVER, inner));
}

/** The code of the error when a name leads where it may not. */
export const FORBIDDEN_ADDRESS = 'EFORBIDDENADDRESS';

/** Resolves a name like Node does, and refuses what it must not lead to. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error !== null) {
      callback(error, '', 0);
      return;
    }
    const mustStay = isLoopbackHost(hostname);
    const isAllowed = (address: string): boolean =>
      !isForbiddenAddress(address) && (!mustStay || checkIn(LOOPBACK, address));
    const allowed = found.filter(({ address }) => isAllowed(address));
    const [first] = allowed;
    if (first === undefined) {
      callback(
        Object.assign(new Error(`${hostname} leads to no allowed address`), { code: FORBIDDEN_ADDRESS }),
        '',
        0,
      );
    } else if (options.all === true) callback(null, allowed);
    else callback(null, first.address, first.family);
  });
};
