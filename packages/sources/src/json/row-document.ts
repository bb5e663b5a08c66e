import {
  ContractError,
  createJsonScanner,
  JSON_BOUNDS,
  JsonExcessError,
  parseJson,
  toJsonExcessError,
} from '@edgeledger/core';
import { MAX_COLUMNS } from '../csv/header.ts';
import { createRowNames, type RowNames } from './row-names.ts';

/** An answer whose rows are in a list called `data`, as those of both vendors are. */
export interface RowDocument {
  /** Everything but the rows. */
  readonly rest: Readonly<Record<string, unknown>>;
  /** `undefined` when there is no such list. */
  readonly rows: JsonRows | undefined;
}

export type JsonRow = Readonly<Record<string, unknown>>;

export interface JsonRows {
  readonly count: number;
  /** Names that the rows have values by, in the order they appear. */
  readonly names: readonly string[];
  /** Parses some rows at a time. Throws where they are no JSON. */
  batches(): Generator<readonly JsonRow[]>;
}

export interface RowDocumentOptions {
  /** Begins the messages. */
  readonly what: string;
  /** What it means that the document is no JSON. Without the parser's error, which quotes what it could not read. */
  toBrokenError(): Error;
}

/** Ten times what a query of the vendors gives at most, and what comes in pages is fewer. */
const MAX_ROWS = 500_000;
/** The text of a batch is copied for `JSON.parse`, which costs least while it fits the processor's cache. */
const BATCH_BYTES = 64 * 1024;

const OBJECT_START = 0x7b;
const ARRAY_START = 0x5b;
const BYTE_ORDER_MARK = '\ufeff';

/**
 * Reads the document without ever having all of it in memory as objects: those of a few megabytes of brackets would take
 * more than a process may have. Where rows begin and end is looked up first; they are parsed when their turn comes.
 *
 * @throws ContractError when a row is none, or there is more of anything than an honest answer has
 */
export function readRowDocument(content: Uint8Array, options: RowDocumentOptions): RowDocument {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const start = bytes.toString('utf8', 0, 3) === BYTE_ORDER_MARK ? 3 : 0;
  return withErrors(options, () => outlineDocument(bytes.subarray(start), options));
}

function outlineDocument(bytes: Buffer, options: RowDocumentOptions): RowDocument {
  const scanner = createJsonScanner(bytes, JSON_BOUNDS);
  const start = scanner.skipBlank(0);
  if (bytes[start] !== OBJECT_START) {
    parseJson(bytes, options.what);
    return { rest: {}, rows: undefined };
  }
  const rest: [name: string, value: unknown][] = [];
  let rows: JsonRows | undefined;
  const end = scanner.eachMember(start, (nameAt, nameEnd, valueAt) => {
    const name = JSON.parse(bytes.toString('utf8', nameAt, nameEnd)) as string;
    if (name === 'data') rows = undefined;
    if (name === 'data' && bytes[valueAt] === ARRAY_START) {
      const outline = outlineRows(bytes, valueAt, options.what);
      rows = toRows(bytes, outline, options);
      return outline.end;
    }
    const valueEnd = scanner.skipValue(valueAt);
    rest.push([name, JSON.parse(bytes.toString('utf8', valueAt, valueEnd))]);
    return valueEnd;
  });
  if (scanner.skipBlank(end) !== bytes.length) throw new SyntaxError('More behind the document.');
  return { rest: Object.fromEntries(rest), rows };
}

interface Batch {
  readonly start: number;
  end: number;
}

interface RowsOutline {
  /** The position behind the list. */
  readonly end: number;
  readonly count: number;
  readonly names: RowNames;
  readonly batches: readonly Batch[];
}

/** Counts with a scanner of its own: each row may have what a short document may. */
function outlineRows(bytes: Buffer, listAt: number, what: string): RowsOutline {
  const scanner = createJsonScanner(bytes, JSON_BOUNDS, 1);
  const names = createRowNames(bytes, MAX_COLUMNS);
  const skipMember = (nameAt: number, nameEnd: number, valueAt: number) => {
    names.add(nameAt, nameEnd);
    return scanner.skipValue(valueAt);
  };
  const batches: Batch[] = [];
  let count = 0;
  const end = scanner.eachElement(listAt, (rowAt) => {
    count += 1;
    if (count > MAX_ROWS) throw new JsonExcessError(`it has more than ${MAX_ROWS} rows`);
    if (bytes[rowAt] !== OBJECT_START) {
      JSON.parse(bytes.toString('utf8', rowAt, scanner.skipValue(rowAt)));
      throw toNoRowError(what, count);
    }
    names.beginRow();
    const rowEnd = scanner.eachMember(rowAt, skipMember);
    scanner.takeCount();
    addToBatches(batches, { start: rowAt, end: rowEnd });
    return rowEnd;
  });
  return { end, count, names, batches };
}

function addToBatches(batches: Batch[], row: Batch): void {
  const last = batches.at(-1);
  if (last === undefined || last.end - last.start >= BATCH_BYTES) batches.push(row);
  else last.end = row.end;
}

function toRows(
  bytes: Buffer,
  { count, names, batches }: RowsOutline,
  options: RowDocumentOptions,
): JsonRows {
  return {
    count,
    names: names.all(),
    *batches() {
      for (const { start, end } of batches) {
        const text = `[${bytes.toString('utf8', start, end)}]`;
        yield withErrors(options, () => JSON.parse(text) as readonly JsonRow[]);
      }
    },
  };
}

function withErrors<Result>(options: RowDocumentOptions, read: () => Result): Result {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof JsonExcessError) throw toJsonExcessError(options.what, thrown.message);
    if (thrown instanceof SyntaxError) throw options.toBrokenError();
    throw thrown;
  }
}

function toNoRowError(what: string, rowNo: number): ContractError {
  return new ContractError(
    'source.response-malformed',
    `${what}: number ${rowNo} of its data is no row. Please report it with the answer.`,
  );
}
