export { createArchivedSource, findArchivedReading, withArchive } from './archived-source.ts';
export { createFileSlots, type FileSlots } from './file-slots.ts';
export { decideFinality, type Finality, type Reading } from './finality.ts';
export {
  type ActionResult,
  type BackfillRequest,
  createOperator,
  type FailedFilter,
  type HandedUnit,
  type Hands,
  type Operator,
  type OperatorServices,
  RETRY_LIMIT,
} from './operator.ts';
export {
  HELD_REASON,
  type LoadReason,
  type Plan,
  type PlannedUnit,
  type PlanOptions,
  plan,
  type WaitingUnit,
} from './plan.ts';
export { joinPlans, type PlanRecord, planOlder, planSource, recordPlan } from './plan-source.ts';
export {
  beginReport,
  failReport,
  type NumberedPart,
  type PartOutcome,
  type PublishOutcome,
  publishReport,
  type ReportLoad,
  type ReportPart,
  stageReportPart,
} from './report-parts.ts';
export { type PlanRun, type PlanWatcher, runPlan, type UnitEnd } from './run-plan.ts';
export {
  checkUnit,
  type ReadyUnit,
  readUnit,
  runUnit,
  type UnitOutcome,
  type UnitRun,
  type UnitServices,
} from './run-unit.ts';
