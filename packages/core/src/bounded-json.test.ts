import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findJsonExcess, parseJson } from './bounded-json.ts';
import { ContractError } from './errors.ts';
import { createJsonScanner, JSON_BOUNDS } from './json-scanner.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const nest = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

test.each([
  ['too deep', nest(65)],
  ['too deep without an end', '['.repeat(1_000_000)],
  ['too deep by objects', '{"a":'.repeat(65)],
  ['too many empty objects', `[${'{},'.repeat(60_000)}{}]`],
  ['too many numbers', `[${'1,'.repeat(100_000)}1]`],
  ['too many different names', `{${Array.from({ length: 100_001 }, (_, no) => `"k${no}":1`)}}`],
])('a document that is %s is refused before it is parsed', (_, text) => {
  expect(() => parseJson(encode(text), 'Could not look')).toThrow(ContractError);
  expect(() => parseJson(encode(text), 'Could not look')).toThrow(/^Could not look: the JSON is not what/);
});

test('a document within the bounds is parsed, whatever its texts hold', () => {
  expect(parseJson(encode(nest(64)), 'x')).toEqual(JSON.parse(nest(64)));
  expect(parseJson(encode(`[${'1,'.repeat(99_998)}1]`), 'x')).toHaveLength(99_999);
  const texts = ['[{,'.repeat(100_000), '\\"'.repeat(70), '\\', '"[', '\u00e9\u{1f98a}', 'x'.repeat(40)];
  expect(parseJson(encode(JSON.stringify(texts)), 'x')).toEqual(texts);
});

test('what is no JSON is left to the parser to say', () => {
  for (const text of ['', '{', '"', '"\\', '[1,', ']', 'nul', '\u0001', '<html>']) {
    expect(findJsonExcess(encode(text))).toBeUndefined();
    expect(() => parseJson(encode(text), 'x')).toThrow(SyntaxError);
  }
});

test('the scanner finds the end of any value, however it is written', () => {
  const blank = fc.constantFrom('', ' ', '\n\t ');
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 5 }),
      blank,
      fc.constantFrom('', ',', ']', '}', ' ,'),
      (text, space, after) => {
        const spaced = JSON.stringify(JSON.parse(text), undefined, space);
        const bytes = encode(spaced + after);
        expect(createJsonScanner(bytes, JSON_BOUNDS).skipValue(0)).toBe(encode(spaced).length);
      },
    ),
  );
});
