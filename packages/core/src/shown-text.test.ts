import { expect, test } from 'vitest';
import { findCut, toShownJson, toShownText } from './shown-text.ts';

const UNSEEN = {
  NUL: '\0',
  'a line feed': '\n',
  'a carriage return': '\r',
  escape: '\u001b',
  delete: '\u007f',
  'a C1 sequence': '\u009b31m',
  'a direction': '\u202e',
  'an isolate': '\u2066',
  'no width': '\u200b',
  'a line separator': '\u2028',
  'a paragraph separator': '\u2029',
  'half a character': '\ud800',
  'a tag': '\u{e0041}',
};

test.each(Object.entries(UNSEEN))('%s is shown as what it is', (_what, text) => {
  const shown = toShownText(`a${text}b`);
  expect(shown).toMatch(/^a\\[\\\w{}]+b$/);
  expect(toShownText(shown)).toBe(shown);
});

test.each(Object.entries(UNSEEN))('%s in JSON becomes an escape that means the same', (_what, text) => {
  const shown = toShownJson(JSON.stringify({ a: `a${text}b` }));
  expect(shown).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.parse(shown)).toEqual({ a: `a${text}b` });
});

test('letters of any language, figures and drawn lines stay', () => {
  const text = 'Zürich – 東京 “x” █░ ─ 👍 naïve…';
  expect(toShownText(text)).toBe(text);
  expect(toShownJson(text)).toBe(text);
});

test('line breaks and tabs stay where a text of ours has them, and nothing else does', () => {
  expect(toShownText('a\n\tb\r\u001b', { keepLines: true })).toBe('a\n\tb\\r\\u{1b}');
  expect(toShownJson('{\n  "a": 1\n}')).toBe('{\n  "a": 1\n}');
});

test('a text is cut before the word that the limit falls into', () => {
  expect(findCut('short', 5)).toBe(5);
  expect(findCut('a long sentence about https://user:pa55word@x', 28)).toBe('a long sentence about'.length);
  expect(findCut('x'.repeat(9_000), 4_096)).toBe(3_072);
});
