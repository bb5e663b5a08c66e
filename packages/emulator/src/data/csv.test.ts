import { expect, test } from 'vitest';
import { toCsvLine } from './csv.ts';

test('only fields that need quotes get them, and quotes are doubled', () => {
  expect(toCsvLine(['plain', 'a b', '', 'größe'])).toBe('plain,a b,,größe\n');
  expect(toCsvLine(['a,b', 'say "x"', 'two\nlines', 'cr\r'])).toBe('"a,b","say ""x""","two\nlines","cr\r"\n');
});
