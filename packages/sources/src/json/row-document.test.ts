import { ContractError } from '@edgeledger/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type JsonRow, readRowDocument } from './row-document.ts';

class BrokenError extends Error {}

function read(text: string | Buffer) {
  const document = readRowDocument(Buffer.from(text), {
    what: 'the answer',
    toBrokenError: () => new BrokenError('broken'),
  });
  const rows = document.rows === undefined ? undefined : [...document.rows.batches()].flat();
  return { rest: document.rest, rows, names: document.rows?.names, count: document.rows?.count };
}

const cell = fc.jsonValue({ maxDepth: 2 });
const row = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('a', 'b', 'é', '__proto__', '"')), cell, {
  maxKeys: 6,
});
const documents = fc.record({ metadata: cell, data: fc.array(row, { maxLength: 30 }), other: cell });

test('a document gives what the parser gives, in whatever order and with whatever blanks it is written', () => {
  fc.assert(
    fc.property(documents, fc.boolean(), fc.constantFrom(undefined, 1, '\t'), (document, isLast, space) => {
      const { data, ...rest } = document;
      const text = JSON.stringify(isLast ? { ...rest, data } : { data, ...rest }, undefined, space);
      const parsed: { data: JsonRow[] } = JSON.parse(text);
      const found = read(`\ufeff ${text}\n`);
      expect(found.rows).toEqual(parsed.data);
      expect(found.count).toBe(parsed.data.length);
      expect(found.rest).toEqual(JSON.parse(JSON.stringify(rest)));
      expect(new Set(found.names)).toEqual(new Set(parsed.data.flatMap((one) => Object.keys(one))));
    }),
  );
});

test('what the parser refuses is refused, and nothing else, whatever is done to the bytes', () => {
  const character = fc.constantFrom(...'{}[],:"\\ 1ex\u0000');
  fc.assert(
    fc.property(documents, fc.nat(), character, fc.boolean(), (document, place, put, replaces) => {
      const text = JSON.stringify(document);
      const at = place % text.length;
      const damaged = text.slice(0, at) + put + text.slice(replaces ? at + 1 : at);
      const parsed = parseOrUndefined(damaged);
      if (parsed === undefined) expect(() => read(damaged)).toThrow();
      else if (Array.isArray(parsed.data) && parsed.data.every(isRow)) {
        expect(read(damaged).rows).toEqual(parsed.data);
      } else if (!Array.isArray(parsed.data)) expect(read(damaged).rows).toBeUndefined();
      else expect(() => read(damaged)).toThrow(ContractError);
    }),
    { numRuns: 2_000 },
  );
});

const isRow = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

function parseOrUndefined(text: string): { data?: unknown } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

test('rows of many batches keep their order, and names the order they appear in', () => {
  const data = Array.from({ length: 5_000 }, (_, no) => ({
    no,
    text: 'x'.repeat(50),
    [`n${no % 300}`]: null,
  }));
  const { rows, names } = read(JSON.stringify({ data }));
  expect(rows).toEqual(data);
  expect(names?.slice(0, 4)).toEqual(['no', 'text', 'n0', 'n1']);
  expect(names).toHaveLength(302);
});

test.each([
  ['rows without end', `{"data":[${'{},'.repeat(5e6)}{}]}`, /more than 500000 rows/],
  [
    'columns without end',
    `{"data":[${Array.from({ length: 401 }, (_, no) => `{"k${no}":1}`)}]}`,
    /400 different/,
  ],
  ['a row without end', `{"data":[{"a":[${'{},'.repeat(1e6)}{}]}]}`, /more than 100000 values/],
  ['a deep row', `{"data":[{"a":${'['.repeat(62)}${']'.repeat(62)}}]}`, /more than 64 levels/],
  ['metadata without end', `{"data":[],"m":[${'1,'.repeat(1e5)}1]}`, /more than 100000 values/],
  ['metadata in many pieces', `{${'"m":[1,1,1],"data":[{}],'.repeat(3e4)}"m":1}`, /more than 100000 values/],
  ['something that is no row', '{"data":[{},{},[]]}', /number 3 of its data is no row/],
])('%s is refused, and says so', (_, text, message) => {
  expect(() => read(text)).toThrow(ContractError);
  expect(() => read(text)).toThrow(message);
});

test('as many rows and columns as may be are read, in less memory than as objects', () => {
  const columns = Object.fromEntries(Array.from({ length: 400 }, (_, no) => [`k${no}`, 1]));
  expect(read(JSON.stringify({ data: [columns] })).names).toHaveLength(400);
  expect(read(`{"data":[${'{},'.repeat(499_999)}{}]}`).count).toBe(500_000);
  const deepest = `{"data":[{"a":${'['.repeat(61)}${']'.repeat(61)}}]}`;
  expect(read(deepest).rows).toHaveLength(1);
});

test('of two lists the last one counts, as for the parser, and a text is no list', () => {
  expect(read('{"data":[{"a":1}],"data":[{"b":2}]}')).toMatchObject({ rows: [{ b: 2 }], names: ['b'] });
  expect(read('{"data":[{"a":1}],"data":"none"}').rows).toBeUndefined();
  expect(read('[1]').rows).toBeUndefined();
  for (const cut of ['', '{', '{"data":[', '{"data":[{}', '{"data":[{},', '{"data":[]', '{"data":[]}}']) {
    expect(() => read(cut)).toThrow(BrokenError);
  }
});
