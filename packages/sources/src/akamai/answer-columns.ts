import {
  DAY_MS,
  type Dataset,
  fieldReader,
  HOUR_MS,
  MINUTE_MS,
  type ParsedColumn,
  type Reject,
} from '@edgeledger/core';
import { type HeaderRules, mapHeader } from '../csv/header.ts';
import type { CsvRecord } from '../csv/record-reader.ts';
import { createRowConverter, toTypeReject } from '../csv/row-converter.ts';
import { cleanValue } from './report-answer.ts';
import { withoutTrailingBlanks } from './sectioned-csv.ts';

/** A record of an answer as values, with the instant its interval is found by (null: it has none). */
export interface AnswerRow {
  readonly values: (string | null)[];
  readonly instant: Date | null;
}

export interface AnswerColumns {
  readonly columns: readonly ParsedColumn[];
  /** How long the interval of a row is by its column, in ms; `answer`: as the answer says; null: rows have no time. */
  readonly rowSpan: number | 'answer' | null;
  convert(record: CsvRecord): AnswerRow | { readonly reject: Reject };
}

/** The group of v1 time reports; JSON metadata calls it `groupBy` and gives the name as its label. */
const TIME_GROUPS: ReadonlySet<string> = new Set(['startdatetime', 'groupby', 'group_by']);
/** Time dimensions of v2, with their length (akamai.md, section 2.2). */
const TIME_DIMENSIONS: ReadonlyMap<string, number> = new Map([
  ['time5minutes', 5 * MINUTE_MS],
  ['time1hour', HOUR_MS],
  ['time1day', DAY_MS],
]);
const OBJECT_ID: ParsedColumn = { name: 'object_id', type: 'text', header: 'object_id', unknown: false };

/** `edgeBytes` is `edge_bytes`, `clientIp` is `client_ip`. */
export function toColumnName(vendorName: string): string {
  return vendorName.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

/**
 * Maps an answer's columns by name. In time reports the group becomes the row's period and every row carries the
 * object id it was asked for; in details reports the `timestamp` column gives the period.
 */
export function mapAnswerColumns(
  vendorColumns: readonly string[],
  request: {
    readonly dataset: Dataset;
    readonly rules: HeaderRules;
    readonly objectId: string;
    readonly what: string;
  },
): AnswerColumns {
  const hasObjectId = request.dataset.identity.includes('object_id');
  const names = vendorColumns.map(toColumnName);
  const rules: HeaderRules = {
    ...request.rules,
    columns: request.rules.columns.filter((column) => column.name !== 'object_id'),
    dropped: new Set([...request.rules.dropped, ...TIME_GROUPS, ...TIME_DIMENSIONS.keys()]),
  };
  // an answer without rows may name nothing but its time, or nothing at all
  const hasColumns = names.some((name) => !rules.dropped.has(name));
  const mapped = hasColumns ? mapHeader(names, rules, request.what) : [];
  const converter = createRowConverter(mapped, vendorColumns.length, []);
  const columns = mapped.map(({ position, column }) => ({
    ...column,
    header: vendorColumns[position] ?? '',
  }));
  const types = new Map(mapped.map(({ position, column }) => [position, column]));
  const timestamp = mapped.find(({ column }) => column.name === 'timestamp')?.position;
  const time = findTimeColumn(names, hasObjectId ? undefined : timestamp);

  const toFields = (fields: readonly string[]) =>
    trimToColumns(fields, vendorColumns.length).map((field, position) => {
      const column = types.get(position);
      return column === undefined ? field : toField(field, column);
    });

  return {
    columns: hasObjectId ? [OBJECT_ID, ...columns] : columns,
    rowSpan: time.span,
    convert(record) {
      const fields = record.defect === null && record.fields !== null ? toFields(record.fields) : null;
      const converted = converter.convert({ ...record, fields });
      if ('reject' in converted) return converted;
      const instant = readInstant(fields?.[time.position] ?? '');
      if (instant === undefined) {
        const found = { name: 'startdatetime', type: 'timestamptz', field: fields?.[time.position] ?? '' };
        return { reject: toTypeReject(record, found) };
      }
      const values = hasObjectId ? [request.objectId, ...converted.values] : converted.values;
      return { values, instant };
    },
  };
}

function findTimeColumn(
  names: readonly string[],
  timestamp: number | undefined,
): { readonly position: number; readonly span: AnswerColumns['rowSpan'] } {
  // single calls are filed under the five minutes they are in
  if (timestamp !== undefined) return { position: timestamp, span: 5 * MINUTE_MS };
  const group = names.findIndex((name) => TIME_GROUPS.has(name));
  if (group !== -1) return { position: group, span: 'answer' };
  const dimension = names.findIndex((name) => TIME_DIMENSIONS.has(name));
  return { position: dimension, span: TIME_DIMENSIONS.get(names[dimension] ?? '') ?? null };
}

/** Published samples have empty fields behind the last column. */
function trimToColumns(fields: readonly string[], count: number): readonly string[] {
  if (fields.length <= count) return fields;
  const trimmed = withoutTrailingBlanks(fields);
  return trimmed.length > count ? fields : fields.slice(0, count);
}

/** `Other` (folded rows) and `N/A` (no number) are NULL, never 0 and never an error (akamai.md, section 1). */
function isNothing(field: string): boolean {
  const text = field.trim();
  return text === 'N/A' || text === 'Other';
}

function toField(field: string, column: ParsedColumn): string {
  if (isNothing(field)) return '';
  if (column.name === 'method') return field.toUpperCase();
  // metrics are text on the wire, and a whole number may be written with a fraction of zeros
  if (column.type === 'bigint') return field.replace(/\.0+$/, '');
  return field;
}

const readTimestamp = fieldReader('timestamptz');

/** null: the row has none (`Other`); undefined: it has one that cannot be read. */
function readInstant(field: string): Date | null | undefined {
  const text = cleanValue(field);
  if (text === '' || isNothing(text)) return null;
  const read = readTimestamp(text);
  return read === undefined ? undefined : new Date(read);
}
