import { dayPeriod, type UtcDay } from '@edgeledger/core';
import { describe, expect, test } from 'vitest';
import { assertAllowedHost } from './files.ts';
import { toLinkPath } from './report-links.ts';

const UNIT = {
  account: 'default',
  dataset: 'imgix.cdn_logs',
  reportKey: 'cdn_logs_20261120',
  period: dayPeriod('2026-11-20' as UtcDay),
};
const GOOGLE = ['storage.googleapis.com'];
const judge = (link: string, hosts: readonly string[] = GOOGLE): string => {
  try {
    assertAllowedHost(new URL(link), hosts, UNIT);
    return 'allowed';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'other';
  }
};

describe('a link to a file', () => {
  test.each([
    ['another host', 'https://evil.example/r/a.csv'],
    ['a host that ends like it', 'https://evilstorage.googleapis.com/a'],
    ['a host that begins like it', 'https://storage.googleapis.com.evil.example/a'],
    ['the host as a user', 'https://storage.googleapis.com@evil.example/a'],
    ['a user at the host', 'https://user:word@storage.googleapis.com/a'],
    ['the host behind a backslash', 'https://evil.example\\@storage.googleapis.com/a'],
    ['a full stop at the end', 'https://storage.googleapis.com./a'],
    ['plain http', 'http://storage.googleapis.com/a'],
    ['another scheme', 'ftp://storage.googleapis.com/a'],
    ['a file of this machine', 'file:///etc/passwd'],
    ['loopback', 'http://127.0.0.1/a'],
    ['loopback as one number', 'http://2130706433/a'],
    ['loopback in octal', 'http://0177.0.0.1/a'],
    ['loopback in hexadecimal', 'http://0x7f.1/a'],
    ['loopback in IPv6', 'http://[::1]/a'],
    ['loopback in IPv6 of IPv4', 'http://[::ffff:127.0.0.1]/a'],
    ['a metadata service', 'http://169.254.169.254/latest/meta-data'],
    ['letters that look alike', 'https://st\u043erage.googleapis.com/a'],
  ])('is refused: %s', (_what, link) => {
    expect(judge(link)).toBe('source.host-not-allowed');
  });

  test.each([
    ['https://storage.googleapis.com/a?X-Goog-Signature=1', GOOGLE],
    ['https://STORAGE.googleapis.com:443/a', GOOGLE],
    ['https://storage.googleapis.com:8443/a', GOOGLE],
    ['https://storage\uff0egoogleapis.com/a', GOOGLE],
    ['http://127.0.0.1:9000/a', ['127.0.0.1:9000']],
    ['http://2130706433:9000/a', ['127.0.0.1:9000']],
    ['http://[::1]:9000/a', ['[::1]']],
  ])('is allowed: %s', (link, hosts) => {
    expect(judge(link, hosts)).toBe('allowed');
  });

  test.each(['http://127.0.0.1:9001/a', 'http://127.0.0.1/a'])('is refused at another port: %s', (link) => {
    expect(judge(link, ['127.0.0.1:9000'])).toBe('source.host-not-allowed');
  });
});

describe('the name of a part', () => {
  test.each([
    ['https://storage.googleapis.com/r/../../etc/a.csv?X-Goog-Signature=5ad0', '/etc/a.csv'],
    ['https://user:word@storage.googleapis.com/a.csv#x', '/a.csv'],
    ['/plain/path.csv?signature=5ad0', '/plain/path.csv'],
  ])('of %s holds neither query nor user', (link, name) => {
    expect(toLinkPath(link)).toBe(name);
  });

  test.each([
    'https://user:5ad0word@ bad host/x?sig=1',
    'https://user:5ad0word?x@ bad host/x',
    'https://user:5ad0word#@ bad host/x',
    '//user:5ad0word@files.example/x',
    'user:5ad0word@files.example/x',
    's3:user:5ad0word@bucket/x',
  ])('of %s, which is no link, shows no user either, and stays the same', (link) => {
    expect(toLinkPath(link)).toMatch(/^not-a-link~[0-9a-f]{16}$/);
    expect(toLinkPath(link)).toBe(toLinkPath(`${link}?sig=2`));
  });

  test('is bounded and printable, and still tells two links apart', () => {
    const [one, other] = [`a\u0000\u001b[2J${'x'.repeat(5000)}1`, `a\u0000\u001b[2J${'x'.repeat(5000)}2`].map(
      toLinkPath,
    );
    for (const name of [one, other]) expect(name).toMatch(/^[\x20-\x7e]{1,300}$/);
    expect(one).not.toBe(other);
  });
});
