import {
  DAY_MS,
  type Dataset,
  type Finding,
  HOUR_MS,
  MINUTE_MS,
  type OpenedPart,
  type ParseContext,
  type ParsedPart,
  type PartFacts,
  type Reject,
  type Row,
  type RowBatch,
  type UnitRef,
} from '@edgeledger/core';
import { inflate } from '../bytes/inflate.ts';
import { type CountedBytes, countBytes } from '../bytes/part-bytes.ts';
import { peekBytes } from '../bytes/peek.ts';
import type { HeaderRules } from '../csv/header.ts';
import type { CsvRecord } from '../csv/record-reader.ts';
import { toRow } from '../csv/row-converter.ts';
import { type AnswerColumns, mapAnswerColumns } from './answer-columns.ts';
import { readJsonAnswer } from './json-answer.ts';
import type { AnswerMetadata, ReportAnswer } from './report-answer.ts';
import type { ReportType } from './report-type.ts';
import { readSectionedCsv } from './sectioned-csv.ts';
import { createColumnSums, findSumMismatches, toSummaryRows } from './summaries.ts';
import { toNextLook } from './wait.ts';
import {
  type AkamaiWindow,
  FIVE_MINUTES_MS,
  findWindow,
  floorTo,
  SETTLES_AFTER_MS,
  splitWindow,
  toPartRef,
  toSecondText,
} from './window.ts';

export interface AkamaiParseOptions {
  readonly dataset: Dataset;
  readonly rules: HeaderRules;
  readonly reportType: ReportType;
  readonly everyMinutes?: number | undefined;
  /** Findings of the requests that led here. */
  /** Whether a window whose answer has folded rows may be read in halves; absent: always. */
  readonly mayUnfold?: (unit: UnitRef, window: AkamaiWindow) => boolean;
  readonly takeFindings?: (window: AkamaiWindow) => readonly Finding[];
}

/** An answer of a day is some hundred kilobytes, of a full details window a few megabytes. */
const MAX_INFLATED_BYTES = 4 * 1024 ** 3;

/** What is counted while the answer's rows pass. */
interface Passed {
  /** Data records, rejected and folded ones too: what the vendor's limit counts. */
  received: number;
  sawFoldedRow: boolean;
}

/** A part of an Akamai unit: one answer, sectioned CSV or JSON, whose rows carry their five-minute interval. */
export async function parseAkamaiPart(
  unit: UnitRef,
  part: OpenedPart,
  context: ParseContext,
  options: AkamaiParseOptions,
): Promise<ParsedPart> {
  const what = `${unit.reportKey}, part ${part.name}`;
  const counted = countBytes(part.bytes, context.signal);
  try {
    const answer = await readAnswer(
      inflate(counted.bytes, { maxInflatedBytes: MAX_INFLATED_BYTES, what }),
      what,
    );
    const window = findWindow(part) ?? toFileWindow(answer.metadata, unit);
    const columns = mapAnswerColumns(answer.columns, { ...options, objectId: window.objectId, what });
    return createParsedPart({ unit, part, context, options, counted, answer, window, columns });
  } catch (thrown) {
    part.destroy();
    throw thrown;
  }
}

async function readAnswer(chunks: AsyncIterable<Uint8Array>, what: string): Promise<ReportAnswer> {
  const peeked = await peekBytes(chunks, 64);
  const start = Buffer.from(peeked.head)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  return start.startsWith('{') ? readJsonAnswer(peeked.chunks, what) : readSectionedCsv(peeked.chunks, what);
}

/** A file that a person saved says itself which window it is of. */
function toFileWindow(metadata: AnswerMetadata, unit: UnitRef): AkamaiWindow {
  const start = metadata.start ?? unit.period.start;
  const end = metadata.end ?? unit.period.end;
  return { start, end, objectId: '', isInner: false };
}

interface Parsing {
  readonly unit: UnitRef;
  readonly part: OpenedPart;
  readonly context: ParseContext;
  readonly options: AkamaiParseOptions;
  readonly counted: CountedBytes;
  readonly answer: ReportAnswer;
  readonly window: AkamaiWindow;
  readonly columns: AnswerColumns;
}

function createParsedPart(parsing: Parsing): ParsedPart {
  const { answer, columns, window, counted } = parsing;
  const intervalMs = toIntervalMs(parsing);
  const watermark = toWatermark(answer.metadata, window, intervalMs ?? FIVE_MINUTES_MS);
  const passed: Passed = { received: 0, sawFoldedRow: false };
  const sums = { kept: createColumnSums(columns.columns), received: createColumnSums(columns.columns) };
  const isFile = findWindow(parsing.part) === undefined;
  /**
   * An interval that is not over yet would be stored with half of its traffic, and a server that rounds windows would
   * give the rows at a seam twice. A saved file has no seams: only the watermark it states counts.
   */
  const isWanted = (instant: Date) =>
    isFile
      ? answer.metadata.availableDataEnds === null || instant < watermark
      : instant >= window.start && instant < watermark;

  function toBatch(records: readonly CsvRecord[]): RowBatch {
    const rows: Row[] = [];
    const rejects: Reject[] = [];
    for (const record of records) {
      passed.received += 1;
      const converted = columns.convert(record);
      if ('reject' in converted) {
        rejects.push(converted.reject);
        continue;
      }
      sums.received.add(converted.values);
      if (converted.instant === null && intervalMs !== null) passed.sawFoldedRow = true;
      const instant = converted.instant ?? window.start;
      if (!isWanted(instant)) continue;
      sums.kept.add(converted.values);
      const period =
        intervalMs === null ? { start: window.start, end: watermark } : toInterval(instant, intervalMs);
      rows.push(
        toRow(record.recordNo, converted.values, {
          start: period.start.toISOString(),
          end: period.end.toISOString(),
        }),
      );
    }
    return { rows, rejects, bytes: counted.takeCount() };
  }
  async function* batches(): AsyncGenerator<RowBatch> {
    try {
      for await (const records of answer.records) yield toBatch(records);
    } finally {
      parsing.part.destroy();
    }
  }

  function toFacts(): PartFacts {
    const summaries = watermark > window.start ? answer.summaries() : [];
    const cut = toCut(passed, parsing);
    const mismatches = cut.splitInto === undefined ? findSumMismatches(summaries, sums, window) : [];
    return {
      sha256: counted.sha256(),
      bytes: counted.totalBytes(),
      availability: toAvailability(watermark, parsing),
      settlesAfterMs: SETTLES_AFTER_MS,
      ...(cut.splitInto === undefined ? {} : { splitInto: cut.splitInto }),
      companions: toSummaryRows(summaries, window),
      // what is read again in pieces is forgotten, and its findings would be with it
      findings:
        cut.splitInto === undefined
          ? [...(parsing.options.takeFindings?.(window) ?? []), ...cut.findings, ...mismatches]
          : [],
    };
  }

  // asked for by whoever stages and whoever publishes; the findings of requests are handed out once
  let facts: PartFacts | undefined;
  return {
    columns: columns.columns,
    header: [],
    batches: batches(),
    facts() {
      facts ??= toFacts();
      return facts;
    },
  };
}

/** Up to here the data is whole: an interval counts when it ends before `availableDataEnds` (akamai.md, section 1.4). */
export function toWatermark(
  metadata: AnswerMetadata,
  window: AkamaiWindow,
  intervalMs: number = FIVE_MINUTES_MS,
): Date {
  if (metadata.availableDataEnds === null) return window.end;
  const available = floorTo(metadata.availableDataEnds, intervalMs);
  return available < window.end ? available : window.end;
}

const RETRY_AFTER_MS = 15 * MINUTE_MS;

function toAvailability(
  watermark: Date,
  { window, answer, unit, context, options }: Parsing,
): PartFacts['availability'] {
  if (watermark < window.end) {
    const retryAt = answer.metadata.suggestedRetryTime ?? new Date(context.now.getTime() + RETRY_AFTER_MS);
    const kind = watermark <= window.start ? 'nothing' : 'partial';
    return { kind, availableUntil: watermark, retryAt };
  }
  if (window.isInner || window.end >= unit.period.end) return { kind: 'complete' };
  const retryAt = toNextLook(window.end, unit.period, options.everyMinutes);
  return { kind: 'partial', availableUntil: window.end, retryAt };
}

/** What follows from an answer that is as long as the vendor allows, or in which rows were folded together. */
function toCut(
  passed: Passed,
  { answer, window, options, unit, part }: Parsing,
): { readonly splitInto?: readonly { readonly name: string }[]; readonly findings: readonly Finding[] } {
  const { limit } = options.reportType;
  const { hasMoreRows, isTooCostly } = answer.metadata;
  // rowCount of a time report counts the intervals expected, so only reports with a limit look at it
  const rowCount = Math.max(passed.received, answer.metadata.rowCount ?? 0);
  const isFull = hasMoreRows ?? (limit !== undefined && rowCount >= limit);
  // `Other` stands for rows that a narrower window may show, whatever the report type says of grouping
  const isFolded = limit !== undefined && passed.sawFoldedRow && (options.mayUnfold?.(unit, window) ?? true);
  if (!isFull && !isFolded && !isTooCostly) return { findings: [] };
  // figures without a time are sums over their window: those of two halves are not those of the whole
  const mayCut = findWindow(part) !== undefined && options.dataset.accumulation !== 'window';
  const halves = mayCut ? splitWindow(window) : undefined;
  if (halves !== undefined) return { splitInto: halves.map(toPartRef), findings: [] };
  if (mayCut && hasMoreRows === true && window.isAsync !== true)
    return { splitInto: [toPartRef({ ...window, isAsync: true })], findings: [] };
  if (!isFull && !isTooCostly) return { findings: [] };
  const start = toSecondText(window.start);
  const end = toSecondText(window.end);
  const found = isTooCostly
    ? `Akamai refuses to compute ${start} to ${end} (422)`
    : `Akamai gave ${rowCount} rows for ${start} to ${end}, which is its limit`;
  const message = `${unit.reportKey}: ${found}; what is beyond is missing and cannot be had.`;
  return {
    findings: [{ kind: 'truncated', message, details: { rowCount, limit: limit ?? null, start, end } }],
  };
}

const INTERVALS_MS: Readonly<Record<string, number>> = {
  FIVE_MINUTES: FIVE_MINUTES_MS,
  HOUR: HOUR_MS,
  DAY: DAY_MS,
};

/** Length of a row's interval; null when its rows are of the whole window. */
function toIntervalMs({ answer, columns }: Parsing): number | null {
  if (columns.rowSpan !== 'answer') return columns.rowSpan;
  return INTERVALS_MS[answer.metadata.interval ?? ''] ?? FIVE_MINUTES_MS;
}

function toInterval(instant: Date, intervalMs: number): { start: Date; end: Date } {
  const start = floorTo(instant, FIVE_MINUTES_MS);
  return { start, end: new Date(start.getTime() + intervalMs) };
}
