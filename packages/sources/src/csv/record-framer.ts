import type { RejectCode } from '@edgeledger/core';

/**
 * Finds where records begin and end, in bytes, so that a bad record can be told exactly and spoils no other.
 *
 * RFC 4180: a field that starts with a quote runs to its closing quote and may hold line breaks; a quote later
 * in an unquoted field is an ordinary character. Lines end in LF or CRLF.
 *
 * When quoting goes wrong (text after a closing quote, or no closing quote up to the end of the file), only the
 * physical line where the record starts is given up, and reading goes on at the next line. Taking the rest of
 * the file for one field would be the letter of the RFC and would lose every record after one stray quote.
 */
export interface RecordFramer {
  push(chunk: Uint8Array): FramedRecord[];
  end(): FramedRecord[];
}

export interface FramedRecord {
  /** 1-based physical line where the record starts. */
  readonly line: number;
  /** Without the line end. Valid until the next call. */
  readonly bytes: Buffer;
  readonly defect: Extract<RejectCode, 'unterminated-quote' | 'malformed-quote' | 'record-too-large'> | null;
}

/** Takes sound records out of the framer's buffer ahead of it, a whole stretch at a time. */
export interface RecordSkimmer {
  /**
   * Deals with the complete, well-formed records from `from` on, and stops in front of the first that is not.
   * `line` is the physical line at `from`, and in the answer that at `next`.
   */
  skim(buffer: Buffer, from: number, line: number): { readonly next: number; readonly line: number };
}

export const MAX_RECORD_BYTES = 16 * 1024 * 1024;
/** Of a record that is too large, only this much is kept for its reject. */
const KEPT_OF_OVERSIZED_BYTES = 64 * 1024;

const LF = 10;
const CR = 13;
const QUOTE = 34;
const COMMA = 44;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** How far a record that is not complete yet was looked at. */
interface ScanState {
  at: number;
  inQuotes: boolean;
  atFieldStart: boolean;
}

/** An incomplete record up to this size is looked at from its start again, so that the skimmer gets it. */
const SKIMMED_AGAIN_BYTES = 64 * 1024;

export interface Skimming {
  readonly skimmer: RecordSkimmer;
  /** Gets each record that the framer had to cut itself. */
  readonly onRecord: (record: FramedRecord) => void;
  /** A chunk that was pushed is not needed any longer. */
  readonly onCopied: (chunk: Uint8Array) => void;
}

const FIRST_ARENA_BYTES = 256 * 1024;
/** After a huge record the memory is given back. */
const LARGEST_KEPT_ARENA_BYTES = 4 * 1024 * 1024;

/**
 * @param onRecord gets each record at once, in file order with what the skimmer takes; then `push` and `end` give none.
 */
export function createRecordFramer(
  maxRecordBytes: number = MAX_RECORD_BYTES,
  skimming?: Skimming,
): RecordFramer {
  let buffer: Buffer = Buffer.alloc(0);
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let line = 1;
  let started = false;
  /** Set while a record that is too large is being skipped: its line and its first bytes. */
  let oversized: { line: number; bytes: Buffer } | undefined;
  let resume: ScanState | undefined;
  let arena: Buffer = Buffer.alloc(0);

  function take(final: boolean): FramedRecord[] {
    // the skimmer is done with the bytes when it returns, so they may all pass through the same memory
    buffer = skimming === undefined ? Buffer.concat([buffer, ...held]) : joinInPlace(buffer, held);
    held = [];
    heldBytes = 0;
    if (!started) {
      if (buffer.length < BOM.length && !final) return [];
      started = true;
      if (buffer.subarray(0, BOM.length).equals(BOM)) buffer = buffer.subarray(BOM.length);
    }
    const records: FramedRecord[] = [];
    let from = 0;
    for (;;) {
      if (skimming !== undefined && oversized === undefined && resume === undefined) {
        ({ next: from, line } = skimming.skimmer.skim(buffer, from, line));
      }
      const step = oversized === undefined ? frame(from, final) : skipOversized(from, final);
      if (step.record !== undefined) {
        if (skimming === undefined) records.push(step.record);
        else skimming.onRecord(step.record);
      }
      from = step.next;
      if (step.stop) break;
    }
    buffer = buffer.subarray(from);
    return records;
  }

  function joinInPlace(rest: Buffer, chunks: readonly Uint8Array[]): Buffer {
    const length = rest.length + heldBytes;
    if (length > arena.length || arena.length > LARGEST_KEPT_ARENA_BYTES) {
      arena = Buffer.allocUnsafeSlow(Math.max(length + (length >> 1), FIRST_ARENA_BYTES));
    }
    // may overlap: the rest mostly lies at the end of the same memory
    arena.set(rest, 0);
    let at = rest.length;
    for (const chunk of chunks) {
      arena.set(chunk, at);
      at += chunk.length;
      skimming?.onCopied(chunk);
    }
    return arena.subarray(0, length);
  }

  interface Step {
    readonly record?: FramedRecord;
    readonly next: number;
    readonly stop: boolean;
  }

  /** The record that begins at `from`, or a stop when its end is not in the buffer yet. */
  function frame(from: number, final: boolean): Step {
    if (from >= buffer.length) return { next: from, stop: true };
    const found = findRecordEnd(buffer, from, final, resume);
    resume = undefined;
    if (found.kind === 'incomplete') {
      if (buffer.length - from > maxRecordBytes) return giveUpLongRecord(from);
      const isSkimmedAgain = skimming !== undefined && buffer.length - from <= SKIMMED_AGAIN_BYTES;
      if (!isSkimmedAgain) resume = { ...found.state, at: found.state.at - from };
      return { next: from, stop: true };
    }
    if (found.kind !== 'record') {
      // the line to give up has to be there in full first
      if (final || buffer.includes(LF, from)) return giveUpLine(from, found.kind);
      return buffer.length - from > maxRecordBytes ? giveUpLongRecord(from) : { next: from, stop: true };
    }
    const startLine = line;
    line += found.lines;
    const bytes = withoutCarriageReturn(buffer.subarray(from, found.end));
    if (bytes.length === 0) return { next: found.next, stop: false };
    return { record: { line: startLine, bytes, defect: null }, next: found.next, stop: false };
  }

  function giveUpLine(from: number, defect: 'unterminated-quote' | 'malformed-quote'): Step {
    const lineEnd = buffer.indexOf(LF, from);
    const end = lineEnd === -1 ? buffer.length : lineEnd;
    const record = { line, bytes: withoutCarriageReturn(buffer.subarray(from, end)), defect };
    line += 1;
    return { record, next: Math.min(end + 1, buffer.length), stop: false };
  }

  function giveUpLongRecord(from: number): Step {
    const lineEnd = buffer.indexOf(LF, from);
    // it spans lines, so it is a quote that nobody closed rather than a long line
    if (lineEnd !== -1) return giveUpLine(from, 'unterminated-quote');
    oversized = { line, bytes: Buffer.from(buffer.subarray(from, from + KEPT_OF_OVERSIZED_BYTES)) };
    return { next: buffer.length, stop: true };
  }

  function skipOversized(from: number, final: boolean): Step {
    const lineEnd = buffer.indexOf(LF, from);
    if (oversized === undefined || (lineEnd === -1 && !final)) return { next: buffer.length, stop: true };
    const record = { ...oversized, defect: 'record-too-large' as const };
    oversized = undefined;
    line += 1;
    return { record, next: lineEnd === -1 ? buffer.length : lineEnd + 1, stop: false };
  }

  return {
    push(chunk) {
      held.push(chunk);
      heldBytes += chunk.length;
      // a long incomplete record is joined with what follows in growing steps, not chunk by chunk
      return heldBytes * 2 < buffer.length ? [] : take(false);
    },
    end: () => take(true),
  };
}

type Found =
  | { readonly kind: 'record'; readonly end: number; readonly next: number; readonly lines: number }
  | { readonly kind: 'incomplete'; readonly state: ScanState }
  | { readonly kind: 'unterminated-quote' | 'malformed-quote' };

function findRecordEnd(buffer: Buffer, from: number, final: boolean, resume: ScanState | undefined): Found {
  const state: ScanState =
    resume === undefined
      ? { at: from, inQuotes: false, atFieldStart: true }
      : { ...resume, at: resume.at + from };
  for (;;) {
    if (state.inQuotes) {
      const closed = closeQuote(buffer, state, final);
      if (closed === 'incomplete') return { kind: 'incomplete', state };
      if (closed !== 'closed') return { kind: closed };
    } else if (state.atFieldStart && buffer[state.at] === QUOTE) {
      state.at += 1;
      state.inQuotes = true;
      continue;
    }
    const end = findFieldEnd(buffer, state.at);
    if (end === -1 && !final) {
      // field starts are looked at with at least one byte, so an empty rest keeps its meaning
      state.atFieldStart = state.atFieldStart && state.at >= buffer.length;
      state.at = buffer.length;
      return { kind: 'incomplete', state };
    }
    if (end === -1) return toRecord(buffer, from, buffer.length, buffer.length);
    if (buffer[end] === LF) return toRecord(buffer, from, end, end + 1);
    state.at = end + 1;
    state.atFieldStart = true;
  }
}

/** Moves behind the closing quote, when what follows allows it to be one. */
function closeQuote(
  buffer: Buffer,
  state: ScanState,
  final: boolean,
): 'closed' | 'incomplete' | 'unterminated-quote' | 'malformed-quote' {
  for (;;) {
    const quote = buffer.indexOf(QUOTE, state.at);
    if (quote === -1) {
      state.at = buffer.length;
      return final ? 'unterminated-quote' : 'incomplete';
    }
    const next = buffer[quote + 1];
    const afterNext = buffer[quote + 2];
    if (!final && (next === undefined || (next === CR && afterNext === undefined))) {
      state.at = quote;
      return 'incomplete';
    }
    if (next === QUOTE) {
      state.at = quote + 2;
      continue;
    }
    const atEnd = next === undefined || next === COMMA || next === LF;
    if (!atEnd && !(next === CR && (afterNext === LF || afterNext === undefined))) return 'malformed-quote';
    state.at = quote + 1;
    state.inQuotes = false;
    state.atFieldStart = false;
    return 'closed';
  }
}

function findFieldEnd(buffer: Buffer, from: number): number {
  for (let at = from; at < buffer.length; at += 1) {
    const byte = buffer[at];
    if (byte === COMMA || byte === LF) return at;
  }
  return -1;
}

function toRecord(buffer: Buffer, from: number, end: number, next: number): Found {
  let lines = 1;
  for (let at = buffer.indexOf(LF, from); at !== -1 && at < end; at = buffer.indexOf(LF, at + 1)) lines += 1;
  return { kind: 'record', end, next, lines };
}

function withoutCarriageReturn(bytes: Buffer): Buffer {
  return bytes[bytes.length - 1] === CR ? bytes.subarray(0, -1) : bytes;
}
