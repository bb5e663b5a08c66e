import { type ColumnType, type Dataset, type FieldReader, fieldReader } from '@edgeledger/core';
import { dataColumns, readTableColumns } from '../columns.ts';
import type { Connection } from '../connect.ts';
import { type Relation, toDataTable } from '../identifiers.ts';
import { withTransaction } from '../transaction.ts';
import { readColumnTexts } from './column-text.ts';

/** In this order the first that takes every value is suggested. */
const CANDIDATES = ['bigint', 'numeric', 'date', 'timestamptz', 'boolean'] as const;
type Candidate = (typeof CANDIDATES)[number];

/** A column that a report brought and that neither the dataset nor the configuration knows. */
export interface UnmappedColumn {
  readonly dataset: string;
  readonly column: string;
  /** As the report that brought it spelled it; the column's name when that is not known. */
  readonly header: string;
  readonly firstReportKey: string | null;
  readonly type: string;
  /** Rows with a value. */
  readonly values: number;
  readonly distinctValues: number;
  readonly suggestedType: ColumnType;
  /** How many values each type would refuse. */
  readonly refused: Readonly<Record<Candidate, number>>;
  /** A few values, for a person to look at. */
  readonly examples: readonly string[];
}

/** Columns of the data tables that are in no mapping, with the type that their values would fit. */
export async function findUnmapped(
  connection: Connection,
  datasets: readonly Dataset[],
): Promise<readonly UnmappedColumn[]> {
  const found: UnmappedColumn[] = [];
  for (const dataset of datasets) {
    const table = toDataTable(dataset);
    const known = new Set([...dataset.columns.map(({ name }) => name), ...dataset.identity]);
    const columns = dataColumns(await readTableColumns(connection.queries, table));
    for (const [column, type] of columns) {
      if (!known.has(column)) found.push(await describe(connection, { dataset, table, column, type }));
    }
  }
  return found;
}

interface UnknownColumn {
  readonly dataset: Dataset;
  readonly table: Relation;
  readonly column: string;
  readonly type: string;
}

async function describe(connection: Connection, unknown: UnknownColumn): Promise<UnmappedColumn> {
  const { dataset, table, column, type } = unknown;
  const doing = `Looking at ${dataset.name}.${column}`;
  return await withTransaction(connection, { pool: 'loads', doing }, async (client) => {
    const origin = await client.query<{ header: string; report_key: string }>(
      `SELECT header, report_key FROM ledger.schema_changes
       WHERE dataset = $1 AND column_name = $2 AND action = 'added' ORDER BY created_at DESC LIMIT 1`,
      [dataset.name, column],
    );
    const tally = createTally();
    for await (const batch of readColumnTexts(client, table, column)) {
      for (const { text, rows } of batch) tally.add(text, rows);
    }
    return {
      dataset: dataset.name,
      column,
      header: origin.rows[0]?.header ?? column,
      firstReportKey: origin.rows[0]?.report_key ?? null,
      type,
      ...tally.result(),
    };
  });
}

const EXAMPLES = 3;
const LONGEST_EXAMPLE = 80;

function createTally() {
  const readers = CANDIDATES.map((candidate) => ({ candidate, fits: toFit(candidate) }));
  const refused: Record<Candidate, number> = { bigint: 0, numeric: 0, date: 0, timestamptz: 0, boolean: 0 };
  const examples: string[] = [];
  let values = 0;
  let distinctValues = 0;
  return {
    add(text: string, rows: number): void {
      values += rows;
      distinctValues += 1;
      if (examples.length < EXAMPLES) examples.push(text.slice(0, LONGEST_EXAMPLE));
      for (const { candidate, fits } of readers) if (!fits(text)) refused[candidate] += rows;
    },
    result() {
      const fitting = values === 0 ? undefined : CANDIDATES.find((candidate) => refused[candidate] === 0);
      return { values, distinctValues, suggestedType: fitting ?? 'text', refused, examples } as const;
    },
  };
}

/** Whether a type holds a value without loss: not only whether it takes it. */
function toFit(candidate: Candidate): (text: string) => boolean {
  const read: FieldReader = fieldReader(candidate);
  const takes = (text: string): boolean => read(text) !== undefined;
  // 007 and +49 are names of something, a number would lose their first characters
  if (candidate === 'bigint' || candidate === 'numeric')
    return (text) => !/^\s*(?:[+-]?0\d|\+)/.test(text) && takes(text);
  if (candidate === 'date') return (text) => /^\s*\d{4}-\d{2}-\d{2}\s*$/.test(text) && takes(text);
  return takes;
}
