import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fieldReader } from './column-values.ts';
import { COLUMN_TYPES } from './dataset.ts';

test.each([
  ['bigint', '9223372036854775807', '9223372036854775807'],
  ['bigint', '-9223372036854775808', '-9223372036854775808'],
  ['bigint', '9223372036854775808', undefined],
  ['bigint', '12.5', undefined],
  ['bigint', ' 7 ', '7'],
  ['bigint', 'N/A', undefined],
  ['integer', '2147483648', undefined],
  ['integer', '404', '404'],
  ['numeric', '0.000001', '0.000001'],
  ['numeric', '1e-3', '1e-3'],
  ['numeric', '1,000', undefined],
  ['numeric', 'NaN', undefined],
  ['double precision', '1e999', undefined],
  ['double precision', '83.25', '83.25'],
  ['timestamptz', '1601769600', '2020-10-04T00:00:00.000Z'],
  ['timestamptz', '1601769600123', '2020-10-04T00:00:00.123Z'],
  ['timestamptz', '2020-10-04', '2020-10-04T00:00:00Z'],
  ['timestamptz', '2020-10-04 01:02:03 UTC', '2020-10-04T01:02:03Z'],
  ['timestamptz', '2020-10-04T01:02:03.123456+02:00', '2020-10-04T01:02:03.123456+02:00'],
  ['timestamptz', '2020-02-30', undefined],
  ['timestamptz', '2020-10-04 25:00:00', undefined],
  ['timestamptz', 'Other', undefined],
  ['date', '2020-02-29', '2020-02-29'],
  ['date', '2021-02-29', undefined],
  ['date', '2020-10-04T00:00:00Z', '2020-10-04'],
  ['boolean', 'TRUE', 'true'],
  ['boolean', 'maybe', undefined],
  ['jsonb', '{"a":1}', '{"a":1}'],
  ['jsonb', '{"a":"\\u0000"}', undefined],
  ['jsonb', '{', undefined],
  ['jsonb', '"\\ud83e\\udd8a"', '"\\ud83e\\udd8a"'],
  ['jsonb', '"\\ud83e"', undefined],
  ['jsonb', '"\\ud83e-\\udd8a"', undefined],
  ['jsonb', '"\\udd8a"', undefined],
  ['jsonb', '"\\\\ud83e"', '"\\\\ud83e"'],
  ['jsonb', '1e999999', undefined],
  ['jsonb', '"1e999999"', '"1e999999"'],
  ['numeric', '9'.repeat(1001), undefined],
  ['double precision', '1e-999', undefined],
  ['double precision', '0e-999', '0e-999'],
  ['timestamptz', '2020-10-04T00:00:00+16:00', undefined],
  ['timestamptz', '2020-10-04T00:00:00+0260', undefined],
  ['timestamptz', '2020-10-04T00:00:00-15', '2020-10-04T00:00:00-15'],
  ['text', '  kept  ', '  kept  '],
] as const)('%s reads %j as %j', (type, field, expected) => {
  expect(fieldReader(type)(field)).toBe(expected);
});

test('JSON that is deep or without end is refused before it is parsed', () => {
  const read = fieldReader('jsonb');
  expect(read('['.repeat(1000) + ']'.repeat(1000))).toBeDefined();
  expect(read('['.repeat(1001) + ']'.repeat(1001))).toBeUndefined();
  expect(read('['.repeat(16 * 1024 * 1024))).toBeUndefined();
  expect(read(`[${'{},'.repeat(5_000_000)}{}]`)).toBeUndefined();
});

test('no reader throws, whatever it is given', () => {
  fc.assert(
    fc.property(fc.constantFrom(...COLUMN_TYPES), fc.string(), (type, field) => {
      const value = fieldReader(type)(field);
      expect(value === undefined || typeof value === 'string').toBe(true);
    }),
  );
});

test('every bigint survives its reader unchanged', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      expect(BigInt(fieldReader('bigint')(value.toString()) ?? 'NaN')).toBe(value);
    }),
  );
});
