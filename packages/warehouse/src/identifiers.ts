import { createHash } from 'node:crypto';
import { ContractError, type Dataset, InvariantError, SYSTEM_COLUMNS } from '@edgeledger/core';

/** Postgres cuts longer names silently, which would let two of them become one. */
const NAME_LIMIT_BYTES = 63;

/** Names that every table has hidden, and that no column may take. */
const HIDDEN_COLUMNS = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) {
    throw new InvariantError('An SQL name must not be empty and must not hold a NUL character.');
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** A relation's two names, and its quoted form for SQL text. */
export interface Relation {
  readonly schema: string;
  readonly table: string;
  readonly sql: string;
}

export function toRelation(schema: string, table: string): Relation {
  return { schema, table, sql: `${quoteIdentifier(schema)}.${quoteIdentifier(table)}` };
}

/** The data table of a dataset: the dataset's name is the table's. */
export function toDataTable(dataset: Dataset): Relation {
  const [schema, table, ...rest] = dataset.name.split('.');
  if (schema === undefined || table === undefined || rest.length > 0) {
    throw new InvariantError(`Dataset "${dataset.name}" is not named <schema>.<table>.`);
  }
  return toRelation(schema, table);
}

/**
 * The name a report's column gets in its table. Parsers normalize headers already; this only makes sure that
 * no header, however strange, can collide with our own columns, with hidden ones, or be cut by Postgres.
 */
export function toColumnName(name: string, header: string): string {
  if (name === '' || name.includes('\0')) {
    throw new ContractError(
      'file.malformed',
      `The report has a column without a usable name (header "${header.replaceAll('\0', '')}"). Drop it in edgeledger.yaml or look at the file.`,
    );
  }
  if ((SYSTEM_COLUMNS as readonly string[]).includes(name)) {
    throw new ContractError(
      'file.malformed',
      `The report's column "${header}" would be called ${name}, which every table of ours has already. Rename it in edgeledger.yaml.`,
    );
  }
  if (HIDDEN_COLUMNS.has(name)) return `${name}_`;
  if (Buffer.byteLength(name) <= NAME_LIMIT_BYTES) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  let kept = name;
  while (Buffer.byteLength(kept) > NAME_LIMIT_BYTES - hash.length - 1) kept = [...kept].slice(0, -1).join('');
  return `${kept}_${hash}`;
}
