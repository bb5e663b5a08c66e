export { findJsonExcess, parseJson, toJsonExcessError } from './bounded-json.ts';
export { type Clock, createManualClock, type ManualClock, systemClock } from './clock.ts';
export { type FieldReader, fieldReader } from './column-values.ts';
export {
  ACTION_KINDS,
  type ActionKind,
  type ActionLog,
  type ActionOutcome,
  type ActionRequest,
} from './contracts/action-log.ts';
export {
  ALERT_KINDS,
  type Alert,
  type AlertBook,
  type AlertClaim,
  type AlertKind,
  type AlertRules,
  DEFAULT_LOST_SOON_DAYS,
} from './contracts/alert-book.ts';
export type { Archive, ArchiveEntry } from './contracts/archive.ts';
export {
  type RateBudget,
  type RateLane,
  type RateLimitKey,
  type RatePlace,
  type RateRequest,
  toReserve,
} from './contracts/rate-budget.ts';
export type {
  CompanionRows,
  CopyBatch,
  CopyLayout,
  DiscoverRange,
  Finding,
  OpenedPart,
  ParseContext,
  ParsedColumn,
  ParsedPart,
  PartFacts,
  PartRef,
  Readiness,
  Row,
  RowBatch,
  Source,
  SourceCheck,
  SourceContext,
} from './contracts/source.ts';
export type { Spool } from './contracts/spool.ts';
export type {
  ExpectedParts,
  HeldRevision,
  LateUnit,
  Ledger,
  Load,
  Loader,
  OpenFilter,
  OpenUnit,
  PartReceipt,
  PublishRequest,
  PublishResult,
  Reading,
  ShrinkGuard,
  StageProgress,
  ToldHeader,
  UnitFilter,
  VisiblePart,
} from './contracts/warehouse.ts';
export {
  type Accumulation,
  COLUMN_TYPES,
  type Column,
  type ColumnType,
  type Dataset,
  type LoadStrategy,
  type MonthSum,
  SYSTEM_COLUMNS,
  VENDORS,
  type Vendor,
} from './dataset.ts';
export { ERROR_ADVICE, findErrorAdvice } from './error-advice.ts';
export {
  assertNever,
  ConfigError,
  ContractError,
  EdgeledgerError,
  ERROR_CODES,
  type ErrorClass,
  type ErrorCode,
  type ErrorContext,
  InvariantError,
  isAbortError,
  ShutdownError,
  ThrottledError,
  TransientError,
  toEdgeledgerError,
} from './errors.ts';
export {
  createJsonScanner,
  JSON_BOUNDS,
  type JsonBounds,
  JsonExcessError,
  type JsonScanner,
} from './json-scanner.ts';
export { type LogFields, type Logger, silentLogger } from './logger.ts';
export { MILESTONES, type Milestone, type PassMilestone } from './milestones.ts';
export { maskSecrets, quoteText, redactCredentials, rememberLink, rememberSecret } from './redact.ts';
export {
  type ParsedRedisAddress,
  parseRedisAddress,
  type RedisAddress,
  type RedisHost,
  toRedisLabel,
} from './redis-address.ts';
export {
  DEFAULT_REJECT_THRESHOLDS,
  isAboveThreshold,
  REJECT_CODES,
  REJECT_RAW_LIMIT_BYTES,
  type Reject,
  type RejectCode,
  type RejectThresholds,
} from './reject.ts';
export { redactUrl, Secret, toShownHost } from './secret.ts';
export { MASK } from './secret-registry.ts';
export { settlesWithin } from './settles-within.ts';
export { toShownJson, toShownText } from './shown-text.ts';
export { DEFAULT_SHRINK_LIMITS, isMuchSmaller, type ShrinkLimits } from './shrink.ts';
export { type Span, type SpanAttributes, silentTracer, type Tracer } from './tracer.ts';
export {
  type ExpectedUnit,
  type ListedReport,
  TRIES_IN_A_ROW,
  toSourceId,
  toUnitId,
  UNIT_STATES,
  type UnitKey,
  type UnitRecord,
  type UnitRef,
  type UnitState,
} from './unit.ts';
export {
  addDays,
  DAY_MS,
  dayPeriod,
  dayStart,
  eachDay,
  findDayInReportKey,
  findUtcDay,
  HOUR_MS,
  MINUTE_MS,
  type Period,
  parseUtcDay,
  toCompactDay,
  toUtcDay,
  type UtcDay,
} from './utc-day.ts';
export { DEFAULT_LATE_AFTER_MS, isLate, nextLookAt } from './wait.ts';
