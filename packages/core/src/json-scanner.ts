/** What of a JSON document is read at once. */
export interface JsonBounds {
  readonly depth: number;
  readonly values: number;
}

/**
 * Ten times what the longest answers have that are read whole: lists of some thousand object ids or of the links to the
 * files of a report. Whatever a value is, it takes less than 150 bytes besides its text, so these take 15 MB.
 */
export const JSON_BOUNDS: JsonBounds = { depth: 64, values: 100_000 };

/** More than the bounds allow; the message says what, to stand behind a colon. */
export class JsonExcessError extends Error {}

/**
 * Walks over JSON and makes nothing of it: `JSON.parse` turns a few megabytes of brackets into more memory than a process
 * may have, and that ends it with no error to catch. It looks only at what gives structure. Whatever else is no JSON,
 * `JSON.parse` says so afterwards.
 */
export interface JsonScanner {
  /** Where the next thing that is no blank stands. */
  skipBlank(at: number): number;
  /** The end of the value that begins there. @throws JsonExcessError, or SyntaxError where the document is cut. */
  skipValue(at: number): number;
  /** Walks over the object that begins there. `visit` gets name (quotes included) and value, and gives the value's end. */
  eachMember(at: number, visit: (nameAt: number, nameEnd: number, valueAt: number) => number): number;
  /** The same for an array. */
  eachElement(at: number, visit: (valueAt: number) => number): number;
  /** Values since the last call, each with the separator or bracket that brings it; only so many may come between two. */
  takeCount(): number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const ARRAY = { start: 0x5b, end: 0x5d };
const OBJECT = { start: 0x7b, end: 0x7d };

const isBlank = (byte: number | undefined) =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Ends a number or word. */
const isBoundary = (byte: number | undefined) =>
  byte === COMMA || byte === ARRAY.end || byte === OBJECT.end || byte === undefined || byte <= 0x20;

/** `startDepth`: how deep what it begins at lies in the document. */
export function createJsonScanner(bytes: Uint8Array, bounds: JsonBounds, startDepth = 0): JsonScanner {
  let outerDepth = startDepth;
  let values = 0;

  function skipBlank(from: number): number {
    let at = from;
    while (isBlank(bytes[at])) at += 1;
    return at;
  }

  function countValue(): void {
    values += 1;
    if (values > bounds.values) {
      throw new JsonExcessError(`it has more than ${bounds.values} values where a few are to be expected`);
    }
  }

  function enter(depth: number): number {
    if (depth >= bounds.depth)
      throw new JsonExcessError(`it is nested more than ${bounds.depth} levels deep`);
    countValue();
    return depth + 1;
  }

  function skipValue(from: number): number {
    let depth = outerDepth;
    let at = from;
    do {
      const byte = bytes[at];
      if (byte === QUOTE) at = skipString(bytes, at);
      else {
        if (byte === OBJECT.start || byte === ARRAY.start) depth = enter(depth);
        else if (byte === OBJECT.end || byte === ARRAY.end) depth -= 1;
        else if (byte === COMMA) countValue();
        else if (byte === undefined) throw toCutError();
        else if (depth === outerDepth) return skipWord(bytes, at);
        at += 1;
      }
    } while (depth > outerDepth);
    return at;
  }

  /** Over what stands between two brackets, one thing after the other, separated by commas. */
  function eachOf(kind: typeof ARRAY, from: number, visit: (at: number) => number): number {
    outerDepth = enter(outerDepth);
    let at = skipBlank(from + 1);
    if (bytes[at] !== kind.end) {
      for (;;) {
        at = skipBlank(visit(at));
        if (bytes[at] !== COMMA) break;
        countValue();
        at = skipBlank(at + 1);
      }
    }
    if (bytes[at] !== kind.end) throw toCutError();
    outerDepth -= 1;
    return at + 1;
  }

  return {
    skipBlank,
    skipValue,
    eachElement: (at, visit) => eachOf(ARRAY, at, visit),
    eachMember: (at, visit) =>
      eachOf(OBJECT, at, (nameAt) => {
        if (bytes[nameAt] !== QUOTE) throw toCutError();
        const nameEnd = skipString(bytes, nameAt);
        const colonAt = skipBlank(nameEnd);
        if (bytes[colonAt] !== COLON) throw toCutError();
        return visit(nameAt, nameEnd, skipBlank(colonAt + 1));
      }),
    takeCount() {
      const count = values;
      values = 0;
      return count;
    },
  };
}

/** Up to here it is quicker to look at each byte than to have the rest searched. */
const SHORT_TEXT = 32;

/** The position behind the string that begins there. */
function skipString(bytes: Uint8Array, from: number): number {
  const shortEnd = Math.min(from + SHORT_TEXT, bytes.length);
  let at = from + 1;
  while (at < shortEnd) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    at += byte === BACKSLASH ? 2 : 1;
  }
  for (let end = bytes.indexOf(QUOTE, at); end !== -1; end = bytes.indexOf(QUOTE, end + 1)) {
    let escapes = end;
    while (escapes > at && bytes[escapes - 1] === BACKSLASH) escapes -= 1;
    if ((end - escapes) % 2 === 0) return end + 1;
  }
  throw toCutError();
}

function skipWord(bytes: Uint8Array, from: number): number {
  let at = from;
  while (!isBoundary(bytes[at])) at += 1;
  // a separator where a value should be: left to whoever reads on, and never twice
  if (at === from) throw toCutError();
  return at;
}

function toCutError(): SyntaxError {
  return new SyntaxError('Not JSON, or cut.');
}
