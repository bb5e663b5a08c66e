import { expect, test } from 'vitest';
import { toObjectName } from './object-name.ts';

const HASH = 'a'.repeat(64);
const unit = { account: 'default', dataset: 'imgix.cdn_logs', reportKey: 'cdn_logs_20261120' };

test('a file lies under its unit, by its hash', () => {
  expect(toObjectName(unit, HASH)).toBe(`default/imgix.cdn_logs/cdn_logs_20261120/${HASH}`);
});

test.each(['../../etc', '..', '.', 'a/b', 'a\\b', 'x'.repeat(500), '', 'ü'.repeat(60), "it's*"])(
  'a report key like %j cannot leave its folder',
  (reportKey) => {
    const segments = toObjectName({ ...unit, reportKey }, HASH).split('/');
    expect(segments).toHaveLength(4);
    expect(segments[2]).toMatch(/^[A-Za-z0-9_%-][A-Za-z0-9_.%-]{0,179}$/);
  },
);

test('long keys that begin alike stay apart', () => {
  const name = (end: string) => toObjectName({ ...unit, reportKey: `${'x'.repeat(400)}${end}` }, HASH);
  expect(name('1')).not.toBe(name('2'));
});

test('what is no hash is refused', () => {
  expect(() => toObjectName(unit, '../x')).toThrow(/not a SHA-256/);
});
