import { InvariantError, type Row } from '@edgeledger/core';
import { describe, expect, it } from 'vitest';
import { toCopyChunks, toCopyField } from './copy-text.ts';

/** What Postgres makes of a field, after the manual's table of escapes. */
function fromCopyField(field: string): string | null {
  if (field === '\\N') return null;
  return field.replace(/\\(.)/gs, (_, letter: string) => ({ n: '\n', r: '\r', t: '\t' })[letter] ?? letter);
}

describe('toCopyField', () => {
  const letters = ['', '\\', '\t', '\n', '\r', 'N', '.', ' ', '"', 'é', '🦊'];
  const texts = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)));

  it('gives every text back, and never a line feed or tab of its own', () => {
    for (const text of texts) {
      const field = toCopyField(text);
      expect(field).not.toMatch(/[\t\n\r]/);
      expect(fromCopyField(field)).toBe(text);
    }
  });

  it('tells NULL from the texts that look like it', () => {
    expect(toCopyField(null)).toBe('\\N');
    for (const text of ['\\N', 'NULL', '', '\\\\N']) expect(toCopyField(text)).not.toBe('\\N');
  });
});

describe('toCopyChunks', () => {
  const row = (rowNo: number, ...values: (string | null)[]): Row => ({ rowNo, values });

  it('writes number, period and values in the order asked for', () => {
    const own = { rowNo: 2, period: { start: 'S', end: 'E' }, values: ['c', 'd'] };
    expect([...toCopyChunks([row(1, 'a', null), own], [1, 0], 2)].join('')).toBe(
      '1\t\\N\t\\N\t\\N\ta\n2\tS\tE\td\tc\n',
    );
  });

  it('cuts long batches into pieces at row ends', () => {
    const rows = Array.from({ length: 1_000 }, (_, index) => row(index + 1, 'x'.repeat(1_000)));
    const chunks = [...toCopyChunks(rows, [0], 1)];
    expect(chunks.length).toBeGreaterThan(10);
    expect(chunks.every((chunk) => chunk.endsWith('\n') && chunk.length < 70_000)).toBe(true);
    expect(chunks.join('').split('\n')).toHaveLength(1_001);
  });

  it('refuses a row that does not fit its columns', () => {
    expect(() => [...toCopyChunks([row(7, 'a')], [0, 1], 2)]).toThrow(InvariantError);
  });
});
