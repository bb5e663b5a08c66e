import type { Dataset, PublishResult, UnitRef } from '@edgeledger/core';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { createWarehouse, type Warehouse } from '../src/index.ts';
import { type ColumnSpec, type PartSpec, publishRequest, stageAll, unitOf } from './sample-reports.ts';

export const LOG_COLUMNS: readonly ColumnSpec[] = [
  ['url', 'text'],
  ['bytes', 'bigint'],
];
export const CREDIT_COLUMNS: readonly ColumnSpec[] = [
  ['source_id', 'text'],
  ['source_name', 'text'],
  ['total_credits', 'numeric'],
];

/** A database of its own, and what tests of loads do all the time. */
export interface Loading {
  readonly database: TestDatabase;
  readonly warehouse: Warehouse;
  /** Call it before each test: it gets a day of its own. */
  startTest(): void;
  unit(dataset: Dataset): UnitRef;
  /** Begins, stages and publishes. */
  load(target: UnitRef, dataset: Dataset, parts: readonly PartSpec[]): Promise<PublishResult>;
  /** The unit's visible rows, with `xmin`. */
  rowsOf(target: UnitRef): Promise<Record<string, unknown>[]>;
  stagingTables(): Promise<number>;
  close(): Promise<void>;
}

export async function openLoading(): Promise<Loading> {
  const database = await createTestDatabase();
  const warehouse = await createWarehouse({
    connectionString: database.connectionString,
    version: '0.0.0-test',
  });
  let day = 0;
  return {
    database,
    warehouse,
    startTest: () => {
      database.keepOnFailure();
      day += 1;
    },
    unit: (dataset) => unitOf(dataset, new Date(Date.UTC(2026, 0, day)).toISOString().slice(0, 10)),
    load: async (target, dataset, parts) => {
      const begun = await warehouse.loader.begin(target, dataset);
      return await (await stageAll(begun, parts)).publish(publishRequest());
    },
    rowsOf: async (target) => {
      const order = target.dataset === 'imgix.cdn_logs' ? 'account, part, row_no' : 'period_start, load_id';
      return await database.query(
        `SELECT xmin::text AS xmin, * FROM ${target.dataset} WHERE report_key = $1 ORDER BY ${order}`,
        [target.reportKey],
      );
    },
    stagingTables: async () => {
      const tables = await database.query(
        `SELECT FROM pg_tables WHERE schemaname = 'staging' AND tablename LIKE 'load\\_%'`,
      );
      return tables.length;
    },
    close: async () => {
      await warehouse.close();
      await database.drop();
    },
  };
}
