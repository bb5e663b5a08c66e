export type { Action, ActionFilter, Actions } from './actions.ts';
export type { RolesReport } from './assign-roles.ts';
export {
  type Browse,
  type CalendarCell,
  COUNT_LIMIT,
  type SchemaChange,
  type Series,
  type StateCount,
  type UnitPage,
  type UnitSearch,
  type UnitSummary,
} from './browse.ts';
export type {
  CallPoint,
  ChartRange,
  Charts,
  CreditPoint,
  Credits,
  EdgeTrafficPoint,
  ImgixTrafficPoint,
  UsageDay,
  UsagePoint,
} from './charts.ts';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  openEmbeddedPostgres,
} from './embedded/open.ts';
export type { RejectedUnit, RejectFilter, RejectsFound } from './find-rejects.ts';
export type { AppliedMapping, ColumnMapping } from './mapping/apply.ts';
export type { RefusedUnit } from './mapping/convert.ts';
export type { UnmappedColumn } from './mapping/unmapped.ts';
export { MINIMUM_SERVER_VERSION, type MigrationReport } from './migrate.ts';
export { type MigrationFile, migrationsFolder, readMigrations } from './migrations-folder.ts';
export type { PrunedDay, PruneRequest } from './partition/prune.ts';
export type {
  CoverageFilter,
  DatasetTotal,
  QueryAnswer,
  Questions,
  RecentLoad,
  UnitAnswer,
} from './questions.ts';
export type { ReaderAnswer } from './reader.ts';
export type {
  CoverageView,
  FreshnessView,
  GapsView,
  LoadOutcome,
  LoadPart,
  RevisionsView,
  WarehouseSchema,
} from './schema.ts';
export {
  createScratchDatabase,
  type ScratchDatabase,
  type ScratchDatabaseOptions,
} from './scratch-database.ts';
export type { SweepReport } from './sweep.ts';
export { REJECTS_A_PAGE, type UnitDetails, type UnitLoad, type UnitReject } from './unit-details.ts';
export { createWarehouse, type Mapping, type Warehouse, type WarehouseOptions } from './warehouse.ts';
