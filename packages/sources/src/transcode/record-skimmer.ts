import { isUtf8 } from 'node:buffer';
import type { FramedRecord, RecordSkimmer } from '../csv/record-framer.ts';
import { LONGEST_KEY_BYTES } from '../csv/row-converter.ts';
import {
  encodeField,
  encodeQuotedText,
  FIELD_OVERHEAD_BYTES,
  TYPE_CODES,
  writeNull,
} from './field-encoder.ts';
import { writeInt32, writeInt64 } from './number-fields.ts';
import { getSkimEngine, type SkimEngine, type TupleTables, WINDOW_BYTES } from './skim-engine.ts';

const LF = 10;
const CR = 13;
const QUOTE = 34;
const COMMA = 44;

const PLAIN = 0;
const QUOTED = 1;
const QUOTED_TWICE = 2;

/** A field of the tuple: where it stands in the record, and what it is. */
export interface TupleField {
  readonly position: number;
  readonly type: keyof typeof TYPE_CODES;
  /** Written as an empty text when blank, since a key cannot be NULL. */
  readonly blankIsText: boolean;
}

export interface TupleShape {
  readonly partNo: number | undefined;
  readonly fields: readonly TupleField[];
  /** Fields that a record must have: as many as the header. */
  readonly fieldCount: number;
  /** Records in front that are no data: the header. */
  readonly skipRecords: number;
}

/** Called for a record that the fast way cannot judge, with its ordinal in the part, the header not counted. */
export type OnDoubtful = (record: FramedRecord, rowNo: number) => void;

const FIRST_OUTPUT_BYTES = 512 * 1024;

/** The bytes of finished tuples; grows when a record needs more. Two buffers take turns, so that one can be on its way. */
export interface TupleOutput {
  buffer: Buffer;
  spare: Buffer;
  at: number;
  rows: number;
}

export function createTupleOutput(): TupleOutput {
  const [buffer, spare] = [
    Buffer.allocUnsafeSlow(FIRST_OUTPUT_BYTES),
    Buffer.allocUnsafeSlow(FIRST_OUTPUT_BYTES),
  ];
  return { buffer, spare, at: 0, rows: 0 };
}

export function reserve(output: TupleOutput, bytes: number): void {
  if (output.at + bytes <= output.buffer.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(output.buffer.length * 2, output.at + bytes));
  output.buffer.copy(larger, 0, 0, output.at);
  output.buffer = larger;
}

/** Takes what stands in the output; the next tuples start anew. What was taken before may be overwritten from now on. */
export function takeTuples(output: TupleOutput): { tuples: Buffer; rows: number } {
  const { buffer, spare } = output;
  const taken = { tuples: buffer.subarray(0, output.at), rows: output.rows };
  // after a huge record the memory is given back
  output.buffer = spare.length > 8 * FIRST_OUTPUT_BYTES ? Buffer.allocUnsafeSlow(FIRST_OUTPUT_BYTES) : spare;
  output.spare = buffer;
  output.at = 0;
  output.rows = 0;
  return taken;
}

/** Writes what every tuple starts with: number of fields, the part's number when wanted, row_no. */
export function writeTupleHead(shape: TupleShape, rowNo: number, out: Buffer, at: number): number {
  const count = shape.fields.length + (shape.partNo === undefined ? 1 : 2);
  out[at] = count >> 8;
  out[at + 1] = count;
  let next = at + 2;
  if (shape.partNo !== undefined) next = writeInt32(shape.partNo, out, writeInt32(4, out, next));
  return writeInt64(rowNo, out, writeInt32(8, out, next));
}

/** The fast way: sound records go from the framer's buffer into tuples, without becoming strings. */
export interface TupleSkimmer extends RecordSkimmer {
  /** Counts a record that the framer cut, and gives its ordinal; 0 for the header. */
  countRecord(): number;
}

export function createTupleSkimmer(
  shape: TupleShape,
  output: TupleOutput,
  onDoubtful: OnDoubtful,
  engine: SkimEngine = getSkimEngine(),
): TupleSkimmer {
  const { fieldCount } = shape;
  const starts = new Int32Array(fieldCount);
  const ends = new Int32Array(fieldCount);
  const kinds = new Uint8Array(fieldCount);
  const width = shape.fields.length;
  const positions = Int32Array.from(shape.fields, (field) => field.position);
  const codes = Int32Array.from(shape.fields, (field) => TYPE_CODES[field.type]);
  const blankIsText = Int32Array.from(shape.fields, (field) => (field.blankIsText ? 1 : 0));
  const overheadBytes = (width + 2) * FIELD_OVERHEAD_BYTES;
  const { partNo } = shape;
  const tables: TupleTables = { fieldCount, partNo, positions, codes, blankIsText, overheadBytes };
  let records = -shape.skipRecords;
  const { places } = engine;
  // the window that is looked at: where it starts, how many places it has, and which of them comes next
  let windowStart = 0;
  let placeCount = 0;
  let nextPlace = 0;
  // what scanRecord found
  let found = 0;
  let recordEnd = 0;
  let lineFeeds = 0;

  /** Finds the fields of the record at `from`; false when it has no end in the window, or is not sound. */
  function scanRecord(src: Buffer, from: number): boolean {
    let start = from;
    let count = 0;
    lineFeeds = 0;
    for (;;) {
      let end: number;
      let kind = PLAIN;
      let at: number;
      let byte: number;
      if (src[start] === QUOTE) {
        kind = QUOTED;
        start += 1;
        nextPlace += 1;
        for (;;) {
          if (nextPlace >= placeCount) return false;
          end = windowStart + (places[nextPlace] ?? 0);
          nextPlace += 1;
          byte = src[end] ?? 0;
          if (byte === QUOTE) {
            // the window ends in a line feed, so there is a byte behind every quote
            if (src[end + 1] !== QUOTE) break;
            kind = QUOTED_TWICE;
            nextPlace += 1;
          } else if (byte === LF) lineFeeds += 1;
        }
        if (nextPlace >= placeCount) return false;
        at = end + 1;
        if (src[at] === CR && src[at + 1] === LF) at += 1;
        byte = src[at] ?? 0;
        if (byte !== COMMA && byte !== LF) return false;
        nextPlace += 1;
      } else {
        do {
          if (nextPlace >= placeCount) return false;
          at = windowStart + (places[nextPlace] ?? 0);
          nextPlace += 1;
          byte = src[at] ?? 0;
        } while (byte === QUOTE);
        end = byte === LF && at > start && src[at - 1] === CR ? at - 1 : at;
      }
      if (count < fieldCount) {
        starts[count] = start;
        ends[count] = end;
        kinds[count] = kind;
      }
      count += 1;
      if (byte === LF) {
        found = count;
        recordEnd = at;
        return true;
      }
      start = at + 1;
    }
  }

  /** Writes the record that was scanned; false, and nothing written, when one of its fields is doubtful. */
  function encodeRecord(src: Buffer, from: number, rowNo: number): boolean {
    reserve(output, recordEnd - from + overheadBytes);
    const out = output.buffer;
    let at = writeTupleHead(shape, rowNo, out, output.at);
    for (let index = 0; index < width; index += 1) {
      const position = positions[index] ?? 0;
      const start = starts[position] ?? 0;
      const end = ends[position] ?? 0;
      if (start === end) {
        at = blankIsText[index] === 1 ? writeInt32(0, out, at) : writeNull(out, at);
        continue;
      }
      // a key that may be too long for an index is for the exact way to refuse
      if (blankIsText[index] === 1 && end - start > LONGEST_KEY_BYTES) return false;
      const code = codes[index] ?? 0;
      if (kinds[position] === QUOTED_TWICE) {
        if (code !== TYPE_CODES.text) return false;
        at = encodeQuotedText(src, start, end, out, at);
      } else {
        at = encodeField(code, src, start, end, out, at);
        if (at === -1) return false;
      }
    }
    output.at = at;
    output.rows += 1;
    return true;
  }

  function takeRecord(src: Buffer, from: number, end: number, line: number, isSound: boolean): void {
    records += 1;
    if (records <= 0) return;
    const isRow =
      found === fieldCount && (isSound || isSoundRecord(src, from, end)) && encodeRecord(src, from, records);
    if (isRow) return;
    const stop = src[end - 1] === CR ? end - 1 : end;
    onDoubtful({ line, bytes: src.subarray(from, stop), defect: null }, records);
  }

  /** Leaves the records from `from` on to the engine, as far as it takes them; gives where that ends, and the line ends passed. */
  function encodeRecords(from: number): { readonly at: number; readonly lines: number } {
    const encoded = engine.encode?.(tables, { at: from - windowStart, nextPlace }, records);
    if (encoded === undefined) return { at: from, lines: 0 };
    nextPlace = encoded.nextPlace;
    records += encoded.rows;
    reserve(output, encoded.tuples.length);
    output.buffer.set(encoded.tuples, output.at);
    output.at += encoded.tuples.length;
    output.rows += encoded.rows;
    return { at: windowStart + encoded.at, lines: encoded.lines };
  }

  return {
    countRecord() {
      records += 1;
      return Math.max(0, records);
    },
    skim(src, from, firstLine) {
      let at = from;
      let line = firstLine;
      for (;;) {
        // a record that is longer than a window is for the framer
        const stop = src.subarray(at, at + WINDOW_BYTES).lastIndexOf(LF) + 1;
        if (stop === 0) return { next: at, line };
        const window = src.subarray(at, at + stop);
        // line ends are ASCII, so the window is sound exactly when each of its records is
        const isSound = isUtf8(window) && !window.includes(0);
        windowStart = at;
        placeCount = engine.find(window);
        nextPlace = 0;
        const limit = at + stop;
        while (at < limit) {
          // the header is none of its records
          if (isSound && records >= 0) {
            const encoded = encodeRecords(at);
            line += encoded.lines;
            at = encoded.at;
            if (at === limit) break;
          }
          if (!scanRecord(src, at)) break;
          const end = recordEnd;
          const isBlankLine = end === at || (end === at + 1 && src[at] === CR);
          if (!isBlankLine) takeRecord(src, at, end, line, isSound);
          line += 1 + lineFeeds;
          at = end + 1;
        }
        if (at === windowStart) return { next: at, line };
      }
    },
  };
}

function isSoundRecord(src: Buffer, from: number, end: number): boolean {
  const record = src.subarray(from, end);
  return isUtf8(record) && !record.includes(0);
}
