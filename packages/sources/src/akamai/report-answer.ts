import type { CsvRecord } from '../csv/record-reader.ts';

/** An answer of the Reporting API, sectioned CSV and JSON alike. */
export interface ReportAnswer {
  readonly metadata: AnswerMetadata;
  /** The vendor's names, `edgeBytes`, in the order of the records' fields. */
  readonly columns: readonly string[];
  /** Data records; `recordNo` counts from 1 in the data. Throws when the answer is cut. */
  readonly records: AsyncIterable<readonly CsvRecord[]>;
  /** Valid after `records` ended. */
  summaries(): readonly Summary[];
}

export interface AnswerMetadata {
  readonly start: Date | null;
  readonly end: Date | null;
  readonly interval: string | null;
  /** From here on data is not final yet; null: all of it is (akamai.md, section 1.4). */
  readonly availableDataEnds: Date | null;
  readonly suggestedRetryTime: Date | null;
  readonly rowCount: number | null;
  /** v2: the answer was cut; null when it does not say. */
  readonly hasMoreRows: boolean | null;
  /** The vendor refused to compute it (see `made-answer.ts`). */
  readonly isTooCostly: boolean;
}

export interface Summary {
  readonly metric: string;
  readonly value: string;
  /** JSON text. */
  readonly details: string;
}

/** Metadata values by name, cleaned of what the published samples show: backticks, blanks, trailing fields. */
export function toMetadata(values: ReadonlyMap<string, string>): AnswerMetadata {
  const rowCount = Number(values.get('rowCount') ?? '');
  return {
    start: toInstant(values.get('start')),
    end: toInstant(values.get('end')),
    interval: values.get('interval') || null,
    availableDataEnds: toInstant(values.get('availableDataEnds')),
    suggestedRetryTime: toInstant(values.get('suggestedRetryTime')),
    rowCount: values.get('rowCount') && Number.isFinite(rowCount) ? rowCount : null,
    hasMoreRows: values.has('hasMoreRows') ? values.get('hasMoreRows') === 'true' : null,
    isTooCostly: values.get('tooCostly') === 'true',
  };
}

export function cleanValue(text: string): string {
  const trimmed = text.trim();
  let [from, end] = [0, trimmed.length];
  while (trimmed[from] === '`') from += 1;
  while (end > from && trimmed[end - 1] === '`') end -= 1;
  return trimmed.slice(from, end).trim();
}

/** Fractions of any length and any zone; without a zone UTC, as everything we ask for. */
function toInstant(text: string | undefined): Date | null {
  if (text === undefined || text === '' || text.toLowerCase() === 'null') return null;
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : `${text}Z`;
  const instant = new Date(zoned);
  return Number.isNaN(instant.getTime()) ? null : instant;
}
