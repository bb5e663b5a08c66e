import { expect, test } from 'vitest';
import { parseRedisAddress, toRedisLabel } from './redis-address.ts';

function read(text: string) {
  const parsed = parseRedisAddress(text);
  if (!parsed.ok) throw new Error(parsed.sentence);
  return parsed.address;
}

test('one server, with and without what may be left out', () => {
  expect(read('redis://cache')).toEqual({
    kind: 'single',
    hosts: [{ host: 'cache', port: 6379 }],
    tls: false,
    database: 0,
  });
  expect(read('rediss://app:p%40ss@[::1]:6380/2')).toEqual({
    kind: 'single',
    hosts: [{ host: '::1', port: 6380 }],
    tls: true,
    user: 'app',
    password: 'p@ss',
    database: 2,
  });
  expect(read('redis://:secret@cache:6379/')).toMatchObject({ password: 'secret', database: 0 });
});

test('a cluster by some of its nodes', () => {
  expect(read('rediss+cluster://app:secret@a:7001,b,c:7003')).toEqual({
    kind: 'cluster',
    hosts: [
      { host: 'a', port: 7001 },
      { host: 'b', port: 6379 },
      { host: 'c', port: 7003 },
    ],
    tls: true,
    user: 'app',
    password: 'secret',
    database: 0,
  });
});

test('sentinels with the name of the primary', () => {
  expect(read('redis+sentinel://:secret@a,b:26380/mymaster/3?sentinelPassword=guard')).toEqual({
    kind: 'sentinel',
    hosts: [
      { host: 'a', port: 26379 },
      { host: 'b', port: 26380 },
    ],
    tls: false,
    password: 'secret',
    database: 3,
    primary: 'mymaster',
    sentinelPassword: 'guard',
  });
});

test.each([
  ['http://cache', /does not begin with redis/],
  ['redis://', /no host/],
  ['redis://a:70000', /no host/],
  ['redis://a,b', /several hosts.*redis\+cluster/],
  ['redis+cluster://a,b/1', /only database 0/],
  ['redis+sentinel://a,b', /names no primary/],
  ['redis+sentinel://a/mymaster/x', /no database number/],
  ['redis://user:%zz@cache', /Percent-encode/],
])('%s is refused with what to do', (text, sentence) => {
  const parsed = parseRedisAddress(text);
  expect(parsed.ok ? '' : parsed.sentence).toMatch(sentence);
});

test('the label names hosts and topology, never the password', () => {
  expect(toRedisLabel(read('redis+sentinel://u:hunter2@a,b/main'))).toBe(
    'primary "main" of the sentinels a:26379, b:26379',
  );
  expect(toRedisLabel(read('redis+cluster://u:hunter2@a,b'))).toBe('the cluster of a:6379, b:6379');
  expect(toRedisLabel(read('redis://u:hunter2@a'))).toBe('a:6379');
});
