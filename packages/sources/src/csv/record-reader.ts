import { isUtf8 } from 'node:buffer';
import { InvariantError, REJECT_RAW_LIMIT_BYTES, type RejectCode } from '@edgeledger/core';
import { parse as parseCsv } from 'csv-parse/sync';
import { createRecordFramer, type FramedRecord } from './record-framer.ts';

/** One record of the file: its fields, or why it has none. */
export interface CsvRecord {
  readonly line: number;
  /** 1-based, the header counted when there is one. */
  readonly recordNo: number;
  readonly fields: readonly string[] | null;
  readonly defect: RejectCode | null;
  /** The record as text, bounded; bytes that are not UTF-8 show as replacement characters. */
  toRaw(): string;
}

const BATCH_RECORDS = 500;
/** Long records make smaller batches, so that a batch is bounded in memory too. */
const BATCH_BYTES = 1024 * 1024;

/**
 * Records of a CSV file in batches, in file order; every record comes out once, with fields or with a defect.
 *
 * The framer cuts the bytes into records and csv-parse decodes the fields of the sound ones, many at a time.
 * csv-parse alone cannot do what a ledger of rejects needs: after an error it continues at a place of its own
 * choosing, it counts lines by guessing the line end, and it replaces invalid UTF-8 silently.
 */
export async function* readRecords(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRecord[]> {
  const framer = createRecordFramer();
  let recordCount = 0;
  const toBatches = function* (framed: readonly FramedRecord[]) {
    for (const group of groupRecords(framed)) {
      yield decodeRecords(group, recordCount);
      recordCount += group.length;
    }
  };
  for await (const chunk of chunks) yield* toBatches(framer.push(chunk));
  yield* toBatches(framer.end());
}

function* groupRecords(framed: readonly FramedRecord[]): Generator<FramedRecord[]> {
  let group: FramedRecord[] = [];
  let sizeBytes = 0;
  for (const record of framed) {
    group.push(record);
    sizeBytes += record.bytes.length;
    if (group.length < BATCH_RECORDS && sizeBytes < BATCH_BYTES) continue;
    yield group;
    group = [];
    sizeBytes = 0;
  }
  if (group.length > 0) yield group;
}

const LINE_END = Buffer.from('\n');

/**
 * Every record ends in one LF here and only quoted fields hold more, so csv-parse and the framer agree on the
 * records. `relax_quotes` keeps a quote inside an unquoted field as text; `relax_column_count` leaves counting
 * fields to the header mapping, which knows what to say about it; no trimming, casting or comments.
 */
const CSV_PARSE_OPTIONS = {
  record_delimiter: '\n',
  relax_quotes: true,
  relax_column_count: true,
  skip_empty_lines: false,
} as const;

/** One record alone, exactly as among many. */
export function decodeRecord(framed: FramedRecord, recordNo: number): CsvRecord {
  const record = decodeRecords([framed], recordNo - 1)[0];
  if (record === undefined) throw new InvariantError(`The record at line ${framed.line} vanished.`);
  return record;
}

function decodeRecords(framed: readonly FramedRecord[], recordsBefore: number): CsvRecord[] {
  const defects = framed.map((record) => record.defect ?? findByteDefect(record.bytes));
  const sound = framed.filter((_, index) => defects[index] === null);
  const decoded =
    sound.length === 0
      ? []
      : parseCsv(Buffer.concat(sound.flatMap((record) => [record.bytes, LINE_END])), CSV_PARSE_OPTIONS);
  if (decoded.length !== sound.length) {
    throw new InvariantError(
      `csv-parse made ${decoded.length} records of ${sound.length} starting at line ${framed[0]?.line}.`,
    );
  }
  let soundIndex = 0;
  return framed.map((record, index): CsvRecord => {
    const defect = defects[index] ?? null;
    const fields = defect === null ? (decoded[soundIndex++] ?? null) : null;
    return {
      line: record.line,
      recordNo: recordsBefore + index + 1,
      fields,
      defect,
      toRaw: () => toRawText(record.bytes),
    };
  });
}

function findByteDefect(bytes: Buffer): RejectCode | null {
  if (bytes.includes(0)) return 'nul-byte';
  return isUtf8(bytes) ? null : 'invalid-utf8';
}

/** Postgres text holds no NUL: it is shown as the symbol for it. */
export function toRawText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .subarray(0, REJECT_RAW_LIMIT_BYTES)
    .toString('utf8')
    .replaceAll('\u0000', '\u2400');
  if (Buffer.byteLength(text) <= REJECT_RAW_LIMIT_BYTES) return text;
  // replacement characters are longer than the bytes they stand for
  return Buffer.from(text)
    .subarray(0, REJECT_RAW_LIMIT_BYTES - 4)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
}
