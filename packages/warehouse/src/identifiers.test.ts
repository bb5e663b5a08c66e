import { ContractError } from '@edgeledger/core';
import { describe, expect, it } from 'vitest';
import { quoteIdentifier, toColumnName } from './identifiers.ts';

describe('toColumnName', () => {
  it('leaves ordinary names as they are', () => {
    for (const name of ['bytes', 'timestamp', 'order', 'x y', 'é'])
      expect(toColumnName(name, name)).toBe(name);
  });

  it('refuses names of our own columns and names that are none', () => {
    for (const name of ['account', 'load_id', 'row_no', '', 'a\0b']) {
      expect(() => toColumnName(name, 'Header')).toThrow(ContractError);
    }
  });

  it('moves out of the way of columns that every table has hidden', () => {
    expect(toColumnName('xmin', 'xmin')).toBe('xmin_');
  });

  it('shortens long names to what Postgres keeps, and keeps them apart', () => {
    const one = toColumnName(`${'ž'.repeat(60)}a`, 'h');
    const other = toColumnName(`${'ž'.repeat(60)}b`, 'h');
    expect(one).not.toBe(other);
    for (const name of [one, other]) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
  });
});

describe('quoteIdentifier', () => {
  it('keeps a name from ending its own quotes', () => {
    expect(quoteIdentifier('a"; DROP TABLE x; --')).toBe('"a""; DROP TABLE x; --"');
  });
});
