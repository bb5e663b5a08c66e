import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CopyBatch, InvariantError, type Reject } from '@edgeledger/core';
import { createRecordFramer, type FramedRecord } from '../csv/record-framer.ts';
import { decodeRecord } from '../csv/record-reader.ts';
import type { RowConverter } from '../csv/row-converter.ts';
import { encodeCanonical, FIELD_OVERHEAD_BYTES, writeNull } from './field-encoder.ts';
import {
  createTupleOutput,
  createTupleSkimmer,
  reserve,
  type TupleShape,
  takeTuples,
  writeTupleHead,
} from './record-skimmer.ts';

/** The bytes of one part, and what turns them into tuples. */
export interface TranscodeRequest {
  /** Inflated. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly shape: TupleShape;
  /** The exact way, for records that the fast one cannot judge. */
  readonly converter: RowConverter;
  /** Where each field of the tuple stands in the converter's values. */
  readonly valueIndexes: readonly number[];
  /** The memory of a chunk, or of a piece of it, is not needed any longer. */
  readonly release: (chunk: Uint8Array) => void;
  /** Bytes as received since the last call. */
  readonly takeByteCount: () => number;
}

/** Work between two looks at the event loop is bounded by this much text, even if all of it goes the exact way. */
const SLICE_BYTES = 128 * 1024;
/** Streams often have their next chunk at hand, so that nobody else would get a turn. */
const TURN_MS = 10;

/** Batches are worth a write of their own. */
const BATCH_BYTES = 256 * 1024;
/** Rejects hold their records as text. */
const BATCH_REJECTS = 20;

/** An exponent may write this many digits more than the spelling has. */
const LONGEST_EXPANSION = 2100;

/**
 * A CSV part as tuples of a binary COPY. Sound records go byte by byte; a record that is not (framing, number of fields,
 * a type's refusal, a rare spelling) goes as bytes the way that every record of small documents goes, which makes a row or a
 * reject of it. Memory is one slice of text and its tuples, whatever the size of the part.
 */
export async function* transcodePart(request: TranscodeRequest): AsyncGenerator<CopyBatch> {
  const { shape, converter, valueIndexes } = request;
  const output = createTupleOutput();
  let rejects: Reject[] = [];

  function takeExactly(framed: FramedRecord, rowNo: number): void {
    const converted = converter.convert(decodeRecord(framed, rowNo));
    if ('reject' in converted) rejects.push(converted.reject);
    else writeRow(converted.values, rowNo);
  }

  function writeRow(values: readonly (string | null)[], rowNo: number): void {
    const sizeBytes = values.reduce((sum, value) => sum + 3 * (value ?? '').length + LONGEST_EXPANSION, 0);
    reserve(output, sizeBytes + (values.length + 2) * FIELD_OVERHEAD_BYTES);
    let at = writeTupleHead(shape, rowNo, output.buffer, output.at);
    for (const [index, field] of shape.fields.entries()) {
      const value = values[valueIndexes[index] ?? 0] ?? null;
      if (value === null) at = writeNull(output.buffer, at);
      else {
        at = encodeCanonical(field.type, value, output.buffer, at);
        if (at === -1)
          throw new InvariantError(`Record ${rowNo}: a ${field.type} was accepted but cannot be encoded.`);
      }
    }
    output.at = at;
    output.rows += 1;
  }

  const skimmer = createTupleSkimmer(shape, output, takeExactly);
  const onRecord = (framed: FramedRecord): void => {
    const rowNo = skimmer.countRecord();
    if (rowNo > 0) takeExactly(framed, rowNo);
  };
  const framer = createRecordFramer(undefined, { skimmer, onRecord, onCopied: request.release });

  function takeBatch(): CopyBatch {
    const batch = { ...takeTuples(output), rejects, bytes: request.takeByteCount() };
    rejects = [];
    return batch;
  }
  let turnedAt = performance.now();
  for await (const chunk of request.chunks) {
    // the chunk's memory may be gone after its last slice
    const { length } = chunk;
    for (let from = 0; from < length; from += SLICE_BYTES) {
      if (performance.now() - turnedAt > TURN_MS) {
        await nextTurn();
        turnedAt = performance.now();
      }
      framer.push(chunk.subarray(from, from + SLICE_BYTES));
      if (output.at >= BATCH_BYTES || rejects.length >= BATCH_REJECTS) yield takeBatch();
    }
  }
  framer.end();
  yield takeBatch();
}
