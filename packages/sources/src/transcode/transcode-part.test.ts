import { gzipSync } from 'node:zlib';
import {
  COLUMN_TYPES,
  type ColumnType,
  type Dataset,
  type ParsedPart,
  type Reject,
  type Row,
  silentLogger,
} from '@edgeledger/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCsvPart } from '../csv/csv-part.ts';
import { withoutExponent } from './field-encoder.ts';
import { WINDOW_BYTES } from './skim-engine.ts';

/*
 * The fast way against the exact one: the same bytes through both, the tuples decoded by a reader of their own, the exact rows
 * by what their text means. Nothing of the encoders is used to check them.
 */

const HEADER = ['t', 'b', 'i', 'n', 'd', 'ts', 'day', 'ok', 'j', 'key'];
const TYPES: readonly ColumnType[] = [...COLUMN_TYPES, 'text'];
const DATASET: Dataset = {
  name: 'imgix.anything',
  vendor: 'imgix',
  report: 'anything',
  accumulation: 'daily',
  strategy: 'partition',
  identity: ['key'],
  retentionDays: 90,
  columns: HEADER.map((name, index) => ({ name, type: TYPES[index] ?? 'text' })),
};

async function* cut(content: Buffer, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += chunkBytes) yield content.subarray(at, at + chunkBytes);
}

interface ParseOptions {
  readonly chunkBytes?: number;
  readonly header?: readonly string[];
}

async function parse(content: Buffer, options: ParseOptions = {}): Promise<ParsedPart> {
  const context = { now: new Date(0), signal: new AbortController().signal, logger: silentLogger };
  const part = { name: '/p', bytes: cut(content, options.chunkBytes ?? 65_536), destroy: () => undefined };
  return await parseCsvPart(
    part,
    options.header === undefined ? context : { ...context, header: options.header },
    {
      dataset: DATASET,
      rules: { columns: DATASET.columns, dropped: new Set() },
      maxInflatedBytes: 1e9,
      what: 'test',
    },
  );
}

interface Outcome {
  readonly rows: unknown[];
  readonly rejects: Reject[];
  readonly counted: number;
}

/** What a value means, whatever its spelling. */
function meaningOf(type: ColumnType, text: string | null): unknown {
  if (text === null) return null;
  switch (type) {
    case 'bigint':
    case 'integer':
      return BigInt(text.replace(/^\+/, ''));
    case 'numeric':
      return plainNumber(text);
    case 'double precision':
      return Number(text);
    case 'timestamptz':
      return microsOf(text);
    default:
      return type === 'boolean' ? text === 'true' : text;
  }
}

/** No sign of zero, no zeros in front; those behind the point are the shown scale and count. */
function plainNumber(text: string): string {
  const [whole = '', fraction = ''] = withoutExponent(text).replace(/^[+-]/, '').split('.');
  const digits = `${whole.replace(/^0+/, '') || '0'}${fraction === '' ? '' : `.${fraction}`}`;
  return /[1-9]/.test(digits) && text.startsWith('-') ? `-${digits}` : digits;
}

function microsOf(text: string): bigint {
  const match = /^(.{10}T.{8})(?:\.(\d+))?(.*)$/.exec(text);
  const zone = (match?.[3] ?? '').replace(/^([+-]\d\d)$/, '$1:00').replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
  const millis = Date.parse(`${match?.[1]}${zone}`);
  const fraction = Number(`0.${match?.[2] ?? '0'}`) * 1e6;
  const floor = Math.floor(fraction);
  const rounded = fraction - floor === 0.5 ? floor + (floor % 2) : Math.round(fraction);
  return BigInt(millis) * 1000n + BigInt(rounded);
}

async function readExactly(content: Buffer, options: ParseOptions): Promise<Outcome> {
  const parsed = await parse(content, options);
  const rows: Row[] = [];
  const rejects: Reject[] = [];
  for await (const batch of parsed.batches) {
    rows.push(...batch.rows);
    rejects.push(...batch.rejects);
  }
  const types = parsed.columns.map(({ type }) => type);
  return {
    rows: rows.map(({ rowNo, values }) => [
      rowNo,
      ...values.map((value, index) => meaningOf(types[index] ?? 'text', value)),
    ]),
    rejects,
    counted: rows.length,
  };
}

async function readFast(content: Buffer, options: ParseOptions): Promise<Outcome> {
  const parsed = await parse(content, options);
  const rows: unknown[] = [];
  const rejects: Reject[] = [];
  let counted = 0;
  const layout = { partNo: 7, positions: parsed.columns.map((_, index) => index) };
  for await (const batch of parsed.copy?.(layout) ?? []) {
    const types = parsed.columns.map(({ type }) => type);
    rows.push(...decodeTuples(Buffer.from(batch.tuples), types));
    rejects.push(...batch.rejects);
    counted += batch.rows;
  }
  return { rows, rejects, counted };
}

function decodeTuples(tuples: Buffer, types: readonly ColumnType[]): unknown[] {
  const rows: unknown[] = [];
  let at = 0;
  const takeField = (): Buffer | null => {
    const length = tuples.readInt32BE(at);
    at += 4 + Math.max(0, length);
    return length === -1 ? null : tuples.subarray(at - length, at);
  };
  while (at < tuples.length) {
    expect(tuples.readInt16BE(at)).toBe(types.length + 2);
    at += 2;
    expect(takeField()?.readInt32BE()).toBe(7);
    const rowNo = Number(takeField()?.readBigInt64BE());
    rows.push([rowNo, ...types.map((type) => decodeField(type, takeField()))]);
  }
  return rows;
}

const EPOCH_2000_MICROS = 946_684_800_000_000n;

function decodeField(type: ColumnType, field: Buffer | null): unknown {
  if (field === null) return null;
  switch (type) {
    case 'bigint':
      return field.readBigInt64BE();
    case 'integer':
      return BigInt(field.readInt32BE());
    case 'numeric':
      return decodeNumeric(field);
    case 'double precision':
      return field.readDoubleBE();
    case 'timestamptz':
      return field.readBigInt64BE() + EPOCH_2000_MICROS;
    case 'date':
      return new Date((field.readInt32BE() + 10_957) * 86_400_000).toISOString().slice(0, 10);
    case 'boolean':
      return field[0] === 1;
    case 'jsonb':
      expect(field[0]).toBe(1);
      return field.subarray(1).toString();
    default:
      return field.toString();
  }
}

function decodeNumeric(field: Buffer): string {
  const count = field.readInt16BE(0);
  const weight = field.readInt16BE(2);
  const scale = field.readInt16BE(6);
  expect(field.length).toBe(8 + 2 * count);
  let value = 0n;
  for (let index = 0; index < count; index += 1)
    value = value * 10_000n + BigInt(field.readInt16BE(8 + 2 * index));
  const places = 4 * (count - 1 - weight);
  const scaled =
    places <= scale ? value * 10n ** BigInt(scale - places) : value / 10n ** BigInt(places - scale);
  const digits = scaled.toString().padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return field.readUInt16BE(4) === 0x4000 ? `-${text}` : text;
}

async function compare(content: Buffer, options: ParseOptions = {}): Promise<Outcome> {
  const [exact, fast] = [await readExactly(content, options), await readFast(content, options)];
  expect(fast).toEqual(exact);
  return fast;
}

const inRange = fc.integer({ min: -62_000_000_000, max: 250_000_000_000 });
const spelledTime = fc
  .tuple(
    inRange,
    fc.constantFrom('T', ' ', 't'),
    fc.constantFrom('', '.1', '.123', '.123456', '.1234567', '.999999999', '.0000005', '.1234565'),
    fc.constantFrom('', 'Z', 'z', ' UTC', 'UTC', 'gmt', '+02', '-0330', '+05:45', ' +15:59', '+16', '+0260'),
    fc.constantFrom(19, 16, 10),
  )
  .map(([seconds, separator, fraction, zone, length]) => {
    const iso = new Date(seconds * 1000).toISOString();
    const text = iso.startsWith('+') || iso.startsWith('-') ? '2020-02-29T00:00:00' : iso.slice(0, 19);
    return text.replace('T', separator).slice(0, length) + (length === 19 ? fraction : '') + zone;
  });
const unixTime = fc.oneof(fc.nat(2_000_000_000).map(String), fc.nat(2_000_000_000_000).map(String));
const digits = (max: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: max });
const decimal = fc
  .tuple(
    fc.constantFrom('', '-', '+', ' '),
    digits(22),
    fc.constantFrom('', '.', '.0', '.000', '.5'),
    digits(20),
    fc.constantFrom('', '', '', 'e3', 'E-5', 'e+20', 'e-320', ' '),
  )
  .map((parts) => parts.join(''));
const json = fc.oneof(
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.constantFrom('{', '"\\ud800"', '"\\u0000"', ' [1, 2] ', '"\\ud83e\\udd8a"'),
);
const odd = fc.constantFrom(
  '',
  '',
  ' ',
  'N/A',
  '\\N',
  'NULL',
  '2020-02-30',
  '1e5',
  '٣',
  '\u00a05',
  '9223372036854775808',
);
const field = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 60 }) },
  fc.constantFrom('"', ',', 'a,b', 'line\nbreak', 'cr\r\nlf', 'it"s', '\r', 'true', 'No', 'F'),
  decimal,
  spelledTime,
  unixTime,
  json,
  odd,
);
const BY_TYPE: Readonly<Record<ColumnType, fc.Arbitrary<string>>> = {
  text: field,
  bigint: fc.oneof(digits(20), fc.bigInt(-(2n ** 63n), 2n ** 63n).map(String), odd),
  integer: fc.oneof(digits(11), fc.integer({ min: -3_000_000_000, max: 3_000_000_000 }).map(String), odd),
  numeric: fc.oneof(decimal, odd),
  'double precision': fc.oneof(decimal, fc.double().map(String), odd),
  timestamptz: fc.oneof(spelledTime, unixTime, odd),
  date: fc.oneof(spelledTime, unixTime, odd),
  boolean: fc.oneof(fc.constantFrom('true', 'FALSE', 'y', 'n', '1', '0', 'Yes', 'truth'), odd),
  jsonb: fc.oneof(json, odd),
};

/** Quoted where it must be, or at random; sometimes not where it must be. */
const written = (value: fc.Arbitrary<string>) =>
  fc.tuple(value, fc.nat(19)).map(([text, style]) => {
    const isSpecial = /[",\n\r]/.test(text);
    return style < 4 || (isSpecial && style < 19) ? `"${text.replaceAll('"', '""')}"` : text;
  });
const record = fc
  .tuple(fc.tuple(...TYPES.map((type) => written(BY_TYPE[type]))), fc.nat(40))
  .map(([fields, spoil]) => {
    if (spoil === 0) return fields.slice(1).join(',');
    return spoil === 1 ? `${fields.join(',')},` : fields.join(',');
  });
/** Mostly plain values, so that rows come out and not only rejects. */
const plainRecord = fc
  .tuple(field, fc.maxSafeInteger(), fc.nat(2_000_000_000), decimal, fc.nat(99_999), unixTime, spelledTime)
  .map(([text, b, i, n, d, ts, day]) => {
    const quoted = `"${text.replaceAll('"', '""')}"`;
    const number = /\d/.test(n) && !/[ e]/i.test(n) ? n : '1.50';
    return `${quoted},${b},${i},${number},${d / 8},${ts},${day},true,"[1,""x""]",`;
  });
const file = fc
  .tuple(
    fc.array(fc.oneof({ weight: 4, arbitrary: plainRecord }, record, fc.constantFrom('', '"', '\r')), {
      maxLength: 25,
    }),
    fc.constantFrom('\n', '\r\n'),
    fc.constantFrom('', '\n', '\r\n', '\ufeff'),
  )
  .map(([records, lineEnd, last]) => {
    const mark = last === '\ufeff' ? last : '';
    return Buffer.from(mark + [HEADER.join(','), ...records].join(lineEnd) + (mark === '' ? last : ''));
  });

describe('the fast way gives what the exact way gives', () => {
  test('for generated files, in chunks of any size', async () => {
    let rows = 0;
    let rejects = 0;
    await fc.assert(
      fc.asyncProperty(file, fc.integer({ min: 1, max: 300 }), async (content, chunkBytes) => {
        const outcome = await compare(content, { chunkBytes });
        rows += outcome.counted;
        rejects += outcome.rejects.length;
      }),
      { numRuns: 1000 },
    );
    // neither of both is tested on nothing
    expect(rows).toBeGreaterThan(1000);
    expect(rejects).toBeGreaterThan(1000);
  });

  test('whatever is done to the bytes', async () => {
    const change = fc.tuple(
      fc.nat(5000),
      fc.constantFrom(0, 0x22, 0x2c, 0x0a, 0x0d, 0xff, 0xc3, 0xed, 0x41, 0x2d),
    );
    await fc.assert(
      fc.asyncProperty(
        file,
        fc.array(change, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 4000 }),
        async (content, changes, chunkBytes) => {
          const start = content.indexOf(0x0a) + 1;
          for (const [at, byte] of changes) {
            if (start > 0 && content.length > start) content[start + (at % (content.length - start))] = byte;
          }
          await compare(content, { chunkBytes });
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('for parts without a header, and for columns in another order', async () => {
    await fc.assert(
      fc.asyncProperty(file, async (content) => {
        const body = content.subarray(content.indexOf(0x0a) + 1);
        await compare(body, { header: HEADER });
        await compare(Buffer.concat([Buffer.from(`${HEADER.toReversed().join(',')}\n`), body]));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a comparison that could not fail would be none', () => {
  test('a value that the exact way reads otherwise is noticed', async () => {
    const line = (value: string) => Buffer.from(`${HEADER.join(',')}\n,,,${value},,,,,,\n`);
    const [one, other] = [await readFast(line('1.50'), {}), await readExactly(line('1.5'), {})];
    expect(one).not.toEqual(other);
  });
});

test('a record larger than a slice, and one that is too large, are what they are the exact way', async () => {
  const long = `"${'x,'.repeat(200_000)}"`;
  const lines = [
    HEADER.join(','),
    `${long},1,,,,,,,,k`,
    'short,2,,,,,,,,',
    `${'y'.repeat(40 * 1024 * 1024)},3`,
    'z,4,,,,,,,,',
  ];
  const { rejects, counted } = await compare(Buffer.from(lines.join('\n')), { chunkBytes: 100_000 });
  expect(counted).toBe(3);
  expect(rejects.map(({ code, line }) => [code, line])).toEqual([['record-too-large', 4]]);
});

test('what lies across two windows is read as if there were one', async () => {
  const nasty = [
    '"a ""quoted"", one",1,,,,,,,,k',
    '"line\nbreak\r\n""",2,,,,,,,,k\r',
    '"closed" badly,3,,,,,,,,',
    'no"quotes",x,,,,,,,,',
    '\r',
    '',
    'é,5,,,,,,,,"k"\r',
    '"end"',
  ].join('\n');
  const head = `${HEADER.join(',')}\n`;
  const rest = Array.from({ length: 50 }, (_, index) => `"row, ${index}",${index},,,,,,,,`).join('\n');
  for (let shift = 0; shift <= nasty.length + 2; shift += 1) {
    const filler = 'f'.repeat(WINDOW_BYTES - head.length - shift - 12);
    const content = Buffer.from(`${head}${filler},0,,,,,,,,\n${nasty}\n${rest}\n${nasty}`);
    const { counted } = await compare(content, { chunkBytes: content.length });
    expect(counted).toBe(57);
  }
});

test('a record may be as long as a window, a little shorter, or longer', async () => {
  for (let length = WINDOW_BYTES - 3; length <= WINDOW_BYTES + 3; length += 1) {
    const line = `,,,,,,,,,"${'x\n'.repeat(8)}"`;
    const long = `${'r'.repeat(length - line.length - 1)}${line}`;
    const lines = [HEADER.join(','), long, 'next,1,,,,,,,,', long, 'last,2,,,,,,,,'];
    const content = Buffer.from(lines.join('\n'));
    expect((await compare(content, { chunkBytes: content.length })).counted).toBe(4);
  }
});

test('a gzipped file of many chunks, and one that is gzipped twice, keep every byte although memory is given back', async () => {
  const lines = Array.from(
    { length: 30_000 },
    (_, index) => `"row ${index}, ${'é'.repeat(index % 40)}",${index},,,,,,,,`,
  );
  const zipped = gzipSync([HEADER.join(','), ...lines].join('\n'));
  for (const content of [zipped, gzipSync(zipped), Buffer.concat([zipped, gzipSync('\nlast,1,,,,,,,,')])]) {
    expect((await compare(content, { chunkBytes: 10_000 })).counted).toBeGreaterThanOrEqual(30_000);
  }
});

test('bad records in great number do not hold the event loop', async () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `text,not a number ${index},,,,,,,,`);
  const content = Buffer.from([HEADER.join(','), ...lines].join('\n'));
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const { rejects } = await readFast(content, { chunkBytes: content.length });
  clearInterval(timer);
  expect(rejects).toHaveLength(20_000);
  // a lock is renewed every 15 seconds; a slice takes a fraction of one
  expect(longest).toBeLessThan(5_000);
});
