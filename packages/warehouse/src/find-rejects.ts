import { type Kysely, type Selectable, sql } from 'kysely';
import type { RejectsTable, WarehouseSchema } from './schema.ts';

/** What is absent does not restrict. */
export interface RejectFilter {
  readonly account?: string;
  /** `imgix`: all datasets whose tables are in that schema. */
  readonly vendor?: string;
  /** Dataset names, `imgix.cdn_logs`. */
  readonly datasets?: readonly string[];
  readonly reportKeys?: readonly string[];
  /** Kinds of defects, `type-mismatch`. */
  readonly codes?: readonly string[];
  /** Units whose period starts in `[from, to)`. */
  readonly from?: Date;
  readonly to?: Date;
}

export interface RejectsFound {
  /** Rejects that match, kept ones only. */
  readonly total: number;
  /** The first of them, by report, part and line. */
  readonly rejects: readonly Selectable<RejectsTable>[];
  /** Units that have at least one that matches, the failed ones too. */
  readonly units: readonly RejectedUnit[];
}

export interface RejectedUnit {
  readonly account: string;
  readonly dataset: string;
  readonly report_key: string;
  /** Rejects that match. */
  readonly rejects: number;
}

/** Quarantined records by unit and in file order. */
export async function findRejects(
  database: Kysely<WarehouseSchema>,
  filter: RejectFilter,
  limit: number,
): Promise<RejectsFound> {
  const matching = database
    .selectFrom('ledger.rejects as rejects')
    .innerJoin('ledger.units as units', (join) =>
      join
        .onRef('units.account', '=', 'rejects.account')
        .onRef('units.dataset', '=', 'rejects.dataset')
        .onRef('units.report_key', '=', 'rejects.report_key'),
    )
    .where(toCondition(filter));
  const units = await matching
    .select(['rejects.account', 'rejects.dataset', 'rejects.report_key', sql<string>`count(*)`.as('rejects')])
    .groupBy(['rejects.account', 'rejects.dataset', 'rejects.report_key'])
    .orderBy('rejects.dataset')
    .orderBy('rejects.report_key')
    .orderBy('rejects.account')
    .execute();
  const rejects = await matching
    .selectAll('rejects')
    .orderBy('rejects.dataset')
    .orderBy('rejects.report_key')
    .orderBy('rejects.account')
    .orderBy('rejects.part')
    .orderBy('rejects.line')
    .limit(limit)
    .execute();
  const counted = units.map((unit) => ({ ...unit, rejects: Number(unit.rejects) }));
  return { total: counted.reduce((sum, unit) => sum + unit.rejects, 0), rejects, units: counted };
}

function toCondition(filter: RejectFilter) {
  const { account, vendor, datasets, reportKeys, codes, from, to } = filter;
  const conditions = [
    account === undefined ? undefined : sql`rejects.account = ${account}`,
    vendor === undefined ? undefined : sql`split_part(rejects.dataset, '.', 1) = ${vendor}`,
    datasets === undefined ? undefined : sql`rejects.dataset = any(${[...datasets]}::text[])`,
    reportKeys === undefined ? undefined : sql`rejects.report_key = any(${[...reportKeys]}::text[])`,
    codes === undefined ? undefined : sql`rejects.code = any(${[...codes]}::text[])`,
    from === undefined ? undefined : sql`units.period_start >= ${from}`,
    to === undefined ? undefined : sql`units.period_start < ${to}`,
  ].filter((condition) => condition !== undefined);
  return sql<boolean>`${conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)}`;
}
