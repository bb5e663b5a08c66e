import { type Column, fieldReader } from '@edgeledger/core';
import { normalizeHeader } from './header.ts';

/**
 * Whether the first record of a part is its header. imgix does not say whether every part repeats it
 * (imgix.md, section 2.3), so the record itself has to tell.
 */
export function isHeaderRecord(
  fields: readonly string[],
  columns: readonly Column[],
  earlierHeader: readonly string[] | undefined,
): boolean {
  if (earlierHeader !== undefined && isSameHeader(fields, earlierHeader)) return true;
  const known = new Set(columns.flatMap((column) => [column.name, ...(column.aliases ?? [])]));
  const knownCount = fields.filter((field) => isNameLike(field) && known.has(normalizeHeader(field))).length;
  const mostlyKnown = knownCount > 0 && knownCount * 2 >= fields.length;
  const required = columns.filter((column) => column.required === true);
  const names = new Set(fields.filter(isNameLike).map(normalizeHeader));
  const hasAllRequired =
    required.length > 0 &&
    required.every((column) => [column.name, ...(column.aliases ?? [])].some((name) => names.has(name)));
  const namesOnly = fields.every((field) => field.trim() === '' || isNameLike(field));
  if (namesOnly && (mostlyKnown || hasAllRequired)) return true;
  if (earlierHeader !== undefined) return namesOnly && knownCount > 1;
  // nothing to fall back on: names that nobody knows are still a header, numbers, times and addresses are data
  return mostlyKnown || hasAllRequired || (namesOnly && fields.some((field) => field.trim() !== ''));
}

function isSameHeader(fields: readonly string[], header: readonly string[]): boolean {
  return (
    fields.length === header.length &&
    fields.every((field, index) => normalizeHeader(field) === normalizeHeader(header[index] ?? ''))
  );
}

const readNumber = fieldReader('numeric');
const readInstant = fieldReader('timestamptz');

/** Could be a column's name: no number, no time, no address, not long. `2xx` and `Time (ms/req)` are names. */
function isNameLike(field: string): boolean {
  const text = field.replace(/^\ufeff/, '').trim();
  if (text === '' || text.length > 100) return false;
  if (text.startsWith('/') || text.includes('://') || text.includes('?')) return false;
  return readNumber(text) === undefined && readInstant(text) === undefined;
}
