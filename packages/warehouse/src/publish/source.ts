import type { Dataset, UnitRef } from '@edgeledger/core';
import { dataColumns, type TableColumns } from '../columns.ts';
import { quoteIdentifier, type Relation } from '../identifiers.ts';
import type { StagedPart } from '../staging.ts';

/** What a publish strategy works on: staged parts on one side, the unit's place in the data table on the other. */
export interface PublishTarget {
  readonly dataset: Dataset;
  readonly table: Relation;
  readonly columns: TableColumns;
  readonly unit: UnitRef;
  readonly loadId: string;
  readonly parts: readonly StagedPart[];
}

export interface RowCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
}

/** Our own ordinal columns, where the table has them; they are part of the identity. */
export function ordinalColumns(target: PublishTarget): readonly string[] {
  return ['part', 'row_no'].filter((name) => target.columns.has(name));
}

/** Identity and data columns, in table order, without the ones every table has. */
export function contentColumns(target: PublishTarget): readonly string[] {
  return [...ordinalColumns(target), ...dataColumns(target.columns).keys()];
}

/** Parameters of the statements below: account, report_key, period_start, period_end, load_id. */
export function unitParameters({
  unit,
  loadId,
}: PublishTarget): readonly [string, string, Date, Date, string] {
  return [unit.account, unit.reportKey, unit.period.start, unit.period.end, loadId];
}

/**
 * A staged part's rows as the table wants them. `period` names the parameters with the unit's period, for rows
 * without one of their own. A column the part does not have is NULL, not what an earlier load left there; a text column of the
 * key cannot be NULL, there blank stays blank.
 */
export function selectPartSql(
  target: PublishTarget,
  part: StagedPart,
  period: { readonly start: string; readonly end: string },
): string {
  const staged = new Set(part.columns);
  const identity = new Set(target.dataset.identity);
  const content = contentColumns(target).map((name) => {
    const column = quoteIdentifier(name);
    const type = target.columns.get(name) ?? 'text';
    if (name === 'part') return `${part.partNo}::integer AS part`;
    if (name === 'row_no') return 'row_no';
    const value = staged.has(name) ? `${column}::${type}` : `NULL::${type}`;
    return identity.has(name) && type === 'text'
      ? `coalesce(${value}, '') AS ${column}`
      : `${value} AS ${column}`;
  });
  const own = [
    `coalesce(period_start, ${period.start}::timestamptz) AS period_start`,
    `coalesce(period_end, ${period.end}::timestamptz) AS period_end`,
  ];
  return `SELECT ${[...own, ...content].join(', ')} FROM ${part.relation.sql} AS part_rows`;
}
