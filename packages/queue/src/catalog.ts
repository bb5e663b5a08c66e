import { randomUUID } from 'node:crypto';
import {
  findUtcDay,
  HOUR_MS,
  InvariantError,
  MINUTE_MS,
  TRIES_IN_A_ROW,
  type UnitRef,
  type UtcDay,
  VENDORS,
  type Vendor,
} from '@edgeledger/core';
import { z } from 'zod';

/** One queue per vendor, because BullMQ's limits are per queue, and one for ticks. */
export const QUEUE_NAMES = {
  ticks: 'edgeledger-ticks',
  imgix: 'edgeledger-imgix',
  akamai: 'edgeledger-akamai',
} as const satisfies Record<Vendor | 'ticks', string>;
export type QueueKey = keyof typeof QUEUE_NAMES;
export const QUEUE_KEYS = ['ticks', ...VENDORS] as const satisfies readonly QueueKey[];

/** Jobs that one worker process runs at a time, per queue, unless the consumer is told otherwise. */
export const DEFAULT_CONCURRENCY: Readonly<Record<QueueKey, number>> = { ticks: 2, imgix: 4, akamai: 4 };

const utcDay = z.custom<UtcDay>((value) => typeof value === 'string' && findUtcDay(value) !== undefined, {
  error: 'not a UTC day (YYYY-MM-DD)',
});
const instant = z.iso.datetime();
const id = z.string().min(1).max(500);

export const TICK_REASONS = ['daily', 'reconcile', 'backfill', 'running-day'] as const;
export type TickReason = (typeof TICK_REASONS)[number];

export function isTickReason(value: unknown): value is TickReason {
  return TICK_REASONS.some((reason) => reason === value);
}

const tickPayload = z.object({
  sourceId: id,
  /** Both days inclusive. Absent in every tick that a schedule made: the planner looks back by itself. */
  from: utcDay.optional(),
  to: utcDay.optional(),
  /** Dataset names. Absent in every tick that a schedule made: all datasets of the source. */
  datasets: z.array(id).optional(),
  reason: z.enum(TICK_REASONS),
  /** When the store had lost its schedules, so its jobs, too: what seems to be loaded since before may be nobody's. */
  queueLostAt: instant.optional(),
});

const unitPayload = z.object({
  sourceId: id,
  account: id,
  dataset: id.refine((name) => findVendor(name) !== undefined, 'not <vendor>.<table> of a vendor we know'),
  reportKey: id,
  /** Half-open UTC range, ISO 8601. */
  periodStart: instant,
  periodEnd: instant,
  /** A person saw that this revision is much smaller than what is visible, and wants it all the same. */
  confirmedRevision: z.string().min(1).max(2_000).optional(),
});

const loadPayload = unitPayload.extend({
  /** The load that showed when the unit was planned, null when none did; absent when it is to be read in any case. */
  seenLoadId: id.nullable().optional(),
  /** Planned because the ledger says that somebody is at it, while the queue knew of no report begun. */
  isOrphan: z.boolean().optional(),
});

const partPayload = unitPayload.extend({
  loadId: id,
  partNo: z.int().min(1),
  partCount: z.int().min(1),
  // jobs are stored in clear and shown on the dashboard, and signed links expire before a retry
  partName: z
    .string()
    .min(1)
    .refine(
      (name) => !/^[a-z]+:\/\/[^?]*\?/i.test(name),
      'a URL with a query may be signed; name the path only',
    ),
});

const reportPayload = unitPayload.extend({
  loadId: id,
  vendorReportId: z.string().nullable(),
  revision: z.string().nullable(),
  partCount: z.int().min(1),
});

export interface JobDefinition<Schema extends z.ZodType> {
  /** Unknown keys are dropped, so that an older worker runs a newer producer's job. */
  readonly payload: Schema;
  readonly queueOf: (payload: z.output<Schema>) => QueueKey;
  /** Runs that may fail before the job stays failed. Waiting, throttling and shutdown cost none. */
  readonly attempts: number;
  /** First retry delay; doubles with every retry, less up to half of it at random. */
  readonly backoffMs: number;
  /** The job's signal aborts after that. */
  readonly timeoutMs: number;
  /** True when the job sends requests to the vendor, so that a throttled source holds it back. */
  readonly asksVendor: boolean;
  /** While a job with this id waits or runs, another one adds nothing. */
  readonly deduplicationId?: (payload: z.output<Schema>) => string;
  readonly jobId: (payload: z.output<Schema>) => string;
  readonly keepCompleted: { readonly age: number; readonly count: number };
  readonly keepFailed: { readonly age: number; readonly count: number };
}

const DAY_SECONDS = 24 * 60 * 60;
const KEEP = {
  keepCompleted: { age: 7 * DAY_SECONDS, count: 5_000 },
  keepFailed: { age: 30 * DAY_SECONDS, count: 5_000 },
};

function define<Schema extends z.ZodType>(definition: JobDefinition<Schema>): JobDefinition<Schema> {
  return definition;
}

/**
 * Every job there is: `<step>.<object>`. Payloads hold ids and periods only, because the queue's store is
 * readable by whoever may look at the dashboard. A payload may gain optional fields only: jobs in flight
 * were written by the version before.
 */
export const JOBS = {
  'plan.source': define({
    payload: tickPayload,
    queueOf: () => 'ticks',
    attempts: 5,
    backoffMs: 30_000,
    timeoutMs: 10 * MINUTE_MS,
    asksVendor: true,
    deduplicationId: (tick) =>
      joinId([
        'plan.source',
        tick.sourceId,
        tick.reason,
        tick.from ?? '',
        tick.to ?? '',
        [...(tick.datasets ?? [])].sort().join(','),
      ]),
    jobId: (tick) => joinId(['plan.source', tick.sourceId, tick.reason, newSuffix()]),
    keepCompleted: { age: 2 * DAY_SECONDS, count: 500 },
    keepFailed: { age: 30 * DAY_SECONDS, count: 500 },
  }),
  'load.unit': define({
    payload: loadPayload,
    queueOf: (unit) => getVendor(unit.dataset),
    attempts: TRIES_IN_A_ROW,
    backoffMs: 15_000,
    timeoutMs: HOUR_MS,
    asksVendor: true,
    deduplicationId: (unit) => toUnitDeduplicationId(unit),
    jobId: (unit) => joinId(['load.unit', unit.account, unit.dataset, unit.reportKey, newSuffix()]),
    ...KEEP,
  }),
  // Jobs of a flow cannot be deduplicated, so their id is fixed by the load they belong to.
  'stage.part': define({
    payload: partPayload,
    queueOf: (part) => getVendor(part.dataset),
    attempts: 8,
    backoffMs: 10_000,
    timeoutMs: 2 * HOUR_MS,
    asksVendor: true,
    jobId: (part) =>
      joinId(['stage.part', part.account, part.dataset, part.reportKey, part.loadId, String(part.partNo)]),
    ...KEEP,
  }),
  'publish.report': define({
    payload: reportPayload,
    queueOf: (report) => getVendor(report.dataset),
    attempts: 8,
    backoffMs: 5_000,
    timeoutMs: HOUR_MS,
    asksVendor: false,
    jobId: (report) =>
      joinId(['publish.report', report.account, report.dataset, report.reportKey, report.loadId]),
    ...KEEP,
  }),
};

/** A confirmation is no duplicate of a load that waits already: that one would hold the revision back again. */
export function toUnitDeduplicationId(
  unit: Pick<z.output<typeof unitPayload>, 'account' | 'dataset' | 'reportKey' | 'confirmedRevision'>,
): string {
  const confirmed = unit.confirmedRevision === undefined ? [] : ['confirmed'];
  return joinId(['load.unit', unit.account, unit.dataset, unit.reportKey, ...confirmed]);
}

export type JobName = keyof typeof JOBS;
export type JobPayload<Name extends JobName> = z.output<(typeof JOBS)[Name]['payload']>;
export type PlanSourcePayload = JobPayload<'plan.source'>;
export type LoadUnitPayload = JobPayload<'load.unit'>;
export type StagePartPayload = JobPayload<'stage.part'>;
export type PublishReportPayload = JobPayload<'publish.report'>;
export const JOB_NAMES = Object.keys(JOBS) as readonly JobName[];

export function isJobName(name: string): name is JobName {
  return Object.hasOwn(JOBS, name);
}

/** @throws InvariantError when the payload is not what the job needs, naming each wrong field. */
export function parsePayload<Name extends JobName>(name: Name, payload: unknown): JobPayload<Name> {
  const parsed = JOBS[name].payload.safeParse(payload);
  // TypeScript does not relate a generic key to its member of a record
  if (parsed.success) return parsed.data as JobPayload<Name>;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'payload'}: ${issue.message}`,
  );
  throw new InvariantError(
    `The payload of a ${name} job does not fit: ${problems.join('; ')}. Remove the job; the next tick ` +
      'enqueues what is missing.',
  );
}

/** BullMQ's bound for priorities. */
const LOWEST_PRIORITY = 2 ** 21 - 1;

/** Newer days first: 1 for a period that has not ended, one more per day since it did. 0 would jump the line. */
export function toPriority(periodEnd: Date, now: Date): number {
  const ageMs = now.getTime() - periodEnd.getTime();
  return Math.min(LOWEST_PRIORITY, 1 + Math.max(0, Math.floor(ageMs / (24 * HOUR_MS))));
}

export function toUnitPayload(sourceId: string, unit: UnitRef, seenLoadId?: string | null): LoadUnitPayload {
  return {
    ...(seenLoadId !== undefined && { seenLoadId }),
    sourceId,
    account: unit.account,
    dataset: unit.dataset,
    reportKey: unit.reportKey,
    periodStart: unit.period.start.toISOString(),
    periodEnd: unit.period.end.toISOString(),
  };
}

export function fromUnitPayload(payload: LoadUnitPayload): UnitRef {
  return {
    account: payload.account,
    dataset: payload.dataset,
    reportKey: payload.reportKey,
    period: { start: new Date(payload.periodStart), end: new Date(payload.periodEnd) },
  };
}

function findVendor(dataset: string): Vendor | undefined {
  return VENDORS.find((vendor) => dataset.startsWith(`${vendor}.`));
}

function getVendor(dataset: string): Vendor {
  const vendor = findVendor(dataset);
  if (vendor === undefined) {
    throw new InvariantError(`Dataset "${dataset}" belongs to no vendor that has a queue.`);
  }
  return vendor;
}

/** `~` joins, because BullMQ forbids `:` and the dashboard puts ids in paths. */
export function joinId(parts: readonly string[]): string {
  return parts.map((part) => encodeURIComponent(part).replaceAll('~', '%7E')).join('~');
}

function newSuffix(): string {
  return randomUUID().slice(0, 13);
}
