import {
  type ColumnType,
  type Dataset,
  type EdgeledgerError,
  type Logger,
  toEdgeledgerError,
} from '@edgeledger/core';
import type pg from 'pg';
import { dataColumns, readTableColumns, toPostgresType } from '../columns.ts';
import type { Connection } from '../connect.ts';
import { quoteIdentifier, type Relation, toDataTable } from '../identifiers.ts';
import { withTransaction } from '../transaction.ts';
import { convertColumn, type RefusedUnit } from './convert.ts';
import { withViewsAside } from './views-aside.ts';

/** What a person wants of one column of a dataset, and where its values came from before. */
export interface ColumnMapping {
  readonly dataset: Dataset;
  readonly column: string;
  /** Normalized headers, and so names of columns, that mean it as well. */
  readonly otherNames: readonly string[];
  /** Not kept at all. */
  readonly drop: boolean;
}

export interface AppliedMapping {
  readonly dataset: string;
  readonly column: string;
  readonly action: 'renamed' | 'retyped' | 'dropped';
  /** The name or the type before. */
  readonly from: string;
  readonly to: string;
  /** False: the table is as it was, for `reason`. */
  readonly isApplied: boolean;
  readonly reason: string | null;
  /** Values that the type refuses, and the units that have them. */
  readonly refusedValues: number;
  readonly refusedUnits: readonly RefusedUnit[];
}

export interface MappingOptions {
  /** Values that the new type refuses become NULL instead of keeping the column as it is. */
  readonly force: boolean;
  readonly logger: Logger;
}

const LOCK_TIMEOUT_MS = 5_000;

/**
 * Applies column mappings to what is loaded already. Only columns that a report brought are renamed or dropped: the
 * others are in every warehouse. Each step is a short transaction of its own and recorded with it.
 */
export async function applyMappings(
  connection: Connection,
  mappings: readonly ColumnMapping[],
  options: MappingOptions,
): Promise<readonly AppliedMapping[]> {
  const applied: AppliedMapping[] = [];
  for (const mapping of mappings) {
    const brought = await readBrought(connection, mapping.dataset);
    const isKnown = new Set(mapping.dataset.columns.map(({ name }) => name));
    const others = brought.filter(
      ({ name, header }) =>
        name !== mapping.column &&
        !isKnown.has(name) &&
        (mapping.otherNames.includes(name) || mapping.otherNames.includes(header)),
    );
    const names = mapping.drop
      ? brought.filter(({ name }) => name === mapping.column).concat(others)
      : others;
    for (const { name } of names) {
      const step = mapping.drop
        ? () => dropColumn(connection, mapping, name)
        : () => renameColumn(connection, mapping, name, options);
      applied.push(
        await settling(mapping, { action: mapping.drop ? 'dropped' : 'renamed', from: name }, step),
      );
    }
    if (mapping.drop) continue;
    const from = await readWrongType(connection, mapping);
    if (from === undefined) continue;
    const step = () => retypeColumn(connection, mapping, from, options);
    applied.push(await settling(mapping, { action: 'retyped', from }, step));
  }
  for (const { dataset, column, action, isApplied } of applied)
    options.logger.info({ dataset, column, action, isApplied }, 'column mapping');
  return applied;
}

/** Columns of the table that reports brought; the header normalized as far as a comparison needs. */
async function readBrought(connection: Connection, dataset: Dataset) {
  const columns = dataColumns(await readTableColumns(connection.queries, toDataTable(dataset)));
  const found = await connection.queries.query<{ name: string; header: string }>(
    `SELECT DISTINCT ON (column_name) column_name AS name, header FROM ledger.schema_changes
     WHERE dataset = $1 AND action = 'added' ORDER BY column_name, created_at DESC`,
    [dataset.name],
  );
  return found.rows
    .filter(({ name }) => columns.has(name))
    .map(({ name, header }) => ({
      name,
      header: header
        .trim()
        .toLowerCase()
        .replace(/[\s\-.]+/g, '_'),
    }));
}

function getType(mapping: ColumnMapping): ColumnType {
  return mapping.dataset.columns.find(({ name }) => name === mapping.column)?.type ?? 'text';
}

/** The type the column has now, when it is not the one that is wanted. */
async function readWrongType(connection: Connection, mapping: ColumnMapping): Promise<string | undefined> {
  const columns = await readTableColumns(connection.queries, toDataTable(mapping.dataset));
  const type = columns.get(mapping.column);
  return type === undefined || type === toPostgresType(getType(mapping)) ? undefined : type;
}

type Step = Pick<AppliedMapping, 'action' | 'from'>;
type Outcome = Pick<AppliedMapping, 'isApplied' | 'reason' | 'refusedValues' | 'refusedUnits'>;

const DONE: Outcome = { isApplied: true, reason: null, refusedValues: 0, refusedUnits: [] };

/** What Postgres refuses because a view or an index uses the column is an answer, not a failure. */
async function settling(
  mapping: ColumnMapping,
  step: Step,
  work: () => Promise<Outcome>,
): Promise<AppliedMapping> {
  const { dataset, column } = mapping;
  const to = step.action === 'renamed' ? column : step.action === 'dropped' ? '' : getType(mapping);
  const about = {
    dataset: dataset.name,
    column: step.action === 'dropped' ? step.from : column,
    ...step,
    to,
  };
  try {
    return { ...about, ...(await work()) };
  } catch (thrown) {
    const error: EdgeledgerError = toEdgeledgerError(thrown);
    const sqlState = String(error.context.sqlState ?? '');
    // 42…: a view that was taken away cannot be put back on the new type
    const isUsed = sqlState === '0A000' || sqlState === '2BP01' || sqlState.startsWith('42');
    if (!isUsed && error.code !== 'warehouse.conflict') throw thrown;
    const reason = isUsed
      ? 'a view uses the column and does not go with the change; drop the view first and make it again after'
      : 'the table is busy; try again when no load and no long query runs';
    return { ...about, ...DONE, isApplied: false, reason };
  }
}

/** A refusal is thrown, so that nothing of its step stays. */
function inStep(
  connection: Connection,
  mapping: ColumnMapping,
  work: (client: pg.PoolClient, table: Relation) => Promise<Outcome>,
): Promise<Outcome> {
  const doing = `Applying the mapping of ${mapping.dataset.name}.${mapping.column}`;
  const transaction = { pool: 'loads', doing, lockTimeoutMs: LOCK_TIMEOUT_MS } as const;
  return withTransaction(connection, transaction, async (client) => {
    // the same lock as for columns that are added while loading
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('edgeledger.columns:' || $1, 0))`, [
      mapping.dataset.name,
    ]);
    await forgetFingerprints(client, mapping.dataset);
    return await work(client, toDataTable(mapping.dataset));
  }).catch((thrown: unknown) => {
    const refusal = findRefusal(thrown);
    if (refusal === undefined) throw thrown;
    return refusal;
  });
}

/**
 * The rows are not what was read any more. Should the mapping be taken back, a report would else be found to be what is
 * loaded, and what went with a column would never come again. Before the table is touched: loads lock in that order, too.
 */
async function forgetFingerprints(client: pg.PoolClient, dataset: Dataset): Promise<void> {
  await client.query(
    'UPDATE ledger.units SET fingerprint = NULL WHERE dataset = $1 AND fingerprint IS NOT NULL',
    [dataset.name],
  );
}

async function dropColumn(connection: Connection, mapping: ColumnMapping, name: string): Promise<Outcome> {
  return await inStep(connection, mapping, async (client, table) => {
    await client.query(`ALTER TABLE ${table.sql} DROP COLUMN ${quoteIdentifier(name)}`);
    await record(client, mapping, { column: name, header: name, action: 'dropped' });
    return DONE;
  });
}

/** Takes the old column's place, or moves its values into the column that is there. */
async function renameColumn(
  connection: Connection,
  mapping: ColumnMapping,
  old: string,
  options: MappingOptions,
): Promise<Outcome> {
  return await inStep(connection, mapping, async (client, table) => {
    const columns = await readTableColumns(client, table);
    const [from, to] = [old, mapping.column].map(quoteIdentifier);
    const noted = { column: mapping.column, header: old, action: 'renamed' } as const;
    if (!columns.has(mapping.column)) {
      await client.query(`ALTER TABLE ${table.sql} RENAME COLUMN ${from} TO ${to}`);
      await record(client, mapping, noted);
      return DONE;
    }
    const type = getType(mapping);
    const refused = await convertColumn(client, { table, column: old, type, ...options });
    if (!refused.isConverted) throw new MappingRefused(toRefusal(refused, type));
    const both = await client.query(
      `SELECT FROM ${table.sql} WHERE ${from} IS NOT NULL AND ${to} IS NOT NULL AND ${from}::text <> ${to}::text LIMIT 1`,
    );
    if (both.rowCount !== 0) {
      const reason = `rows have different values in ${old} and ${mapping.column}; replay their reports, then drop ${old}`;
      // the conversion of the old column is undone with it
      throw new MappingRefused({ ...DONE, isApplied: false, reason });
    }
    await client.query(
      `UPDATE ${table.sql} SET ${to} = ${from}::text::${columns.get(mapping.column)} WHERE ${from} IS NOT NULL`,
    );
    await client.query(`ALTER TABLE ${table.sql} DROP COLUMN ${from}`);
    await record(client, mapping, noted);
    return { ...DONE, refusedValues: refused.values, refusedUnits: refused.units };
  });
}

async function retypeColumn(
  connection: Connection,
  mapping: ColumnMapping,
  from: string,
  options: MappingOptions,
): Promise<Outcome> {
  const type = getType(mapping);
  if (mapping.dataset.identity.includes(mapping.column)) {
    const reason = `the column is part of what identifies a row; it stays ${from}`;
    return { ...DONE, isApplied: false, reason };
  }
  return await inStep(connection, mapping, async (client, table) => {
    const { column } = mapping;
    const refused = await withViewsAside(client, { table, column }, () =>
      convertColumn(client, { table, column, type, ...options }),
    );
    if (!refused.isConverted) throw new MappingRefused(toRefusal(refused, type));
    await record(client, mapping, { column, header: column, action: 'retyped' });
    return { ...DONE, refusedValues: refused.values, refusedUnits: refused.units };
  });
}

function toRefusal(
  refused: { readonly values: number; readonly units: readonly RefusedUnit[] },
  type: ColumnType,
): Outcome {
  const reason = `${refused.values} values are no ${type}; --force makes them NULL, and a replay of their reports makes rejects of them`;
  return { isApplied: false, reason, refusedValues: refused.values, refusedUnits: refused.units };
}

/** Rolls a step back and carries its outcome out of the transaction. */
class MappingRefused extends Error {
  readonly outcome: Outcome;
  constructor(outcome: Outcome) {
    super('mapping refused');
    this.outcome = outcome;
  }
}

function findRefusal(thrown: unknown): Outcome | undefined {
  if (thrown instanceof MappingRefused) return thrown.outcome;
  return thrown instanceof Error && thrown.cause !== undefined ? findRefusal(thrown.cause) : undefined;
}

async function record(
  client: pg.PoolClient,
  mapping: ColumnMapping,
  change: { readonly column: string; readonly header: string; readonly action: AppliedMapping['action'] },
): Promise<void> {
  await client.query(
    `INSERT INTO ledger.schema_changes (dataset, column_name, header, action, type, report_key)
     VALUES ($1, $2, $3, $4, $5, '')`,
    [mapping.dataset.name, change.column, change.header, change.action, getType(mapping)],
  );
}
