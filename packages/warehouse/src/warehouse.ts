import { hostname } from 'node:os';
import {
  type AlertBook,
  type Dataset,
  type Ledger,
  type Loader,
  type Logger,
  type PassMilestone,
  type RateBudget,
  silentLogger,
} from '@edgeledger/core';
import type { Kysely } from 'kysely';
import type { Actions } from './actions.ts';
import { assignRoles, type RolesReport } from './assign-roles.ts';
import { type Browse, createBrowse } from './browse.ts';
import { type Charts, createCharts } from './charts.ts';
import { openConnection } from './connect.ts';
import { createLedger } from './ledger.ts';
import { createLoader } from './loader.ts';
import { type AppliedMapping, applyMappings, type ColumnMapping } from './mapping/apply.ts';
import { findUnmapped, type UnmappedColumn } from './mapping/unmapped.ts';
import {
  assertMigrated,
  type MigrationReport,
  type MigrationStatus,
  migrateDatabase,
  readMigrationStatus,
} from './migrate.ts';
import { migrationsFolder } from './migrations-folder.ts';
import { openLazily, openOnce } from './open-lazily.ts';
import { type PrunedDay, type PruneRequest, prunePartitions } from './partition/prune.ts';
import type { Questions } from './questions.ts';
import { createRateBudget } from './rate-budget.ts';
import type { WarehouseSchema } from './schema.ts';
import { type FindBegun, STAGING_LIMIT_MS, type SweepReport, sweepStaging } from './sweep.ts';

export interface WarehouseOptions {
  readonly connectionString: string;
  /** The same database for a login that only reads; `questions.ask` uses it. The embedded server has one. */
  readonly readerConnectionString?: string | undefined;
  /** Shown in `pg_stat_activity`. Default `edgeledger`. */
  readonly applicationName?: string;
  /** Connections of this process at most. Default 12; 4 of them are for short statements. */
  readonly maxConnections?: number;
  readonly logger?: Logger;
  /** Version of this program, for `ledger.loads`. */
  readonly version?: string;
  /** Who loads, for `ledger.loads`. Default `<host>:<pid>`. */
  readonly worker?: string;
  /** Another folder of migrations, for tests. */
  readonly migrations?: string;
  readonly passing?: PassMilestone;
  /** How long a connection in use may be silent before the server is asked about it, in ms. */
  readonly silenceMs?: number;
}

/** The data tables' columns against the configured ones. */
export interface Mapping {
  /** Columns that no mapping knows, with the type that their values would fit. */
  unmapped(datasets: readonly Dataset[]): Promise<readonly UnmappedColumn[]>;
  /** Applies mappings to what is loaded already. */
  apply(
    mappings: readonly ColumnMapping[],
    options: { readonly force: boolean },
  ): Promise<readonly AppliedMapping[]>;
}

export interface Warehouse extends AsyncDisposable {
  readonly ledger: Ledger;
  readonly loader: Loader;
  readonly questions: Questions;
  /** What the pages of the dashboard ask. */
  readonly browse: Browse;
  readonly charts: Charts;
  readonly actions: Actions;
  readonly alerts: AlertBook;
  readonly mapping: Mapping;
  /** What the vendors allow to all workers of this warehouse together. */
  readonly rateBudget: RateBudget;
  /** Applies the migrations that are missing. Safe to call from several processes at once. */
  migrate(): Promise<MigrationReport>;
  /** Grants and ownership for edgeledger_loader and edgeledger_reader; `migrate` does it too. */
  assignRoles(): Promise<RolesReport>;
  /** Throws `warehouse.schema-too-new`. */
  migrationStatus(): Promise<MigrationStatus>;
  /** Throws `warehouse.not-migrated` or `warehouse.schema-too-new`. */
  assertMigrated(): Promise<void>;
  /**
   * Clears away what killed processes left: what nobody touched for a day, what cannot be published any more, and, for whoever
   * can tell which units have jobs still, what has none and was not touched for some minutes.
   */
  sweepStaging(now: Date, findBegun?: FindBegun): Promise<SweepReport>;
  /** Drops the rows of days that are old enough, of a dataset that is partitioned by day. */
  prune(request: PruneRequest): Promise<readonly PrunedDay[]>;
  close(): Promise<void>;
}

/** Connects; throws `warehouse.unavailable` or `warehouse.auth-rejected` when that is not possible. */
export async function createWarehouse(options: WarehouseOptions): Promise<Warehouse> {
  const logger = options.logger ?? silentLogger;
  const connection = await openConnection({
    connectionString: options.connectionString,
    readerConnectionString: options.readerConnectionString,
    applicationName: options.applicationName ?? 'edgeledger',
    maxConnections: options.maxConnections ?? 12,
    logger,
    passing: options.passing,
    silenceMs: options.silenceMs,
  });
  // three hundred modules, which a process that only loads reports never needs: 0.07 s of its start
  const openDatabase = openOnce(async (): Promise<Kysely<WarehouseSchema>> => {
    const { Kysely: Database, PostgresDialect } = await import('kysely');
    return new Database({ dialect: new PostgresDialect({ pool: connection.queries }) });
  });
  const folder = options.migrations ?? migrationsFolder();
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= connection.close();
    return closed;
  };
  return {
    ledger: createLedger(connection),
    loader: createLoader({
      ...{ connection, logger },
      worker: options.worker ?? `${hostname()}:${process.pid}`,
      version: options.version ?? null,
    }),
    questions: openLazily(async () => {
      const { createQuestions } = await import('./questions.ts');
      return createQuestions(connection, await openDatabase());
    }),
    browse: createBrowse(connection),
    charts: createCharts(connection),
    actions: openLazily(async () => {
      const { createActions } = await import('./actions.ts');
      return createActions(connection, await openDatabase());
    }),
    alerts: openLazily(async () => {
      const { createAlertBook } = await import('./alerts/alert-book.ts');
      return createAlertBook(connection, await openDatabase());
    }),
    mapping: {
      unmapped: (datasets) => findUnmapped(connection, datasets),
      apply: (mappings, { force }) => applyMappings(connection, mappings, { force, logger }),
    },
    rateBudget: createRateBudget(connection, logger),
    migrate: async () => {
      const report = await migrateDatabase(connection, folder, logger);
      await assignRoles(connection, logger);
      return report;
    },
    assignRoles: () => assignRoles(connection, logger),
    migrationStatus: () => readMigrationStatus(connection, folder),
    assertMigrated: () => assertMigrated(connection, folder),
    sweepStaging: (now, findBegun) =>
      sweepStaging(connection, { now, olderThanMs: STAGING_LIMIT_MS, findBegun, logger }),
    prune: (request) => prunePartitions(connection, request),
    close,
    [Symbol.asyncDispose]: close,
  };
}
