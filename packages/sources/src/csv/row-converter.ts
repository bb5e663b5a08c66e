import { type FieldReader, fieldReader, type Reject, type RejectCode, type Row } from '@edgeledger/core';
import type { MappedColumn } from './header.ts';
import type { CsvRecord } from './record-reader.ts';

export interface RowConverter {
  /** A record's values in column order, or why it cannot be a row. Never throws. */
  convert(record: CsvRecord): { readonly values: (string | null)[] } | { readonly reject: Reject };
}

interface ColumnReader {
  readonly position: number;
  readonly name: string;
  readonly type: string;
  readonly read: FieldReader;
  readonly blank: string | null;
  /** Part of the row's key. */
  readonly isKey: boolean;
}

/** Postgres refuses entries of an index above a third of a page. No id that is known has more than 100 characters. */
export const LONGEST_KEY_BYTES = 1000;

const DEFECT_MESSAGES: Readonly<Partial<Record<RejectCode, string>>> = {
  'invalid-utf8': 'The record is not valid UTF-8.',
  'nul-byte': 'The record holds a NUL byte, which no column can store.',
  'unterminated-quote': 'A quoted field is never closed.',
  'malformed-quote': 'A quoted field is followed by text instead of a comma or a line end.',
  'record-too-large': 'The record is larger than 16 MiB.',
};

/**
 * @param fieldCount fields that a record must have: as many as the header.
 * @param identity columns of the row's identity; blank ones are `''`, since a key cannot be NULL.
 */
export function createRowConverter(
  columns: readonly MappedColumn[],
  fieldCount: number,
  identity: readonly string[],
): RowConverter {
  const readers = columns.map(
    ({ position, column }): ColumnReader => ({
      position,
      name: column.name,
      type: column.type,
      read: fieldReader(column.type),
      blank: identity.includes(column.name) && column.type === 'text' ? '' : null,
      isKey: identity.includes(column.name) && column.type === 'text',
    }),
  );
  return {
    convert(record) {
      const { fields } = record;
      if (fields === null) return { reject: toDefectReject(record) };
      if (fields.length !== fieldCount) return { reject: toCountReject(record, fields.length, fieldCount) };
      const values: (string | null)[] = [];
      for (const { position, name, type, read, blank, isKey } of readers) {
        const field = fields[position] ?? '';
        const value = field === '' ? blank : read(field);
        if (value === undefined) return { reject: toTypeReject(record, { name, type, field }) };
        if (isKey && value !== null && Buffer.byteLength(value) > LONGEST_KEY_BYTES) {
          return { reject: toLongKeyReject(record, name, Buffer.byteLength(value)) };
        }
        values.push(value);
      }
      return { values };
    },
  };
}

export function toRow(rowNo: number, values: readonly (string | null)[], period?: Row['period']): Row {
  return period === undefined ? { rowNo, values } : { rowNo, values, period };
}

function toDefectReject(record: CsvRecord): Reject {
  const code = record.defect ?? 'malformed-quote';
  return {
    line: record.line,
    columnName: null,
    code,
    message: DEFECT_MESSAGES[code] ?? 'The record is malformed.',
    raw: record.toRaw(),
  };
}

function toCountReject(record: CsvRecord, found: number, expected: number): Reject {
  const code = found < expected ? 'too-few-fields' : 'too-many-fields';
  const message = `The record has ${found} fields, the header has ${expected}.`;
  return { line: record.line, columnName: null, code, message, raw: record.toRaw() };
}

function toLongKeyReject(record: CsvRecord, name: string, sizeBytes: number): Reject {
  const message = `A value of ${sizeBytes} bytes is too long for a column that identifies the row (${LONGEST_KEY_BYTES}).`;
  return { line: record.line, columnName: name, code: 'type-mismatch', message, raw: record.toRaw() };
}

const SHOWN_FIELD_CHARACTERS = 80;

export function toTypeReject(
  record: CsvRecord,
  found: { readonly name: string; readonly type: string; readonly field: string },
): Reject {
  const shown = JSON.stringify(found.field.slice(0, SHOWN_FIELD_CHARACTERS));
  return {
    line: record.line,
    columnName: found.name,
    code: 'type-mismatch',
    message: `${shown} is not a ${found.type}.`,
    raw: record.toRaw(),
  };
}
