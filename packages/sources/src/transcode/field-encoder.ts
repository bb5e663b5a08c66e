import { type ColumnType, fieldReader } from '@edgeledger/core';
import { encodeBigint, encodeDouble, encodeInteger, encodeNumeric, writeInt32 } from './number-fields.ts';
import { encodeDate, encodeTimestamp } from './time-fields.ts';

/** Column types as small numbers, to switch on. */
export const TYPE_CODES: Readonly<Record<ColumnType, number>> = {
  text: 0,
  bigint: 1,
  integer: 2,
  numeric: 3,
  'double precision': 4,
  timestamptz: 5,
  date: 6,
  boolean: 7,
  jsonb: 8,
};

const QUOTE = 34;
const LENGTH_BYTES = 4;
/** Below this, a loop is quicker than a call that copies. */
const LOOP_BYTES = 40;
/** No encoded field takes more than its text and this. */
export const FIELD_OVERHEAD_BYTES = 24;

export function writeNull(out: Buffer, at: number): number {
  out[at] = 255;
  out[at + 1] = 255;
  out[at + 2] = 255;
  out[at + 3] = 255;
  return at + LENGTH_BYTES;
}

/**
 * Writes a field that is not blank: its length, then its value. Gives the position behind it, or -1 for a spelling that only the
 * exact way may judge.
 */
export function encodeField(
  code: number,
  src: Buffer,
  from: number,
  end: number,
  out: Buffer,
  at: number,
): number {
  const next = encodeValue(code, src, from, end, out, at + LENGTH_BYTES);
  if (next !== -1) writeInt32(next - at - LENGTH_BYTES, out, at);
  return next;
}

/** Writes the value of a field alone; gives the position behind it, or -1. */
export function encodeValue(
  code: number,
  src: Buffer,
  from: number,
  end: number,
  out: Buffer,
  at: number,
): number {
  switch (code) {
    case TYPE_CODES.text:
      return copyBytes(src, from, end, out, at);
    case TYPE_CODES.bigint:
      return encodeBigint(src, from, end, out, at);
    case TYPE_CODES.integer:
      return encodeInteger(src, from, end, out, at);
    case TYPE_CODES.numeric:
      return encodeNumeric(src, from, end, out, at);
    case TYPE_CODES['double precision']:
      return encodeDouble(src, from, end, out, at);
    case TYPE_CODES.timestamptz:
      return encodeTimestamp(src, from, end, out, at);
    case TYPE_CODES.date:
      return encodeDate(src, from, end, out, at);
    case TYPE_CODES.boolean:
      return encodeBoolean(src, from, end, out, at);
    default:
      return encodeJson(src, from, end, out, at);
  }
}

function copyBytes(src: Buffer, from: number, end: number, out: Buffer, at: number): number {
  if (end - from > LOOP_BYTES) {
    src.copy(out, at, from, end);
    return at + end - from;
  }
  let to = at;
  for (let index = from; index < end; index += 1, to += 1) out[to] = src[index] ?? 0;
  return to;
}

/** Text between quotes in which quotes are written twice. */
export function encodeQuotedText(src: Buffer, from: number, end: number, out: Buffer, at: number): number {
  let to = at + LENGTH_BYTES;
  for (let index = from; index < end; index += 1, to += 1) {
    const byte = src[index] ?? 0;
    out[to] = byte;
    if (byte === QUOTE) index += 1;
  }
  writeInt32(to - at - LENGTH_BYTES, out, at);
  return to;
}

const readBoolean = fieldReader('boolean');
const readJson = fieldReader('jsonb');

function encodeBoolean(src: Buffer, from: number, end: number, out: Buffer, at: number): number {
  if (end - from > 5) return -1;
  const value = readBoolean(src.toString('latin1', from, end));
  if (value === undefined) return -1;
  out[at] = value === 'true' ? 1 : 0;
  return at + 1;
}

const JSONB_VERSION = 1;

function encodeJson(src: Buffer, from: number, end: number, out: Buffer, at: number): number {
  if (readJson(src.toString('utf8', from, end)) === undefined) return -1;
  out[at] = JSONB_VERSION;
  return copyBytes(src, from, end, out, at + 1);
}

/**
 * A value in the canonical spelling of core's column values, for records that went the exact way. Only exponents of numbers are
 * left over then.
 */
export function encodeCanonical(type: ColumnType, value: string, out: Buffer, at: number): number {
  const bytes = Buffer.from(type === 'numeric' ? withoutExponent(value) : value);
  const code = TYPE_CODES[type];
  const next = encodeField(code, bytes, 0, bytes.length, out, at);
  if (next !== -1 || type !== 'double precision') return next;
  out.writeDoubleBE(Number(value), at + LENGTH_BYTES);
  return writeInt32(8, out, at) + 8;
}

/** `1.50e1` as `15.0`: the shown scale shrinks and grows with the exponent, as in Postgres. */
export function withoutExponent(number: string): string {
  const match = /^([+-]?)(\d*)\.?(\d*)[eE]([+-]?\d+)$/.exec(number);
  if (match === null) return number;
  const [, sign = '', whole = '', fraction = '', power = '0'] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(power);
  if (point >= digits.length) return `${sign}${digits.padEnd(point, '0')}`;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
