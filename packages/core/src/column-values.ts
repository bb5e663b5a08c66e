import { findJsonExcess } from './bounded-json.ts';
import type { ColumnType } from './dataset.ts';
import { JSON_BOUNDS, type JsonBounds } from './json-scanner.ts';

/**
 * A field's canonical Postgres text input, or `undefined` when its type refuses it. Blank fields never get
 * here: blank means NULL. White space around numbers and times is ignored, in text it stays.
 */
export type FieldReader = (field: string) => string | undefined;

const INTEGER = /^[+-]?\d{1,30}$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const SECONDS_OR_MILLISECONDS = /^\d{9,10}$|^\d{12,13}$/;
/** `YYYY-MM-DD`, optionally `T` or blank and a time, optionally a zone: `Z`, `UTC`, `+02`, `+0200`, `+02:00`. */
const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?(?: ?(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?$/i;

const BIGINT_MAX = 9_223_372_036_854_775_807n;
const INTEGER_MAX = 2_147_483_647n;

function readInteger(field: string, max: bigint): string | undefined {
  const text = field.trim();
  if (!INTEGER.test(text)) return undefined;
  // up to 9 digits always fit; only longer ones are worth a BigInt
  if (text.length <= 9) return text;
  const value = BigInt(text);
  return value > max || value < -max - 1n ? undefined : value.toString();
}

/** Far more than any figure has, far less than what Postgres's numeric refuses (131,072 digits). */
const DECIMAL_MAX_CHARACTERS = 1000;

function readDecimal(field: string): string | undefined {
  const text = field.trim();
  return text.length <= DECIMAL_MAX_CHARACTERS && DECIMAL.test(text) ? text : undefined;
}

/** Postgres refuses what is too large for a double and what would silently become zero. */
function readDouble(field: string): string | undefined {
  const text = readDecimal(field);
  if (text === undefined) return undefined;
  const value = Number(text);
  const vanishes = value === 0 && /[1-9]/.test(text.replace(/e.*$/i, ''));
  return Number.isFinite(value) && !vanishes ? text : undefined;
}

function isRealDate(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return year >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/**
 * imgix does not document its time format, so unix seconds, unix milliseconds, ISO 8601 and
 * `YYYY-MM-DD[ HH:MM:SS[ UTC]]` are accepted; without a zone they are UTC (imgix.md, section 4).
 */
function readInstant(field: string): string | undefined {
  const text = field.trim();
  if (SECONDS_OR_MILLISECONDS.test(text)) {
    const milliseconds = text.length <= 10 ? Number(text) * 1000 : Number(text);
    return new Date(milliseconds).toISOString();
  }
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [
    ,
    year = '',
    month = '',
    day = '',
    hour = '00',
    minute = '00',
    second = '00',
    fraction = '',
    zone = 'Z',
  ] = match;
  if (!isRealDate(Number(year), Number(month), Number(day))) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offset = /^(Z|UTC|GMT)$/i.test(zone) ? 'Z' : zone;
  // Postgres knows offsets up to 15:59
  const displacement = /^[+-](\d{2}):?(\d{2})?$/.exec(offset);
  if (displacement !== null && (Number(displacement[1]) > 15 || Number(displacement[2] ?? 0) > 59))
    return undefined;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}${offset}`;
}

function readDate(field: string): string | undefined {
  const instant = readInstant(field);
  if (instant === undefined) return undefined;
  // a date that carries an offset is meant in that offset: keep the written day
  return instant.slice(0, 10);
}

function readBoolean(field: string): string | undefined {
  const text = field.trim().toLowerCase();
  if (['true', 't', 'yes', 'y', '1'].includes(text)) return 'true';
  if (['false', 'f', 'no', 'n', '0'].includes(text)) return 'false';
  return undefined;
}

/** JSON as Postgres's jsonb takes it: no NUL and no half of a surrogate pair, also not escaped. */
function readJson(field: string): string | undefined {
  // before it is parsed: what is deep or of countless pieces takes more memory than there is
  if (
    field.length > JSON_MAX.depth &&
    findJsonExcess(new TextEncoder().encode(field), JSON_MAX) !== undefined
  ) {
    return undefined;
  }
  try {
    JSON.parse(field);
  } catch {
    return undefined;
  }
  if (/\\u0000/.test(field) || hasLoneSurrogateEscape(field)) return undefined;
  // numbers are stored as numeric, whose exponents end at 131,072 digits
  return hasHugeExponent(field) ? undefined : field;
}

const HUGE_EXPONENT = /\d[eE][+-]?0*[1-9]\d{3,}/;

function hasHugeExponent(field: string): boolean {
  return HUGE_EXPONENT.test(field) && HUGE_EXPONENT.test(field.replaceAll(/"(?:[^"\\]|\\.)*"/gs, '""'));
}

/** Depth is limited by the server's stack. */
const JSON_MAX: JsonBounds = { ...JSON_BOUNDS, depth: 1000 };

function hasLoneSurrogateEscape(field: string): boolean {
  if (!/\\u[dD]/.test(field)) return false;
  let highEndsAt = -1;
  for (const match of field.matchAll(/\\(?:u([0-9a-fA-F]{4})|.)/gs)) {
    const unit = match[1] === undefined ? 0 : Number.parseInt(match[1], 16);
    const isLow = unit >= 0xdc00 && unit <= 0xdfff;
    if (isLow !== (highEndsAt !== -1 && highEndsAt === match.index)) return true;
    if (highEndsAt !== -1 && !isLow) return true;
    highEndsAt = unit >= 0xd800 && unit <= 0xdbff ? match.index + match[0].length : -1;
  }
  return highEndsAt !== -1;
}

const READERS: Record<ColumnType, FieldReader> = {
  text: (field) => field,
  bigint: (field) => readInteger(field, BIGINT_MAX),
  integer: (field) => readInteger(field, INTEGER_MAX),
  numeric: readDecimal,
  'double precision': readDouble,
  timestamptz: readInstant,
  date: readDate,
  boolean: readBoolean,
  jsonb: readJson,
};

export function fieldReader(type: ColumnType): FieldReader {
  return READERS[type];
}
