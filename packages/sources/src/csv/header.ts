import { type Column, ContractError, type ParsedColumn, quoteText, SYSTEM_COLUMNS } from '@edgeledger/core';

/** Postgres cuts identifiers after this many bytes. */
const MAX_IDENTIFIER_BYTES = 63;

/**
 * Ten times what the widest report has. A row of so many columns still fits a page of Postgres, whatever they hold, and a
 * line of commas does not become a table.
 */
export const MAX_COLUMNS = 400;

/** What a header is mapped by: the dataset's columns, and names whose data is not wanted. */
export interface HeaderRules {
  readonly columns: readonly Column[];
  readonly dropped: ReadonlySet<string>;
  /** Headers that a person chose for a column, by its name; normalized. They come before everything else. */
  readonly chosen?: ReadonlyMap<string, string>;
  /** Type of a column that nobody knows, by its name. */
  readonly unknownType?: (name: string) => Column['type'];
}

/** Where a value goes: position in the record, and the column it becomes. */
export interface MappedColumn {
  readonly position: number;
  readonly column: ParsedColumn;
}

/** Trimmed, lower case, blanks, hyphens and dots as `_`, everything else that is no identifier left out. */
export function normalizeHeader(text: string): string {
  return text
    .replace(/^\ufeff/, '')
    .trim()
    .toLowerCase()
    .replace(/[\s\-.]+/g, '_')
    .replace(/[^a-z0-9_]/g, '');
}

/** Credits are fractional; whatever else nobody knows stays text until someone says what it is. */
export function typeOfUnknown(name: string): Column['type'] {
  return name.endsWith('_credits') ? 'numeric' : 'text';
}

/**
 * Maps by name, never by position: a header that a person chose for a column first, then every column takes the header
 * that has its own name, then the columns without one take an alias, in order of preference. What is left over becomes a new column.
 *
 * @throws ContractError `file.column-missing` with the header found.
 */
export function mapHeader(header: readonly string[], rules: HeaderRules, what: string): MappedColumn[] {
  if (header.length > MAX_COLUMNS) {
    throw new ContractError(
      'file.malformed',
      `${what}: the header has ${header.length} columns, at most ${MAX_COLUMNS} are read. It begins: ` +
        `${quoteText(header.slice(0, 20).join(', '), 300)}. Look at the file.`,
    );
  }
  const names = header.map(normalizeHeader);
  const owner = new Map<number, Column>();
  const claim = (column: Column, name: string) => {
    const position = names.findIndex((candidate, index) => candidate === name && !owner.has(index));
    if (position === -1) return false;
    owner.set(position, column);
    return true;
  };
  const open = rules.columns.filter((column) => {
    const chosen = rules.chosen?.get(column.name);
    return chosen === undefined || !claim(column, chosen);
  });
  const unclaimed = open.filter((column) => !claim(column, column.name));
  const missing = unclaimed.filter((column) => !(column.aliases ?? []).some((alias) => claim(column, alias)));
  assertRequired(missing, header, what);
  assertAnyKnown(owner, header, what);

  const taken = new Set<string>([...rules.columns.map((column) => column.name), ...SYSTEM_COLUMNS]);
  return header.flatMap((text, position): MappedColumn[] => {
    const known = owner.get(position);
    if (known !== undefined) return [{ position, column: { ...known, header: text, unknown: false } }];
    const normalized = names[position] ?? '';
    if (rules.dropped.has(normalized)) return [];
    const name = toFreeName(normalized, position, taken);
    taken.add(name);
    const type = (rules.unknownType ?? typeOfUnknown)(name);
    return [{ position, column: { name, type, header: text, unknown: true } }];
  });
}

function assertRequired(missing: readonly Column[], header: readonly string[], what: string): void {
  const required = missing.filter((column) => column.required === true);
  if (required.length === 0) return;
  const names = required.map((column) => [column.name, ...(column.aliases ?? [])].join(' or ')).join('; ');
  const found = quoteText(header.join(', '), 1000);
  throw new ContractError(
    'file.column-missing',
    `${what}: no column for ${names}. The header is: ${found}. If a column was renamed, name its header under datasets.<report>.columns in edgeledger.yaml.`,
    {
      context: {
        header: header.map((text) => quoteText(text, 100)),
        missing: required.map((column) => column.name),
      },
    },
  );
}

/** A log-in page, an error document or another delimiter would else become columns of the table. */
function assertAnyKnown(owner: ReadonlyMap<number, Column>, header: readonly string[], what: string): void {
  if (owner.size > 0) return;
  throw new ContractError(
    'file.column-missing',
    `${what}: not one column of its first record is known, so it is hardly this report as CSV. It begins: ` +
      `${quoteText(header.join(', '), 300)}. If the columns were renamed, name their headers under ` +
      'datasets.<report>.columns in edgeledger.yaml.',
    { context: { header: header.slice(0, 50).map((text) => quoteText(text, 100)) } },
  );
}

function toFreeName(normalized: string, position: number, taken: ReadonlySet<string>): string {
  const start = normalized === '' ? `column_${position + 1}` : normalized;
  const identifier = cutToBytes(/^[0-9]/.test(start) ? `c_${start}` : start, MAX_IDENTIFIER_BYTES);
  const isSystem = (SYSTEM_COLUMNS as readonly string[]).includes(identifier);
  const base = isSystem ? `${identifier}_value` : identifier;
  if (!taken.has(base)) return base;
  for (let count = 2; ; count += 1) {
    const suffix = `_${count}`;
    const name = `${cutToBytes(base, MAX_IDENTIFIER_BYTES - suffix.length)}${suffix}`;
    if (!taken.has(name)) return name;
  }
}

/** Names are ASCII by now, so characters are bytes. */
function cutToBytes(name: string, limit: number): string {
  return name.slice(0, limit);
}
