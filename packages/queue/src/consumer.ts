import {
  type Clock,
  type EdgeledgerError,
  type Logger,
  type PassMilestone,
  settlesWithin,
  systemClock,
} from '@edgeledger/core';
import type { Job, Processor, Queue, Worker } from 'bullmq';
import type { QueueBackend } from './backend.ts';
import { DEFAULT_CONCURRENCY, QUEUE_KEYS, type QueueKey } from './catalog.ts';
import { type IdleOptions, waitUntilIdle } from './counts.ts';
import { createErrorLog } from './error-log.ts';
import { fromFailedReason, toFailedPartId } from './failure.ts';
import { CANCEL_LOCK_LOST, CANCEL_SHUTDOWN, createProcessor, type Handlers } from './run-job.ts';
import { createSourceHolds } from './source-holds.ts';

export interface ConsumerOptions {
  readonly handlers: Handlers;
  readonly logger: Logger;
  /** Jobs at a time in this process, per queue; 0 leaves a queue to other workers. */
  readonly concurrency?: Partial<Readonly<Record<QueueKey, number>>>;
  /** The time that `waiting(until)` is told in. */
  readonly clock?: Clock;
  /** How long running jobs may go on after `close()` before their signal aborts. */
  readonly shutdownGraceMs?: number;
  /** Time limit of every job instead of the catalog's, for tests. */
  readonly timeoutMs?: number;
  /**
   * Called when a job stays failed, also where no handler saw it: a report whose part failed. Must not throw;
   * `close()` waits a little for the promise it may return.
   */
  readonly onFailed?: (failure: JobFailure) => unknown;
  /**
   * How long the queue waits for a sign of life of a worker before its jobs run again elsewhere, in ms. Default
   * {@link DEFAULT_LOCK_MS}.
   */
  readonly lockMs?: number;
  readonly passing?: PassMilestone;
}

export interface JobFailure {
  readonly jobName: string;
  readonly jobId: string;
  readonly payload: unknown;
  readonly error: EdgeledgerError;
}

export interface Consumer {
  /** Resolves when no job could run now or runs; tells how many are delayed. */
  idle(options?: IdleOptions): Promise<{ readonly delayed: number; readonly failed: number }>;
  /**
   * Takes no more jobs, lets the running ones go on for the grace time, aborts the rest with ShutdownError
   * (they go back to the queue and cost no attempt) and closes. Returns within the grace time plus
   * {@link ABORT_GRACE_MS} and three seconds, whatever the handlers do; where no job runs, within a few seconds,
   * whatever the store does.
   */
  close(): Promise<void>;
}

/** What a handler gets to roll back after its signal aborted. */
export const ABORT_GRACE_MS = 5_000;
/** What is left for the store to answer once no job runs. One that is away would be waited for without end. */
const STORE_GRACE_MS = 3_000;
const DISCONNECT_LIMIT_MS = 1_000;
/** For what became of failed jobs to be written down before the connections are closed. */
const FAILURES_GRACE_MS = 2_000;
const DEFAULT_SHUTDOWN_GRACE_MS = 20_000;
/**
 * A worker that dies takes up to {@link DEFAULT_CONCURRENCY} jobs of each queue with it, and most of them are not why
 * it died: so many deaths are needed before a job is taken for the cause and ends as failed.
 */
const MAX_STALLED_COUNT = 20;
/** Renewed at half of it. Shorter, and a worker that is merely busy would lose jobs; longer, and a dead one keeps them. */
export const DEFAULT_LOCK_MS = 20_000;

export function createConsumer(backend: QueueBackend, options: ConsumerOptions): Consumer {
  let closing: Promise<void> | undefined;
  const processor = createProcessor({
    handlers: options.handlers,
    clock: options.clock ?? systemClock,
    logger: options.logger,
    holds: createSourceHolds(() => performance.now()),
    isClosing: () => closing !== undefined,
    timeoutMs: options.timeoutMs,
    passing: options.passing,
    outagePauseMs: backend.backoffMs,
  });
  const running = new Set<string>();
  const failures = new Set<Promise<unknown>>();
  const lockMs = options.lockMs ?? DEFAULT_LOCK_MS;
  const workers = QUEUE_KEYS.flatMap((key) => {
    const concurrency = options.concurrency?.[key] ?? DEFAULT_CONCURRENCY[key];
    if (concurrency === 0) return [];
    const worker = backend.createWorker(key, tracked(processor, running), {
      concurrency,
      maxStalledCount: MAX_STALLED_COUNT,
      lockDuration: lockMs,
      stalledInterval: lockMs / 2,
    });
    observe(worker, { ...options, jobs: backend.queues[key], failures });
    return [worker];
  });
  return {
    idle: (idleOptions) => waitUntilIdle(backend, idleOptions),
    close: () => {
      closing ??= closeWorkers({
        workers,
        running,
        failures,
        graceMs: options.shutdownGraceMs ?? DEFAULT_SHUTDOWN_GRACE_MS,
        logger: options.logger,
      });
      return closing;
    },
  };
}

interface Observed extends Pick<ConsumerOptions, 'logger' | 'onFailed'> {
  readonly jobs: Queue;
  /** What is still being told about failed jobs. */
  readonly failures: Set<Promise<unknown>>;
}

function observe(worker: Worker, { logger, onFailed, jobs, failures }: Observed): void {
  const queue = worker.name;
  worker.on('error', createErrorLog({ logger, message: 'worker error', fields: { queue } }));
  worker.on('stalled', (jobId) => logger.warn({ queue, jobId }, 'job stalled and runs again'));
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const jobId of jobIds) worker.cancelJob(jobId, CANCEL_LOCK_LOST);
  });
  worker.on('failed', (job, error) => {
    if (job === undefined) return;
    const fields = { queue, job: job.name, jobId: job.id, attempt: job.attemptsMade, error: error.message };
    if (!job.finishedOn) {
      logger.warn(fields, 'job failed and is tried again');
      return;
    }
    logger.error(fields, 'job failed');
    if (onFailed === undefined) return;
    const told = toJobFailure(job, error, jobs)
      .then(onFailed)
      .catch((reason: unknown) => logger.error({ ...fields, reason }, 'the failure could not be told'))
      .finally(() => failures.delete(told));
    failures.add(told);
  });
}

async function toJobFailure(job: Job, { message }: Error, jobs: Queue): Promise<JobFailure> {
  const partReason = await findPartReason(message, jobs);
  return {
    jobName: job.name,
    jobId: job.id ?? '',
    payload: job.data,
    error: fromFailedReason(partReason ?? message),
  };
}

/**
 * Why the part failed of which a report failed. The two are told in any order, maybe to two processes, and whoever writes
 * first into the ledger has to know the reason.
 */
async function findPartReason(reason: string, jobs: Queue): Promise<string | undefined> {
  const partId = toFailedPartId(reason);
  if (partId === undefined) return undefined;
  try {
    return (await jobs.getJob(partId))?.failedReason;
  } catch {
    // the store is away: that a part failed is known all the same
    return undefined;
  }
}

/** Three parameters, because BullMQ makes an AbortSignal only for a processor that declares them. */
function tracked(processor: Processor, running: Set<string>): Processor {
  return async (job, token, signal) => {
    const run = `${job.queueName} ${job.id} ${token}`;
    running.add(run);
    try {
      return await processor(job, token, signal);
    } finally {
      running.delete(run);
    }
  };
}

interface Closing {
  readonly workers: readonly Worker[];
  readonly running: ReadonlySet<string>;
  readonly failures: ReadonlySet<Promise<unknown>>;
  readonly graceMs: number;
  readonly logger: Logger;
}

async function closeWorkers(closing: Closing): Promise<void> {
  await closeWithin(closing);
  await settlesWithin(Promise.allSettled(closing.failures), FAILURES_GRACE_MS);
}

async function closeWithin({ workers, running, graceMs, logger }: Closing): Promise<void> {
  const queues = workers.map((worker) => worker.name).join(', ');
  const closed = Promise.allSettled(workers.map((worker) => worker.close()));
  if (await settlesOrIdles(closed, running, graceMs)) return;
  if (running.size > 0) {
    for (const worker of workers) worker.cancelAllJobs(CANCEL_SHUTDOWN);
    if (await settlesOrIdles(closed, running, ABORT_GRACE_MS)) return;
  }
  const message =
    running.size > 0
      ? 'jobs ignore their abort signal; they run again elsewhere once their lock expires'
      : 'the store does not answer; what ended just now runs again once its lock expires, and changes nothing then';
  logger.warn({ queues, running: running.size }, message);
  await settlesWithin(Promise.allSettled(workers.map((worker) => worker.disconnect())), DISCONNECT_LIMIT_MS);
}

/** True when the workers closed within the limit; gives up earlier where only the store is waited for. */
async function settlesOrIdles(
  closed: Promise<unknown>,
  running: ReadonlySet<string>,
  limitMs: number,
): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  let idleSince: number | undefined;
  for (;;) {
    const now = performance.now();
    idleSince = running.size > 0 ? undefined : (idleSince ?? now);
    const until = idleSince === undefined ? deadline : idleSince + STORE_GRACE_MS;
    if (now >= until) return false;
    if (await settlesWithin(closed, Math.min(100, until - now))) return true;
  }
}
