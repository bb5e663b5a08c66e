import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRecordFramer } from './record-framer.ts';

interface Seen {
  readonly line: number;
  readonly text: string;
  readonly defect: string | null;
}

function frame(text: string | Buffer, chunkBytes = 1_000_000, maxRecordBytes?: number): Seen[] {
  const bytes = Buffer.from(text);
  const framer = createRecordFramer(maxRecordBytes);
  const seen: Seen[] = [];
  const note = (records: ReturnType<typeof framer.end>) => {
    for (const { line, bytes: raw, defect } of records) seen.push({ line, text: raw.toString(), defect });
  };
  for (let at = 0; at < bytes.length; at += chunkBytes)
    note(framer.push(bytes.subarray(at, at + chunkBytes)));
  note(framer.end());
  return seen;
}

const texts = (seen: readonly Seen[]) => seen.map(({ text }) => text);

test('LF, CRLF, blank lines, a BOM and a missing last line end are all fine', () => {
  expect(frame('\ufeffa,b\r\n\r\n1,2\n\n3,4')).toEqual([
    { line: 1, text: 'a,b', defect: null },
    { line: 3, text: '1,2', defect: null },
    { line: 5, text: '3,4', defect: null },
  ]);
});

test('quoted fields hold commas, quotes and line breaks, and lines are counted through them', () => {
  expect(frame('"a\n""x"",\r\nb",1\nc,2\n')).toEqual([
    { line: 1, text: '"a\n""x"",\r\nb",1', defect: null },
    { line: 4, text: 'c,2', defect: null },
  ]);
});

test('a quote inside an unquoted field is text', () => {
  expect(texts(frame('5" screen,x\ny,z\n'))).toEqual(['5" screen,x', 'y,z']);
});

test('an unterminated quote costs its own line and no other record', () => {
  expect(frame('a,b\n1,"open\n2,x\n3,"fine"\n')).toEqual([
    { line: 1, text: 'a,b', defect: null },
    { line: 2, text: '1,"open', defect: 'malformed-quote' },
    { line: 3, text: '2,x', defect: null },
    { line: 4, text: '3,"fine"', defect: null },
  ]);
  expect(frame('1,"open\n2,x\n3,y')).toEqual([
    { line: 1, text: '1,"open', defect: 'unterminated-quote' },
    { line: 2, text: '2,x', defect: null },
    { line: 3, text: '3,y', defect: null },
  ]);
});

test('a record that is too large is given up without being kept', () => {
  const seen = frame(`a\n${'x'.repeat(5000)}\nb\n"${'y\n'.repeat(3000)}`, 100, 1000);
  expect(seen[0]).toEqual({ line: 1, text: 'a', defect: null });
  expect(seen[1]).toMatchObject({ line: 2, defect: 'record-too-large' });
  expect(seen[2]).toEqual({ line: 3, text: 'b', defect: null });
  expect(seen[3]).toEqual({ line: 4, text: '"y', defect: 'unterminated-quote' });
  expect(seen).toHaveLength(4 + 2999);
});

test('how the bytes are cut into chunks changes nothing', () => {
  const piece = fc.constantFrom('a', '"', '""', ',', '\n', '\r\n', '\r', 'é', '\ufeff', '"x\ny"');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), (pieces, chunkBytes) => {
      const text = pieces.join('');
      expect(frame(text, chunkBytes)).toEqual(frame(text));
    }),
    { numRuns: 2000 },
  );
});

test('every byte that is not a line end belongs to exactly one record', () => {
  const piece = fc.constantFrom('a', 'bc', '"', '""', ',', '\n', '"x\ny"');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      const seen = texts(frame(text)).join('').replaceAll('\n', '');
      expect(seen).toBe(text.replaceAll('\n', ''));
    }),
    { numRuns: 2000 },
  );
});
