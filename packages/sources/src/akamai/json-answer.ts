import { ContractError, REJECT_RAW_LIMIT_BYTES, TransientError } from '@edgeledger/core';
import { z } from 'zod';
import { MAX_COLUMNS } from '../csv/header.ts';
import type { CsvRecord } from '../csv/record-reader.ts';
import { assertFew } from '../json/assert-few.ts';
import { type JsonRow, type JsonRows, readRowDocument } from '../json/row-document.ts';
import { cleanValue, type ReportAnswer, toMetadata } from './report-answer.ts';

const JSON_LIMIT_BYTES = 64 * 1024 * 1024;
/** A report has some dozen metrics. */
const MAX_SUMMARIES = 1_000;

const schema = z.looseObject({
  metadata: z
    .looseObject({
      columns: z.array(z.looseObject({ name: z.string(), label: z.string().nullish() })).nullish(),
      // v2 has these instead
      dimensions: z.array(z.unknown()).nullish(),
      metrics: z.array(z.unknown()).nullish(),
    })
    .nullish(),
  summaryStatistics: z
    .record(
      z.string(),
      z.union([
        z.looseObject({ value: z.unknown(), details: z.unknown() }),
        z.string(),
        z.number(),
        z.null(),
      ]),
    )
    .nullish(),
});
type Document = z.infer<typeof schema>;

/** The same answer as JSON, for servers that send it whatever was asked for. Bounded, since it is read whole. */
export async function readJsonAnswer(chunks: AsyncIterable<Uint8Array>, what: string): Promise<ReportAnswer> {
  const toBrokenError = () =>
    new TransientError(
      'source.truncated',
      `${what}: the JSON answer is cut or damaged. It is asked for again.`,
    );
  const { rest, rows } = readRowDocument(await readBytes(chunks, what), { what, toBrokenError });
  const document = toDocument(rest, what);
  if (document === undefined || rows === undefined) throw toNoDataError(what);
  const columns = toColumns(document, rows.names);
  return {
    metadata: toMetadata(toMetadataValues(document)),
    columns,
    records: toBatches(rows, columns),
    summaries: () =>
      Object.entries(document.summaryStatistics ?? {}).map(([metric, summary]) => {
        const isObject = typeof summary === 'object' && summary !== null;
        return {
          metric,
          value: toField(isObject ? summary.value : summary),
          details: isObject && summary.details !== undefined ? JSON.stringify(summary.details) : '{}',
        };
      }),
  };
}

async function readBytes(chunks: AsyncIterable<Uint8Array>, what: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > JSON_LIMIT_BYTES) {
      throw new ContractError(
        'file.too-large',
        `${what}: the JSON answer is larger than ${JSON_LIMIT_BYTES} bytes.`,
      );
    }
  }
  return Buffer.concat(parts);
}

function toDocument(rest: Readonly<Record<string, unknown>>, what: string): Document | undefined {
  const { metadata, summaryStatistics } = rest;
  // before the schema looks at each of them: it keeps something of every one that is wrong
  assertFew(rest, 'summaryStatistics', { what, limit: MAX_SUMMARIES });
  for (const name of ['columns', 'dimensions', 'metrics']) {
    assertFew(metadata, name, { what, limit: MAX_COLUMNS });
  }
  const parsed = schema.safeParse({ metadata, summaryStatistics });
  return parsed.success ? parsed.data : undefined;
}

function toNoDataError(what: string): ContractError {
  return new ContractError(
    'source.response-malformed',
    `${what}: the JSON answer has no list of data. Please report it with the answer.`,
  );
}

/** Names by the metadata first, then whatever the rows have; the group is called `groupBy` in the metadata. */
function toColumns(document: Document, found: readonly string[]): string[] {
  const described = (document.metadata?.columns ?? []).map(({ name, label }) =>
    name === 'groupBy' && typeof label === 'string' ? label : name,
  );
  const { dimensions, metrics } = document.metadata ?? {};
  const asked = [...(dimensions ?? []), ...(metrics ?? [])].filter((name) => typeof name === 'string');
  return [...new Set([...described, ...asked, ...found])];
}

function toMetadataValues(document: Document): Map<string, string> {
  const entries = Object.entries(document.metadata ?? {}).filter(([, value]) => typeof value !== 'object');
  return new Map(entries.map(([name, value]) => [name, cleanValue(toField(value))]));
}

async function* toBatches(rows: JsonRows, columns: readonly string[]): AsyncGenerator<readonly CsvRecord[]> {
  let recordNo = 0;
  for (const batch of rows.batches()) {
    yield batch.map((row): CsvRecord => {
      recordNo += 1;
      return toRecord(row, recordNo, columns);
    });
  }
}

function toRecord(row: JsonRow, recordNo: number, columns: readonly string[]): CsvRecord {
  // what every object has, `constructor`, is no value of the row
  const fields = columns.map((name) => (Object.hasOwn(row, name) ? toField(row[name]) : ''));
  return {
    // JSON has no lines to speak of: the ordinal is what finds the record again
    line: recordNo,
    recordNo,
    fields,
    defect: fields.some((field) => field.includes('\u0000')) ? 'nul-byte' : null,
    toRaw: () => JSON.stringify(row).slice(0, REJECT_RAW_LIMIT_BYTES / 4),
  };
}

function toField(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
