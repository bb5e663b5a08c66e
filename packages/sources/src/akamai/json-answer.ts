import { ContractError, REJECT_RAW_LIMIT_BYTES, TransientError } from '@edgeledger/core';
import { z } from 'zod';
import type { CsvRecord } from '../csv/record-reader.ts';
import { cleanValue, type ReportAnswer, toMetadata } from './report-answer.ts';

const JSON_LIMIT_BYTES = 64 * 1024 * 1024;

const schema = z.looseObject({
  metadata: z
    .looseObject({
      columns: z.array(z.looseObject({ name: z.string(), label: z.string().nullish() })).nullish(),
      // v2 has these instead
      dimensions: z.array(z.unknown()).nullish(),
      metrics: z.array(z.unknown()).nullish(),
    })
    .nullish(),
  data: z.array(z.record(z.string(), z.unknown())),
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
  const document = parseDocument(await readText(chunks, what), what);
  const columns = toColumns(document);
  return {
    metadata: toMetadata(toMetadataValues(document)),
    columns,
    records: toBatches(document.data, columns),
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

async function readText(chunks: AsyncIterable<Uint8Array>, what: string): Promise<string> {
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
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/^\ufeff/, '');
}

function parseDocument(text: string, what: string): Document {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // without the parser's error, which quotes what it could not read
    const message = `${what}: the JSON answer is cut or damaged. It is asked for again.`;
    throw new TransientError('source.truncated', message);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ContractError(
    'source.response-malformed',
    `${what}: the JSON answer has no list of data. Please report it with the answer.`,
  );
}

/** Names by the metadata first, then whatever the rows have; the group is called `groupBy` in the metadata. */
function toColumns(document: Document): string[] {
  const described = (document.metadata?.columns ?? []).map(({ name, label }) =>
    name === 'groupBy' && typeof label === 'string' ? label : name,
  );
  const { dimensions, metrics } = document.metadata ?? {};
  const asked = [...(dimensions ?? []), ...(metrics ?? [])].filter((name) => typeof name === 'string');
  const found = document.data.flatMap((row) => Object.keys(row));
  return [...new Set([...described, ...asked, ...found])];
}

function toMetadataValues(document: Document): Map<string, string> {
  const entries = Object.entries(document.metadata ?? {}).filter(([, value]) => typeof value !== 'object');
  return new Map(entries.map(([name, value]) => [name, cleanValue(toField(value))]));
}

async function* toBatches(
  data: Document['data'],
  columns: readonly string[],
): AsyncGenerator<readonly CsvRecord[]> {
  for (let from = 0; from < data.length; from += 500) {
    yield data.slice(from, from + 500).map((row, index): CsvRecord => {
      const recordNo = from + index + 1;
      return {
        // JSON has no lines to speak of: the ordinal is what finds the record again
        line: recordNo,
        recordNo,
        fields: columns.map((name) => toField(row[name])),
        defect: columns.some((name) => toField(row[name]).includes('\u0000')) ? 'nul-byte' : null,
        toRaw: () => JSON.stringify(row).slice(0, REJECT_RAW_LIMIT_BYTES / 4),
      };
    });
  }
}

function toField(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
