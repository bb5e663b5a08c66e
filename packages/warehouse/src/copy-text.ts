import { InvariantError, type Row } from '@edgeledger/core';

/*
 * COPY's text format (https://www.postgresql.org/docs/current/sql-copy.html, "Text Format"): fields end with a
 * tab, rows with a line feed, NULL is \N, and a backslash, tab, line feed or carriage return in a value is
 * written with a backslash. Nothing else is special: a text `\N` goes out as `\\N`, a blank text as nothing.
 */

const NULL_FIELD = '\\N';
const SPECIAL = /[\\\t\n\r]/;
const EACH_SPECIAL = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** Text that is handed to the socket at once, in characters: keeps memory flat whatever the batch. */
const CHUNK_CHARACTERS = 64 * 1024;

export function toCopyField(value: string | null): string {
  if (value === null) return NULL_FIELD;
  return SPECIAL.test(value) ? value.replace(EACH_SPECIAL, (found) => ESCAPES[found] ?? found) : value;
}

/**
 * Rows as COPY text: row_no, the row's own period, then the values at `positions`, in that order.
 * `width` is how many values each row must have.
 */
export function* toCopyChunks(
  rows: readonly Row[],
  positions: readonly number[],
  width: number,
): Generator<string> {
  let text = '';
  for (const row of rows) {
    if (row.values.length !== width) {
      throw new InvariantError(`Row ${row.rowNo} has ${row.values.length} values for ${width} columns.`);
    }
    text += `${row.rowNo}\t${row.period?.start ?? NULL_FIELD}\t${row.period?.end ?? NULL_FIELD}`;
    for (const position of positions) text += `\t${toCopyField(row.values[position] ?? null)}`;
    text += '\n';
    if (text.length >= CHUNK_CHARACTERS) {
      yield text;
      text = '';
    }
  }
  if (text !== '') yield text;
}
