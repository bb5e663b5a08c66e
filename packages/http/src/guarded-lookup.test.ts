import { expect, test } from 'vitest';
import { guardedLookup, isForbiddenAddress } from './guarded-lookup.ts';

test.each([
  '169.254.169.254',
  '0.0.0.0',
  '0.1.2.3',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  'fe80::1',
  'ff02::1',
  'fd00:ec2::254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '64:ff9b::169.254.169.254',
  'fd20:ce::254',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
  'fec0::1',
  'fe80::1%lo',
  '::169.254.169.254',
  '::0.0.0.2',
  '::ffff:0:169.254.169.254',
  '64:ff9b::224.0.0.1',
  '64:ff9b::6464:64c8',
  '64:ff9b:1::a9fe:a9fe',
  '64:ff9b:1:2:0:3:a9fe:a9fe',
  // the three other places that RFC 6052 knows
  '64:ff9b:1:a9fe:a9:fe00::',
  '64:ff9b:1:a9:fe:a9fe::',
  '64:ff9b:1::a9:fea9:fe00:0',
  '2002:a9fe:a9fe::1',
  '2002:a83f:8110::',
])('%s is no address of a vendor', (address) => {
  expect(isForbiddenAddress(address)).toBe(true);
});

test.each([
  '127.0.0.1',
  '10.0.0.1',
  '192.168.1.1',
  '172.16.0.1',
  '142.250.1.1',
  '::1',
  'fd12::1',
  '2a00::1',
  '64:ff9b::8efa:101',
  '64:ff9b:1::8efa:101',
  '64:ff9b:1:8efa:1:100::',
  '64:ff9b:1:8e:fa:101::',
  '64:ff9b:1:0:8e:fae0:fe00:0',
  '2002:8efa:101::1',
  '::ffff:10.0.0.1',
  '2001:db8::1',
])('%s may be one: a proxy, a private endpoint of a cloud, the public network', (address) => {
  expect(isForbiddenAddress(address)).toBe(false);
});

const resolve = (name: string, all: boolean) =>
  new Promise<unknown>((done) => {
    guardedLookup(name, { all }, (error, address) => done(error === null ? address : error));
  });

test('a name for this machine leads to this machine, in both forms of the answer', async () => {
  expect(await resolve('localhost', false)).toMatch(/^127\.|^::1$/);
  expect(await resolve('localhost', true)).toEqual(
    expect.arrayContaining([expect.objectContaining({ address: expect.stringMatching(/^127\.|^::1$/) })]),
  );
});

test('a name that leads to a metadata service is refused, and one that is not known is told as such', async () => {
  expect(await resolve('169.254.169.254', false)).toMatchObject({ code: 'EFORBIDDENADDRESS' });
  expect(await resolve('no-such-host.invalid', false)).toMatchObject({
    code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
  });
});
