/*
 * Numbers in Postgres's binary COPY format, straight from the bytes of a field. Each function writes the field's value at
 * `at` and gives the position behind it, or -1 for a spelling that it does not know: the record then goes the exact way,
 * which decides. What is accepted here must mean the same there.
 */

const MINUS = 45;
const PLUS = 43;
const POINT = 46;
const ZERO = 48;
const NINE = 57;

const TWO_32 = 4_294_967_296;
const LONGEST_SAFE_DIGITS = 15;
const INTEGER_MAX = 2_147_483_647;
const BIGINT_MAX = 9_223_372_036_854_775_807n;

export function writeInt32(value: number, out: Buffer, at: number): number {
  out[at] = value >> 24;
  out[at + 1] = value >> 16;
  out[at + 2] = value >> 8;
  out[at + 3] = value;
  return at + 4;
}

/** A whole number that a double holds exactly, as `bigint`. */
export function writeInt64(value: number, out: Buffer, at: number): number {
  const high = Math.floor(value / TWO_32);
  return writeInt32((value - high * TWO_32) | 0, out, writeInt32(high, out, at));
}

export function encodeInteger(src: Buffer, from: number, end: number, out: Buffer, at: number): number {
  const value = readSmallInteger(src, from, end);
  if (Number.isNaN(value) || value > INTEGER_MAX || value < -INTEGER_MAX - 1) return -1;
  return writeInt32(value, out, at);
}

export function encodeBigint(src: Buffer, from: number, end: number, out: Buffer, at: number): number {
  const value = readSmallInteger(src, from, end);
  if (!Number.isNaN(value)) return writeInt64(value, out, at);
  // 16 to 19 digits: a BigInt, checked against the range
  const signed = src[from] === MINUS || src[from] === PLUS;
  const digits = end - from - (signed ? 1 : 0);
  if (digits <= LONGEST_SAFE_DIGITS || digits > 19 || !isDigits(src, signed ? from + 1 : from, end))
    return -1;
  const exact = BigInt(src.toString('latin1', src[from] === PLUS ? from + 1 : from, end));
  if (exact > BIGINT_MAX || exact < -BIGINT_MAX - 1n) return -1;
  out.writeBigInt64BE(exact, at);
  return at + 8;
}

/** Up to 15 digits with an optional sign; NaN for anything else. */
function readSmallInteger(src: Buffer, from: number, end: number): number {
  let at = from;
  const first = src[at];
  if (first === MINUS || first === PLUS) at += 1;
  if (at >= end || end - at > LONGEST_SAFE_DIGITS) return Number.NaN;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = (src[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return first === MINUS ? 0 - value : value;
}

export function isDigits(src: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; at += 1) {
    const byte = src[at] ?? 0;
    if (byte < ZERO || byte > NINE) return false;
  }
  return true;
}

const NUMERIC_NEGATIVE = 0x4000;
const LONGEST_PLAIN_NUMBER = 1000;

/**
 * `numeric`: count of base-10000 digits, weight of the first, sign, digits behind the point that are shown, the digits
 * (src/backend/utils/adt/numeric.c, numeric_send). Without leading and trailing zero digits, so that equal spellings of
 * equal scale are equal bytes. No exponents.
 */
export function encodeNumeric(src: Buffer, from: number, end: number, out: Buffer, at: number): number {
  if (end - from > LONGEST_PLAIN_NUMBER) return -1;
  const sign = src[from];
  const start = sign === MINUS || sign === PLUS ? from + 1 : from;
  let point = end;
  for (let index = start; index < end; index += 1) {
    const byte = src[index] ?? 0;
    if (byte >= ZERO && byte <= NINE) continue;
    if (byte !== POINT || point !== end) return -1;
    point = index;
  }
  const whole = point - start;
  const scale = point === end ? 0 : end - point - 1;
  if (whole + scale === 0) return -1;
  const groupsBefore = Math.ceil(whole / 4);
  const groups = groupsBefore + Math.ceil(scale / 4);
  let weight = groupsBefore - 1;
  let written = 0;
  let kept = 0;
  for (let group = 0; group < groups; group += 1) {
    // decimal places of the group's four digits, counted from the point: … -4..-1 | 0..3 | 4..7 …
    const place = (group - groupsBefore) * 4;
    let value = 0;
    for (let offset = place; offset < place + 4; offset += 1) {
      const index = offset < 0 ? point + offset : point + 1 + offset;
      value = value * 10 + (index >= start && index < end ? (src[index] ?? ZERO) - ZERO : 0);
    }
    if (value === 0 && written === 0) {
      weight -= 1;
      continue;
    }
    out[at + 8 + written * 2] = value >> 8;
    out[at + 9 + written * 2] = value;
    written += 1;
    if (value !== 0) kept = written;
  }
  if (kept === 0) weight = 0;
  const negative = kept > 0 && sign === MINUS ? NUMERIC_NEGATIVE : 0;
  writeInt32((kept << 16) | (weight & 0xffff), out, at);
  writeInt32((negative << 16) | scale, out, at + 4);
  return at + 8 + kept * 2;
}

/** Powers of ten that a double holds exactly. */
const EXACT_POWERS = Array.from({ length: 23 }, (_, power) => 10 ** power);

/** A double: up to 15 digits by one correctly rounded division, longer spellings by the engine's own reader. */
export function encodeDouble(src: Buffer, from: number, end: number, out: Buffer, at: number): number {
  const first = src[from];
  const start = first === MINUS || first === PLUS ? from + 1 : from;
  let value = 0;
  let digits = 0;
  let point = -1;
  for (let index = start; index < end; index += 1) {
    const byte = src[index] ?? 0;
    if (byte === POINT && point === -1) point = index;
    else if (byte >= ZERO && byte <= NINE) {
      value = value * 10 + (byte - ZERO);
      digits += 1;
    } else return -1;
  }
  if (digits === 0 || end - from > LONGEST_PLAIN_NUMBER) return -1;
  const power = point === -1 ? 0 : end - point - 1;
  const isExact = digits <= LONGEST_SAFE_DIGITS;
  const magnitude = isExact
    ? value / (EXACT_POWERS[power] ?? Number.NaN)
    : Number(src.toString('latin1', start, end));
  if (!Number.isFinite(magnitude) || (magnitude === 0 && value !== 0)) return -1;
  out.writeDoubleBE(first === MINUS ? -magnitude : magnitude, at);
  return at + 8;
}
