import type { UnitKey, UnitRecord } from '@edgeledger/core';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Connection } from './connect.ts';
import { findRejects, type RejectFilter, type RejectsFound } from './find-rejects.ts';
import { type LedgerFacts, readLedgerFacts } from './ledger-facts.ts';
import { createTranslator } from './pg-errors.ts';
import { queryAsReader, type ReaderAnswer } from './reader.ts';
import type {
  CoverageView,
  FindingsTable,
  FreshnessView,
  GapsView,
  LoadsTable,
  RejectsTable,
  RevisionsView,
  SchemaChangesTable,
  WarehouseSchema,
} from './schema.ts';
import { findUnitRecord } from './unit-records.ts';

export interface CoverageFilter {
  readonly account?: string;
  /** UTC days `YYYY-MM-DD`, both inclusive. */
  readonly from: string;
  readonly to: string;
}

export interface UnitAnswer {
  readonly unit: UnitRecord;
  /** Newest first. */
  readonly loads: readonly Selectable<LoadsTable>[];
  /** The first 200, by part and line. */
  readonly rejects: readonly Selectable<RejectsTable>[];
  readonly findings: readonly Selectable<FindingsTable>[];
}

export interface RecentLoad extends Selectable<LoadsTable> {
  readonly account: string;
  readonly dataset: string;
  readonly report_key: string;
}

export interface DatasetTotal {
  readonly account: string;
  readonly dataset: string;
  /** Start of the oldest and of the newest unit that is known. */
  readonly first_period: Date;
  readonly last_period: Date;
  readonly units: number;
  readonly loaded: number;
  readonly rows: number;
  readonly rejects: number;
  readonly bytes: number;
}

export interface QueryAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** What the commands and the pages ask. Reads only. */
export interface Questions {
  coverage(filter: CoverageFilter): Promise<readonly CoverageView[]>;
  gaps(): Promise<readonly GapsView[]>;
  freshness(): Promise<readonly FreshnessView[]>;
  unit(key: UnitKey): Promise<UnitAnswer | undefined>;
  recentLoads(limit: number): Promise<readonly RecentLoad[]>;
  openFindings(): Promise<readonly Selectable<FindingsTable>[]>;
  rejects(limit: number): Promise<readonly Selectable<RejectsTable>[]>;
  findRejects(filter: RejectFilter, limit: number): Promise<RejectsFound>;
  /** Reports that the vendor issued again after they had been loaded, newest first. */
  revisions(limit: number): Promise<readonly RevisionsView[]>;
  schemaChanges(): Promise<readonly Selectable<SchemaChangesTable>[]>;
  /** Units and visible rows of each account's datasets, from the ledger. */
  totals(): Promise<readonly DatasetTotal[]>;
  /** What metrics are made of; gives up after seconds. */
  facts(): Promise<LedgerFacts>;
  /** Runs one statement that a person wrote, read-only and as edgeledger_reader where that is possible. */
  ask(text: string): Promise<ReaderAnswer>;
  /** Runs one SELECT in a read-only transaction. */
  query(text: string, parameters?: readonly unknown[]): Promise<QueryAnswer>;
}

const REJECTS_OF_A_UNIT = 200;

export function createQuestions(connection: Connection, database: Kysely<WarehouseSchema>): Questions {
  const translated = createTranslator(connection.label);
  const ask = <Result>(work: () => Promise<Result>): Promise<Result> =>
    translated('Asking the warehouse', work);
  return {
    coverage: (filter) => ask(() => readCoverage(database, filter)),
    gaps: () =>
      ask(() =>
        database.selectFrom('ledger.gaps').selectAll().orderBy('expires_at').orderBy('report_key').execute(),
      ),
    freshness: () =>
      ask(() =>
        database.selectFrom('ledger.freshness').selectAll().orderBy('account').orderBy('dataset').execute(),
      ),
    unit: (key) => ask(() => readUnit(connection, database, key)),
    recentLoads: (limit) => ask(() => readRecentLoads(database, limit)),
    openFindings: () =>
      ask(() =>
        database
          .selectFrom('ledger.findings')
          .selectAll()
          .where('resolved_at', 'is', null)
          .orderBy('created_at', 'desc')
          .execute(),
      ),
    rejects: (limit) =>
      ask(() =>
        database.selectFrom('ledger.rejects').selectAll().orderBy('reject_id', 'desc').limit(limit).execute(),
      ),
    findRejects: (filter, limit) => ask(() => findRejects(database, filter, limit)),
    revisions: (limit) =>
      ask(() =>
        database.selectFrom('ledger.revisions').selectAll().orderBy('load_id', 'desc').limit(limit).execute(),
      ),
    schemaChanges: () =>
      ask(() => database.selectFrom('ledger.schema_changes').selectAll().orderBy('created_at').execute()),
    totals: () => ask(() => readTotals(database)),
    ask: (text) => queryAsReader(connection, text),
    facts: () => ask(() => readLedgerFacts(connection)),
    query: (text, parameters) => ask(() => queryReadOnly(connection, text, parameters ?? [])),
  };
}

async function readCoverage(
  database: Kysely<WarehouseSchema>,
  filter: CoverageFilter,
): Promise<readonly CoverageView[]> {
  let query = database
    .selectFrom('ledger.coverage')
    .selectAll()
    .where('day', '>=', filter.from)
    .where('day', '<=', filter.to)
    .orderBy('account')
    .orderBy('dataset')
    .orderBy('day');
  if (filter.account !== undefined) query = query.where('account', '=', filter.account);
  return await query.execute();
}

async function readUnit(
  { queries }: Connection,
  database: Kysely<WarehouseSchema>,
  key: UnitKey,
): Promise<UnitAnswer | undefined> {
  const unit = await findUnitRecord(queries, key);
  if (unit === undefined) return undefined;
  const loads = await database
    .selectFrom('ledger.loads')
    .selectAll()
    .where('unit_id', '=', unit.unitId)
    .orderBy('load_id', 'desc')
    .execute();
  const rejects = await database
    .selectFrom('ledger.rejects')
    .selectAll()
    .where('account', '=', key.account)
    .where('dataset', '=', key.dataset)
    .where('report_key', '=', key.reportKey)
    .orderBy('part')
    .orderBy('line')
    .limit(REJECTS_OF_A_UNIT)
    .execute();
  const findings = await database
    .selectFrom('ledger.findings')
    .selectAll()
    .where('account', '=', key.account)
    .where('dataset', '=', key.dataset)
    .where('report_key', '=', key.reportKey)
    .orderBy('finding_id', 'desc')
    .execute();
  return { unit, loads, rejects, findings };
}

async function readRecentLoads(
  database: Kysely<WarehouseSchema>,
  limit: number,
): Promise<readonly RecentLoad[]> {
  return await database
    .selectFrom('ledger.loads')
    .innerJoin('ledger.units', 'ledger.units.unit_id', 'ledger.loads.unit_id')
    .selectAll('ledger.loads')
    .select(['ledger.units.account', 'ledger.units.dataset', 'ledger.units.report_key'])
    .orderBy('ledger.loads.load_id', 'desc')
    .limit(limit)
    .execute();
}

async function readTotals(database: Kysely<WarehouseSchema>): Promise<readonly DatasetTotal[]> {
  const rows = await database
    .selectFrom('ledger.units')
    .select([
      'account',
      'dataset',
      sql<Date>`min(period_start)`.as('first_period'),
      sql<Date>`max(period_start)`.as('last_period'),
      sql<string>`count(*)`.as('units'),
      sql<string>`count(*) filter (where state in ('loaded', 'held'))`.as('loaded'),
      sql<string>`coalesce(sum(rows), 0)`.as('rows'),
      sql<string>`coalesce(sum(rejects), 0)`.as('rejects'),
      sql<string>`coalesce(sum(bytes), 0)`.as('bytes'),
    ])
    .groupBy(['account', 'dataset'])
    .orderBy('account')
    .orderBy('dataset')
    .execute();
  return rows.map((row) => ({
    ...row,
    units: Number(row.units),
    loaded: Number(row.loaded),
    rows: Number(row.rows),
    rejects: Number(row.rejects),
    bytes: Number(row.bytes),
  }));
}

async function queryReadOnly(
  connection: Connection,
  text: string,
  parameters: readonly unknown[],
): Promise<QueryAnswer> {
  const client = await connection.queries.connect();
  try {
    await client.query('BEGIN READ ONLY');
    const result = await client.query<unknown[]>({ text, values: [...parameters], rowMode: 'array' });
    return { columns: result.fields.map((field) => field.name), rows: result.rows };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}
