import { COLUMN_TYPES, type ColumnType } from '@edgeledger/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRecordFramer, type FramedRecord } from '../csv/record-framer.ts';
import { createTupleOutput, createTupleSkimmer, type TupleShape, takeTuples } from './record-skimmer.ts';
import { createLoopEngine, createVectorEngine, type SkimEngine, WINDOW_BYTES } from './skim-engine.ts';

/*
 * The program in skim-engine.wat against the loops that stand in for it: the same tuples, byte by byte, and the same records
 * left over, whatever the text. That they are the right ones is shown against the exact way in transcode-part.test.ts.
 */

interface Skimmed {
  readonly tuples: string;
  readonly rows: number;
  readonly doubtful: readonly string[];
  readonly next: number;
  readonly line: number;
}

interface Request {
  readonly types: readonly ColumnType[];
  readonly partNo?: number;
  readonly skipRecords?: number;
}

function skim(engine: SkimEngine, text: Buffer, request: Request): Skimmed {
  const { types } = request;
  const shape: TupleShape = {
    partNo: request.partNo,
    fieldCount: types.length,
    skipRecords: request.skipRecords ?? 0,
    // not in the order of the file; keys are texts
    fields: types
      .map((type, position) => ({ position, type, blankIsText: type === 'text' && position % 2 === 1 }))
      .reverse(),
  };
  const output = createTupleOutput();
  const doubtful: string[] = [];
  const skimmer = createTupleSkimmer(
    shape,
    output,
    ({ line, bytes }, rowNo) => doubtful.push(`${line} ${rowNo} ${bytes.toString('latin1')}`),
    engine,
  );
  const end = skimmer.skim(text, 0, 1);
  const { tuples, rows } = takeTuples(output);
  return { tuples: tuples.toString('latin1'), rows, doubtful, ...end };
}

const vectors = createVectorEngine();
const loops = createLoopEngine();

function expectSame(text: Buffer, request: Request): Skimmed {
  const skimmed = skim(vectors, text, request);
  expect(skimmed).toEqual(skim(loops, text, request));
  return skimmed;
}

const digits = (maxLength: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength }).map((list) => list.join(''));
const sign = fc.constantFrom('', '', '-', '+');
const integer = fc.oneof(
  fc.tuple(sign, digits(20)).map((parts) => parts.join('')),
  fc.constantFrom(
    ...['2147483647', '2147483648', '-2147483648', '-2147483649', '0', '-0', '+', '-', '007'],
    ...['999999999999999', '1000000000000000', '9223372036854775807', '9223372036854775808'],
  ),
);
const pair = fc.integer({ min: 0, max: 62 }).map((value) => String(value).padStart(2, '0'));
const day = fc.oneof(
  fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10)),
  fc
    .tuple(fc.constantFrom('1900', '2000', '2023', '2024', '0000', '0001'), pair, pair)
    .map((parts) => parts.join('-')),
  fc.constantFrom(
    '2024-02-29',
    '2023-02-29',
    '1900-02-29',
    '2000-02-29',
    '2024-04-31',
    '2024-12-31',
    '2024-00-10',
  ),
);
const time = fc
  .tuple(
    day,
    fc.constantFrom('T', 't', ' ', '_', 'T'),
    fc.constantFrom('00:00:00', '23:59:59', '24:00:00', '12:60:00', '12:00:60', '09:08', '9:08:07'),
    fc.oneof(
      fc.constantFrom('', '', '.'),
      digits(9).map((fraction) => `.${fraction}`),
    ),
    fc.constantFrom('', 'Z', 'z', ' UTC', ' utc', 'UTC', '+00:00', '-0530', '+02', ' Z', 'X', '   '),
  )
  .map((parts) => parts.join(''));
const word = fc.stringMatching(/^[a-zé€😀 "';/]{0,40}$/u);
const anything = fc.oneof(
  integer,
  time,
  word,
  ...[fc.constantFrom('', '1.5', 'true', '{"a":[1]}', '1e3', 'x'.repeat(600), '1700000000', '1700000000123')],
);

/** Mostly what belongs into such a column. */
function valueFor(type: ColumnType): fc.Arbitrary<string> {
  const own: Partial<Record<ColumnType, fc.Arbitrary<string>>> = {
    text: word,
    bigint: integer,
    integer: fc.integer({ min: -(2 ** 31) - 9, max: 2 ** 31 + 9 }).map(String),
    timestamptz: time,
    date: day,
    boolean: fc.constantFrom('true', 'false', 't', 'no'),
    jsonb: fc.json(),
  };
  const fitting = own[type] ?? fc.constantFrom('1', '-1.50', '0.1', '12345678901234567890.5', '1e5');
  return fc.oneof({ weight: 9, arbitrary: fitting }, { weight: 1, arbitrary: anything });
}

function fieldFor(type: ColumnType): fc.Arbitrary<string> {
  const how = fc.oneof(
    { weight: 5, arbitrary: fc.constant('plain') },
    { weight: 5, arbitrary: fc.constant('quoted') },
    { weight: 1, arbitrary: fc.constant('broken') },
  );
  return fc
    .tuple(valueFor(type), how)
    .map(([text, style]) =>
      style === 'plain'
        ? text.replace(/^"/, '')
        : `"${style === 'broken' ? text : text.replaceAll('"', '""')}"`,
    );
}

const lineEnd = fc.constantFrom('\n', '\n', '\r\n', '\n\n', '\n\r\n', '\r');

describe('the engine makes the tuples that the loops make', () => {
  // every type, and more often those that the engine knows itself
  const type = fc.constantFrom<ColumnType>(...COLUMN_TYPES, 'text', 'bigint', 'integer', 'timestamptz');

  test('of fields in any spelling, under columns of any type', () => {
    const file = fc.array(type, { minLength: 1, maxLength: 6 }).chain((types) =>
      fc.record({
        types: fc.constant(types),
        partNo: fc.option(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { nil: undefined }),
        skipRecords: fc.integer({ min: 0, max: 2 }),
        lines: fc.array(fc.tuple(fc.tuple(...types.map(fieldFor)), lineEnd), { maxLength: 12 }),
      }),
    );
    let rows = 0;
    fc.assert(
      fc.property(file, ({ types, partNo, skipRecords, lines }) => {
        const text = lines.map(([fields, end]) => fields.join(',') + end).join('');
        const request = { types, skipRecords, ...(partNo === undefined ? {} : { partNo }) };
        rows += expectSame(Buffer.from(text), request).rows;
      }),
      { numRuns: 4000 },
    );
    // it would be the same of files in which nothing is sound
    expect(rows).toBeGreaterThan(1500);
  });

  test('whatever is done to the bytes', () => {
    const types: ColumnType[] = ['timestamptz', 'text', 'bigint', 'text', 'integer'];
    const record = '2026-11-20T00:00:00.129Z,"a ""quoted"" one, é",-17,/path?x=1,200\r\n';
    const base = Buffer.from(record.repeat(4));
    const change = fc.tuple(
      fc.nat(base.length - 1),
      fc.oneof(fc.nat(255), fc.constantFrom(34, 44, 10, 13, 48, 58)),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
        const text = Buffer.from(base);
        for (const [at, byte] of changes) text[at] = byte;
        expectSame(text, { types, partNo: 3 });
      }),
      { numRuns: 4000 },
    );
  });

  test('of every day there is, and of none that there is not', () => {
    const days: string[] = [];
    for (const year of ['0000', '0001', '1900', '1970', '1999', '2000', '2023', '2024', '9999'])
      for (let month = 0; month <= 13; month += 1)
        for (let dayOfMonth = 0; dayOfMonth <= 32; dayOfMonth += 1)
          days.push(
            `${year}-${String(month).padStart(2, '0')}-${String(dayOfMonth).padStart(2, '0')}T01:02:03Z`,
          );
    const text = Buffer.from(`${days.join('\n')}\n`);
    // eight years of which two have a leap day
    expect(expectSame(text, { types: ['timestamptz'] }).rows).toBe(8 * 365 + 2);
  });
});

describe('what has no room', () => {
  test('blank fields, whose tuples are many times their text', () => {
    const text = Buffer.from(',,,\n'.repeat(WINDOW_BYTES / 2));
    const { rows } = expectSame(text, { types: ['text', 'text', 'bigint', 'jsonb'], partNo: 1 });
    expect(rows).toBe(WINDOW_BYTES / 2);
  });

  test('a record longer than a window is left to the framer', () => {
    const long = 'x'.repeat(WINDOW_BYTES);
    const text = Buffer.from(`1,a\n2,${long}\n3,b\n`);
    const skimmed = expectSame(text, { types: ['bigint', 'text'] });
    expect([skimmed.rows, skimmed.next]).toEqual([1, 4]);
  });

  test('a record of more fields than the engine has tables for', () => {
    const types = new Array<ColumnType>(1025).fill('integer');
    const text = Buffer.from(`${types.map((_, at) => at).join(',')}\n`.repeat(3));
    expect(expectSame(text, { types }).rows).toBe(3);
    expect(expectSame(Buffer.from(`${'1,'.repeat(1023)}1\n`), { types: types.slice(1) }).rows).toBe(1);
  });
});

test('two files take turns with one engine, and neither gets the columns of the other', () => {
  const first: Request = { types: ['bigint', 'text'], partNo: 1 };
  const second: Request = { types: ['text', 'integer', 'timestamptz'], partNo: 2 };
  const texts = [Buffer.from('1,a\n2,b\n'), Buffer.from('x,7,2026-11-20 00:00:00\n')] as const;
  for (const [request, text] of [
    [first, texts[0]],
    [second, texts[1]],
    [first, texts[0]],
  ] as const) {
    const { rows, doubtful } = expectSame(text, request);
    expect([rows, doubtful]).toEqual([text === texts[0] ? 2 : 1, []]);
  }
});

test('a number or a day with a doubled quote in it is for the exact way', () => {
  const { rows, doubtful } = expectSame(Buffer.from('"1""2",a\n3,"b""c"\n'), { types: ['bigint', 'text'] });
  expect([rows, doubtful]).toEqual([1, ['1 1 "1""2",a']]);
});

test('a key of more bytes than an index takes is for the exact way', () => {
  for (const [length, rows] of [
    [600, 1],
    [6000, 0],
  ] as const) {
    const text = Buffer.from(`1,${'k'.repeat(length)}\n`);
    expect(expectSame(text, { types: ['bigint', 'text'] }).rows).toBe(rows);
  }
});

describe('files in pieces, several at a time on one engine', () => {
  interface Piecewise {
    push(): boolean;
    result(): readonly unknown[];
  }

  /** Reads a file in pieces, each when it is told to. */
  function readPiecewise(engine: SkimEngine, content: Buffer, sizes: readonly number[]): Piecewise {
    const types: ColumnType[] = ['timestamptz', 'text', 'bigint'];
    const output = createTupleOutput();
    const seen: unknown[] = [];
    const take = (): void => {
      const { tuples, rows } = takeTuples(output);
      if (rows > 0) seen.push([rows, tuples.toString('latin1')]);
    };
    const note = (record: FramedRecord, rowNo: number): void => {
      seen.push([rowNo, record.line, record.defect, record.bytes.toString('latin1')]);
    };
    const skimmer = createTupleSkimmer(
      {
        partNo: sizes.length,
        fieldCount: 3,
        skipRecords: 1,
        fields: types.map((type, position) => ({ position, type, blankIsText: false })),
      },
      output,
      note,
      engine,
    );
    const framer = createRecordFramer(undefined, {
      skimmer,
      onRecord: (record) => note(record, skimmer.countRecord()),
      onCopied: () => undefined,
    });
    let at = 0;
    let turn = 0;
    return {
      push() {
        if (at >= content.length) return false;
        const size = sizes[turn % sizes.length] ?? 1;
        framer.push(content.subarray(at, at + size));
        take();
        at += size;
        turn += 1;
        if (at >= content.length) {
          framer.end();
          take();
        }
        return true;
      },
      result: () => seen,
    };
  }

  const line = fc.oneof(
    { weight: 30, arbitrary: fc.constant('2026-11-20T00:00:00Z,"a, ""b""",17\n') },
    {
      weight: 4,
      arbitrary: fc.constantFrom('\n', '\r\n', '2026-11-20 01:02:03.5,x,1\r\n', ',,\n', 'a\rb,c,1\n'),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('no time,x,1\n', '"open\n', ',"\u0000",1\n', '1,2\n', '"x"y,,\n'),
    },
    // a record about as long as a window
    {
      weight: 1,
      arbitrary: fc.integer({ min: -3, max: 3 }).map((more) => `,${'x'.repeat(WINDOW_BYTES - 4 + more)},\n`),
    },
  );
  const file = fc.record({
    lines: fc.array(line, { minLength: 1, maxLength: 60 }),
    repeat: fc.constantFrom(1, 1, 1, 40),
    sizes: fc.array(fc.constantFrom(37, 1000, WINDOW_BYTES - 1, WINDOW_BYTES, WINDOW_BYTES + 1, 131_072), {
      minLength: 1,
      maxLength: 3,
    }),
  });

  test('give what the loops give, piece by piece', () => {
    fc.assert(
      fc.property(fc.array(file, { minLength: 1, maxLength: 3 }), (files) => {
        const read = (engine: SkimEngine) => {
          const readers = files.map(({ lines, repeat, sizes }) =>
            readPiecewise(engine, Buffer.from(`t,u,b\n${lines.join('').repeat(repeat)}`), sizes),
          );
          while (readers.map((reader) => reader.push()).includes(true));
          return readers.map((reader) => reader.result());
        };
        expect(read(vectors)).toEqual(read(loops));
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
