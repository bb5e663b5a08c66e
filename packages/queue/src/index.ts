export {
  type BackendKind,
  listQueues,
  openQueueBackend,
  type QueueBackend,
  type QueueBackendOptions,
  type RawQueue,
} from './backend.ts';
export {
  DEFAULT_CONCURRENCY,
  fromUnitPayload,
  JOB_NAMES,
  type JobName,
  type JobPayload,
  type LoadUnitPayload,
  type PlanSourcePayload,
  type PublishReportPayload,
  QUEUE_NAMES,
  type QueueKey,
  type StagePartPayload,
  TICK_REASONS,
  type TickReason,
  toUnitPayload,
} from './catalog.ts';
export { type Consumer, type ConsumerOptions, createConsumer, type JobFailure } from './consumer.ts';
export { type IdleOptions, type QueueCounts, readCounts, waitUntilIdle } from './counts.ts';
export { FAILURE_ACTIONS, type FailureAction } from './failure.ts';
export type { StoreFacts } from './inspect-store.ts';
export { migrateQueue } from './postgres-backend.ts';
export { isUnattended, type Presence, readPresence, readWorkers } from './presence.ts';
export { createProducer, type EnqueuedUnits, type Producer, type ReportRequest } from './producer.ts';
export type { Handlers, JobContext, JobFacts, JobOutcome } from './run-job.ts';
export {
  DEFAULT_SCHEDULE,
  type NextTick,
  nextTicks,
  registerSchedules,
  type Schedule,
  type ScheduledSource,
} from './schedules.ts';
export { findUnitJobs, type UnitJob } from './unit-jobs.ts';
