import { isDigits, writeInt32, writeInt64 } from './number-fields.ts';

/*
 * Times and days in binary: microseconds, or days, since 2000-01-01 (src/include/datatype/timestamp.h). The spellings are those
 * of core's column values; white space around them goes the exact way.
 */

const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const COLON = 58;
const BLANK = 32;
const DAY_SECONDS = 86_400;
/** Days from 1970-01-01 to 2000-01-01. */
const EPOCH_DAYS = 10_957;
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function encodeTimestamp(src: Buffer, from: number, end: number, out: Buffer, at: number): number {
  if (src[from + 4] !== MINUS) return encodeUnixTime(src, from, end, out, at);
  const days = readDay(src, from, end);
  if (Number.isNaN(days)) return -1;
  const clock = readClock(src, from + 10, end);
  if (Number.isNaN(clock.micros)) return -1;
  const zoneMinutes = readZone(src, clock.end, end);
  if (Number.isNaN(zoneMinutes)) return -1;
  const seconds = days * DAY_SECONDS - zoneMinutes * 60;
  const micros = seconds * 1_000_000 + clock.micros;
  if (Number.isSafeInteger(micros)) return writeInt64(micros, out, at);
  // more than 285 years from 2000
  out.writeBigInt64BE(BigInt(seconds) * 1_000_000n + BigInt(clock.micros), at);
  return at + 8;
}

/** A day, or a time of which the written day is meant. */
export function encodeDate(src: Buffer, from: number, end: number, out: Buffer, at: number): number {
  if (src[from + 4] !== MINUS) {
    const seconds = readUnixSeconds(src, from, end);
    return Number.isNaN(seconds) ? -1 : writeInt32(Math.floor(seconds / DAY_SECONDS) - EPOCH_DAYS, out, at);
  }
  const days = readDay(src, from, end);
  if (Number.isNaN(days)) return -1;
  const clock = readClock(src, from + 10, end);
  if (Number.isNaN(clock.micros) || Number.isNaN(readZone(src, clock.end, end))) return -1;
  return writeInt32(days, out, at);
}

/** Unix seconds (9 or 10 digits) or milliseconds (12 or 13). */
function encodeUnixTime(src: Buffer, from: number, end: number, out: Buffer, at: number): number {
  const seconds = readUnixSeconds(src, from, end);
  if (Number.isNaN(seconds)) return -1;
  // thousandths are exact only as whole milliseconds
  const millis = Math.round(seconds * 1000);
  return writeInt64((millis - EPOCH_DAYS * DAY_SECONDS * 1000) * 1000, out, at);
}

function readUnixSeconds(src: Buffer, from: number, end: number): number {
  const length = end - from;
  const isSeconds = length === 9 || length === 10;
  if ((!isSeconds && length !== 12 && length !== 13) || !isDigits(src, from, end)) return Number.NaN;
  let value = 0;
  for (let at = from; at < end; at += 1) value = value * 10 + ((src[at] ?? 0) - ZERO);
  return isSeconds ? value : value / 1000;
}

function readTwoDigits(src: Buffer, at: number): number {
  const tens = (src[at] ?? 0) - ZERO;
  const ones = (src[at + 1] ?? 0) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** `YYYY-MM-DD` at `from`, as days since 2000-01-01. */
function readDay(src: Buffer, from: number, end: number): number {
  if (end - from < 10 || src[from + 4] !== MINUS || src[from + 7] !== MINUS) return Number.NaN;
  const year = readTwoDigits(src, from) * 100 + readTwoDigits(src, from + 2);
  const month = readTwoDigits(src, from + 5);
  const day = readTwoDigits(src, from + 8);
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= (MONTH_DAYS[month - 1] ?? 0)))
    return Number.NaN;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2 && day === 29 && !isLeap) return Number.NaN;
  // days of a calendar that begins in March, so that the leap day is the last one
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468 - EPOCH_DAYS;
}

interface Clock {
  readonly micros: number;
  readonly end: number;
}

const NO_CLOCK: Clock = { micros: Number.NaN, end: 0 };

/** `[T ]HH:MM[:SS[.fffffffff]]`, or nothing, which is midnight. */
function readClock(src: Buffer, from: number, end: number): Clock {
  if (from + 6 > end || src[from + 3] !== COLON) return { micros: 0, end: from };
  const separator = src[from];
  // T, t or a blank
  if (separator !== 84 && separator !== 116 && separator !== BLANK) return { micros: 0, end: from };
  const hour = readTwoDigits(src, from + 1);
  const minute = readTwoDigits(src, from + 4);
  if (!(hour <= 23 && minute <= 59)) return NO_CLOCK;
  const atMinute = (hour * 60 + minute) * 60_000_000;
  if (from + 9 > end || src[from + 6] !== COLON) return { micros: atMinute, end: from + 6 };
  const second = readTwoDigits(src, from + 7);
  if (!(second <= 59)) return NO_CLOCK;
  const atSecond = atMinute + second * 1_000_000;
  if (from + 10 > end || src[from + 9] !== POINT) return { micros: atSecond, end: from + 9 };
  let at = from + 10;
  let fraction = 0;
  let scale = 1;
  for (; at < end; at += 1) {
    const digit = (src[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) break;
    fraction = fraction * 10 + digit;
    scale *= 10;
  }
  if (scale === 1 || scale > 1e9) return NO_CLOCK;
  // as Postgres does it: the fraction as a double, then rounded to microseconds, halves to even
  return { micros: atSecond + roundHalfEven((fraction / scale) * 1_000_000), end: at };
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Minutes east of UTC of `[ ](Z|UTC|GMT|+hh[[:]mm])`; 0 for nothing. */
function readZone(src: Buffer, start: number, end: number): number {
  if (start === end) return 0;
  const from = src[start] === BLANK ? start + 1 : start;
  const length = end - from;
  const first = src[from] ?? 0;
  if (length === 1) return (first | 32) === 122 ? 0 : Number.NaN;
  if (length === 3 && first !== PLUS && first !== MINUS) {
    const word = src.toString('latin1', from, end).toUpperCase();
    return word === 'UTC' || word === 'GMT' ? 0 : Number.NaN;
  }
  if (first !== PLUS && first !== MINUS) return Number.NaN;
  const hours = readTwoDigits(src, from + 1);
  let minutes = Number.NaN;
  if (length === 3) minutes = 0;
  else if (length === 5) minutes = readTwoDigits(src, from + 3);
  else if (length === 6 && src[from + 3] === COLON) minutes = readTwoDigits(src, from + 4);
  if (!(hours <= 15 && minutes <= 59)) return Number.NaN;
  return (hours * 60 + minutes) * (first === MINUS ? -1 : 1);
}
