import { expect, test } from 'vitest';
import { wrapText } from './wrap-text.ts';

test('text breaks at spaces and, where a word is too long, inside it', () => {
  expect(wrapText('one two three', 8)).toEqual(['one two', 'three']);
  expect(wrapText('abcdefghij kl', 4)).toEqual(['abcd', 'efgh', 'ij', 'kl']);
  expect(wrapText('  line\n breaks  go ', 40)).toEqual(['line breaks go']);
  expect(wrapText('', 10)).toEqual([]);
});
