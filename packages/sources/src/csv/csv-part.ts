import {
  ContractError,
  type CopyBatch,
  type CopyLayout,
  type Dataset,
  InvariantError,
  type OpenedPart,
  type ParseContext,
  type ParsedPart,
  quoteText,
  type Reject,
  type Row,
  type RowBatch,
} from '@edgeledger/core';
import { inflate, releaseChunk } from '../bytes/inflate.ts';
import { countBytes } from '../bytes/part-bytes.ts';
import { replayable } from '../bytes/replay.ts';
import type { TupleField } from '../transcode/record-skimmer.ts';
import { transcodePart } from '../transcode/transcode-part.ts';
import { type HeaderRules, mapHeader } from './header.ts';
import { isHeaderRecord } from './header-detection.ts';
import { type CsvRecord, readRecords } from './record-reader.ts';
import { createRowConverter, toRow } from './row-converter.ts';

export interface CsvPartOptions {
  readonly dataset: Dataset;
  readonly rules: HeaderRules;
  readonly maxInflatedBytes: number;
  /** "cdn_logs_20261120, part /a/b.csv.gz", for messages. */
  readonly what: string;
}

/**
 * Parses one CSV file with a header, gzipped or not: rows and rejects in file order, nothing buffered beyond a
 * batch. Reads up to the header before it returns.
 *
 * @throws ContractError `file.header-unknown`, `file.column-missing`; `batches` throws on damaged bytes.
 */
export async function parseCsvPart(
  part: OpenedPart,
  context: ParseContext,
  options: CsvPartOptions,
): Promise<ParsedPart> {
  const counted = countBytes(part.bytes, context.signal);
  const ownBuffers = new WeakSet<ArrayBufferLike>();
  const inflated = replayable(inflate(counted.bytes, { ...options, ownBuffers }));
  const records = readRecords(inflated.chunks);
  try {
    const first = await records.next();
    const firstBatch = first.done === true ? [] : first.value;
    const { header, rest } = takeHeader(firstBatch, context, options);
    const mapped = mapHeader(header, options.rules, options.what);
    const converter = createRowConverter(mapped, header.length, options.dataset.identity);
    const headerRecords = firstBatch.length - rest.length;

    async function* batches(): AsyncGenerator<RowBatch> {
      inflated.forget();
      try {
        yield toBatch(rest);
        for await (const batch of records) yield toBatch(batch);
      } finally {
        part.destroy();
      }
    }
    async function* copy(layout: CopyLayout): AsyncGenerator<CopyBatch> {
      const fields = layout.positions.map((index): TupleField => {
        const { position, column } = mapped[index] ?? failPosition(index, options.what);
        const isIdentity = options.dataset.identity.includes(column.name);
        return { position, type: column.type, blankIsText: isIdentity && column.type === 'text' };
      });
      const shape = {
        partNo: layout.partNo,
        fields,
        fieldCount: header.length,
        skipRecords: headerRecords,
      };
      try {
        yield* transcodePart({
          chunks: inflated.again(),
          shape,
          converter,
          valueIndexes: layout.positions,
          release: (chunk) => releaseChunk(chunk, ownBuffers),
          takeByteCount: counted.takeCount,
        });
      } finally {
        part.destroy();
      }
    }
    function toBatch(batch: readonly CsvRecord[]): RowBatch {
      const rows: Row[] = [];
      const rejects: Reject[] = [];
      for (const record of batch) {
        const converted = converter.convert(record);
        if ('reject' in converted) rejects.push(converted.reject);
        else rows.push(toRow(record.recordNo - headerRecords, converted.values));
      }
      return { rows, rejects, bytes: counted.takeCount() };
    }

    return {
      columns: mapped.map(({ column }) => column),
      header,
      batches: batches(),
      copy,
      facts: () => ({
        sha256: counted.sha256(),
        bytes: counted.totalBytes(),
        availability: { kind: 'complete' },
        settlesAfterMs: 0,
        companions: [],
        findings: [],
      }),
    };
  } catch (thrown) {
    part.destroy();
    throw thrown;
  }
}

function failPosition(index: number, what: string): never {
  throw new InvariantError(`${what}: there is no column ${index}.`);
}

/** The part's own header, or that of an earlier part of the same report. */
function takeHeader(
  batch: readonly CsvRecord[],
  context: ParseContext,
  options: CsvPartOptions,
): { header: readonly string[]; rest: readonly CsvRecord[] } {
  const earlier = context.header !== undefined && context.header.length > 0 ? context.header : undefined;
  const fields = batch[0]?.fields ?? null;
  if (fields !== null && isHeaderRecord(fields, options.rules.columns, earlier)) {
    return { header: fields, rest: batch.slice(1) };
  }
  if (earlier !== undefined) return { header: earlier, rest: batch };
  const found =
    batch.length === 0
      ? 'the file is empty, and no other part of the report has a header'
      : `the first record is no header: ${quoteText(batch[0]?.toRaw() ?? '', 300)}`;
  throw new ContractError(
    'file.header-unknown',
    `${options.what}: ${found}. Look at the file; if the column names are new, list them under datasets.<report>.columns in edgeledger.yaml.`,
  );
}
