import { type Clock, systemClock, toUnitId } from '@edgeledger/core';
import type { FlowProducer, JobsOptions, Queue } from 'bullmq';
import type { QueueBackend } from './backend.ts';
import {
  fromUnitPayload,
  JOBS,
  type JobName,
  type JobPayload,
  type LoadUnitPayload,
  type PlanSourcePayload,
  parsePayload,
  QUEUE_NAMES,
  type QueueKey,
  toPriority,
} from './catalog.ts';
import { type QueueCounts, readCounts } from './counts.ts';
import { withStore } from './store-errors.ts';

export interface ReportRequest {
  readonly unit: LoadUnitPayload;
  readonly loadId: string;
  readonly vendorReportId: string | null;
  readonly revision: string | null;
  /** Parts of the whole report, those that are staged already counted in. */
  readonly partCount: number;
  /** The parts still to stage, at least one; `partName` never is a signed URL. */
  readonly parts: readonly { readonly partNo: number; readonly partName: string }[];
}

export interface EnqueuedUnits {
  readonly added: number;
  /** Were there already. */
  readonly alreadyQueued: number;
  /** Only with `isUrgent`: so many of those waited for a later time and run now. */
  readonly promoted?: number;
}

export interface EnqueueUnitsOptions {
  readonly priority?: number;
  readonly isUrgent?: boolean;
  readonly startAt?: Date;
}

export interface Producer {
  /** One planning tick; adds nothing while an equal one waits or runs. */
  enqueueTick(tick: PlanSourcePayload): Promise<{ readonly added: boolean }>;
  /**
   * Adds the units that neither wait nor run, newer days first unless a priority is given (1 runs first). With
   * `isUrgent`, jobs that are there and wait for a later time run as soon as a worker is free. With `startAt`, in the time of
   * the producer's clock, those that are added run no sooner.
   */
  enqueueUnits(units: readonly LoadUnitPayload[], options?: EnqueueUnitsOptions): Promise<EnqueuedUnits>;
  /** One `stage.part` per part and the `publish.report` that runs after all of them. Repeating it adds nothing. */
  enqueueReport(request: ReportRequest): Promise<{ readonly jobId: string }>;
  /** Reports of which a part, or the publishing, is still a job; as `toUnitId` spells them. */
  findBegunReports(): Promise<ReadonlySet<string>>;
  counts(): Promise<Readonly<Record<QueueKey, QueueCounts>>>;
  close(): Promise<void>;
}

/** Jobs per round trip when units are added. */
const BULK_SIZE = 500;

export function createProducer(backend: QueueBackend, options: { readonly clock?: Clock } = {}): Producer {
  const clock = options.clock ?? systemClock;
  let flows: FlowProducer | undefined;
  const getFlows = (): FlowProducer => {
    if (flows === undefined) {
      flows = backend.createFlowProducer();
      // the rejected call tells its caller; without a listener the event would end the process
      flows.on('error', () => undefined);
    }
    return flows;
  };
  return {
    enqueueTick: async (tick) => {
      const payload = parsePayload('plan.source', tick);
      const jobOptions = toJobOptions(backend, 'plan.source', payload);
      const job = await withStore('Enqueuing a tick', () =>
        backend.queues.ticks.add('plan.source', payload, jobOptions),
      );
      return { added: job.id === jobOptions.jobId };
    },
    enqueueUnits: (units, { priority, isUrgent, startAt } = {}) =>
      enqueueUnits(
        backend,
        units.map((unit) => parsePayload('load.unit', unit)),
        {
          priorityOf: (unit) => priority ?? toPriority(new Date(unit.periodEnd), clock.now()),
          isUrgent: isUrgent === true,
          delayMs: startAt === undefined ? 0 : Math.max(0, startAt.getTime() - clock.now().getTime()),
        },
      ),
    enqueueReport: (request) => enqueueReport(backend, getFlows(), request),
    findBegunReports: () => withStore('Looking for begun reports', () => findBegunReports(backend)),
    counts: () => readCounts(backend),
    close: async () => {
      await flows?.close();
    },
  };
}

/** Units that have not begun are among the prioritized jobs, of which there may be very many: these are not read. */
async function findBegunReports(backend: QueueBackend): Promise<ReadonlySet<string>> {
  const begun = new Set<string>();
  for (const queue of Object.values(backend.queues)) {
    const jobs = await queue.getJobs(['active', 'waiting', 'delayed', 'waiting-children']);
    for (const job of jobs) {
      if (job?.name !== 'publish.report' && job?.name !== 'stage.part') continue;
      begun.add(toUnitId(fromUnitPayload(parsePayload(job.name, job.data))));
    }
  }
  return begun;
}

interface UnitTuning {
  readonly priorityOf: (unit: LoadUnitPayload) => number;
  readonly isUrgent: boolean;
  readonly delayMs: number;
}

async function enqueueUnits(
  backend: QueueBackend,
  units: readonly LoadUnitPayload[],
  { priorityOf, isUrgent, delayMs }: UnitTuning,
): Promise<EnqueuedUnits> {
  let added = 0;
  let promoted = 0;
  for (const [key, ofQueue] of Map.groupBy(units, (unit) => JOBS['load.unit'].queueOf(unit))) {
    for (let start = 0; start < ofQueue.length; start += BULK_SIZE) {
      const jobs = ofQueue.slice(start, start + BULK_SIZE).map((unit) => ({
        name: 'load.unit',
        data: unit,
        opts: { ...toJobOptions(backend, 'load.unit', unit), priority: priorityOf(unit), delay: delayMs },
      }));
      const results = await withStore('Enqueuing units', () => backend.queues[key].addBulk(jobs));
      // the store answers a duplicate with the id of the job that is there already
      const present = results.filter((job, index) => job.id !== jobs[index]?.opts.jobId);
      added += results.length - present.length;
      if (isUrgent) promoted += await promote(backend.queues[key], present);
    }
  }
  return { added, alreadyQueued: units.length - added, ...(isUrgent && { promoted }) };
}

/** A job that ran or ended in the meantime needs no help. */
async function promote(queue: Queue, jobs: readonly { readonly id?: string | undefined }[]): Promise<number> {
  let promoted = 0;
  for (const { id } of jobs) {
    const job = id === undefined ? undefined : await queue.getJob(id);
    if (job === undefined || !(await job.isDelayed())) continue;
    await job.promote().then(
      () => {
        promoted += 1;
      },
      () => undefined,
    );
  }
  return promoted;
}

/**
 * Without a priority, that is before all units: what has begun is finished first, so that few reports are
 * half staged at a time.
 */
async function enqueueReport(
  backend: QueueBackend,
  flows: FlowProducer,
  { unit, loadId, vendorReportId, revision, partCount, parts }: ReportRequest,
): Promise<{ jobId: string }> {
  const report = parsePayload('publish.report', {
    ...unit,
    loadId,
    vendorReportId,
    revision,
    partCount,
  });
  const queueName = QUEUE_NAMES[JOBS['publish.report'].queueOf(report)];
  const parent = toJobOptions(backend, 'publish.report', report);
  const flow = {
    name: 'publish.report',
    queueName,
    data: report,
    opts: parent,
    children: parts.map((part) => {
      const payload = parsePayload('stage.part', { ...unit, loadId, ...part, partCount });
      return {
        name: 'stage.part',
        queueName,
        data: payload,
        opts: { ...toJobOptions(backend, 'stage.part', payload), failParentOnFailure: true },
      };
    }),
  };
  await withStore('Enqueuing a report', () => flows.add(flow));
  return { jobId: parent.jobId };
}

/** What the catalog says of a job, in BullMQ's words. */
export function toRetryOptions(backend: QueueBackend, name: JobName) {
  const { attempts, backoffMs, keepCompleted, keepFailed } = JOBS[name];
  return {
    attempts,
    backoff: { type: 'exponential', delay: backend.backoffMs ?? backoffMs, jitter: 0.5 },
    removeOnComplete: keepCompleted,
    removeOnFail: keepFailed,
    stackTraceLimit: 3,
  } satisfies JobsOptions;
}

function toJobOptions<Name extends JobName>(backend: QueueBackend, name: Name, payload: JobPayload<Name>) {
  // the catalog pairs each name with functions of its own payload; a union of definitions cannot show that
  const definition = JOBS[name] as {
    readonly jobId: (payload: JobPayload<Name>) => string;
    readonly deduplicationId?: (payload: JobPayload<Name>) => string;
  };
  const deduplicationId = definition.deduplicationId?.(payload);
  return {
    ...toRetryOptions(backend, name),
    jobId: definition.jobId(payload),
    ...(deduplicationId === undefined ? {} : { deduplication: { id: deduplicationId } }),
  };
}
