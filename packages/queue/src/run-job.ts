import { type Clock, type Logger, type PassMilestone, ShutdownError, TransientError } from '@edgeledger/core';
import { DelayedError, type Job, type Processor, UnrecoverableError, WaitingError } from 'bullmq';
import { isJobName, JOBS, type JobName, type JobPayload, parsePayload } from './catalog.ts';
import { decideFailure, toFailedReason } from './failure.ts';
import type { SourceHolds } from './source-holds.ts';

export interface JobContext {
  /** Aborts at shutdown (reason ShutdownError), at the job's time limit, and when another worker took the job over. */
  readonly signal: AbortSignal;
  /** 1 in the first run; grows with every failed run, not with waiting, throttling or shutdown. */
  readonly attempt: number;
  /** The job stays failed when it fails in the run where `attempt` equals this. */
  readonly attempts: number;
  readonly jobId: string;
  /** Shown on the dashboard; small and JSON-safe. */
  reportProgress(progress: JobFacts): Promise<void>;
}

export type JobFacts = Readonly<Record<string, string | number | boolean | null>>;

export type JobOutcome =
  | { readonly kind: 'done'; readonly result?: JobFacts }
  /** Not ready: the same job runs again at `until`, in the time of the consumer's clock. Costs no attempt. */
  | { readonly kind: 'waiting'; readonly until: Date; readonly reason: string };

export type Handlers = {
  readonly [Name in JobName]: (payload: JobPayload<Name>, context: JobContext) => Promise<JobOutcome>;
};

export interface RunJobParts {
  readonly handlers: Handlers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly holds: SourceHolds;
  readonly isClosing: () => boolean;
  /** Instead of the catalog's time limit. */
  readonly timeoutMs: number | undefined;
  readonly passing?: PassMilestone | undefined;
  /** Pause before a job that met an outage runs again, in ms; up to half as much is added at random. */
  readonly outagePauseMs?: number | undefined;
}

/** Reasons that BullMQ carries to the signal as plain text. */
export const CANCEL_SHUTDOWN = 'shutdown';
export const CANCEL_LOCK_LOST = 'lock-lost';

/**
 * BullMQ looks at the number of declared parameters and makes an AbortSignal only for three: a rest
 * parameter or a default value here would lose cancellation without a word.
 */
export function createProcessor(parts: RunJobParts): Processor {
  return async (job, token, cancelSignal) => {
    const name = getJobName(job);
    if (parts.isClosing()) return requeue(job, token);
    const payload = readPayload(name, job);
    const heldForMs = JOBS[name].asksVendor ? parts.holds.remainingMs(payload.sourceId) : 0;
    if (heldForMs > 0) return delay(job, token, heldForMs, parts);
    parts.passing?.('job.taken');
    const limit = createTimeLimit(name, parts.timeoutMs ?? JOBS[name].timeoutMs);
    const signal = AbortSignal.any([limit.signal, toReasonedSignal(cancelSignal)]);
    let outcome: JobOutcome;
    try {
      outcome = await runHandler(parts.handlers, name, payload, toContext(job, signal, parts.logger));
    } catch (thrown) {
      return await settleFailure(thrown, signal, { job, token, payload, parts });
    } finally {
      limit.clear();
    }
    if (outcome.kind === 'done') {
      parts.passing?.('job.done');
      return outcome.result;
    }
    const { until, reason } = outcome;
    parts.logger.debug({ job: name, jobId: job.id, until: until.toISOString(), reason }, 'job waits');
    return await delay(job, token, until.getTime() - parts.clock.now().getTime(), parts);
  };
}

function getJobName(job: Job): JobName {
  if (isJobName(job.name)) return job.name;
  throw new UnrecoverableError(
    `internal.invariant: This version knows no job "${job.name}". Run the same version on all workers.`,
  );
}

function readPayload<Name extends JobName>(name: Name, job: Job): JobPayload<Name> {
  try {
    return parsePayload(name, job.data);
  } catch (error) {
    throw new UnrecoverableError(
      `internal.invariant: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function runHandler(
  handlers: Handlers,
  name: JobName,
  payload: JobPayload<JobName>,
  context: JobContext,
): Promise<JobOutcome> {
  // parsePayload made the payload fit the name; a mapped type cannot carry that pairing
  const handler = handlers[name] as (
    payload: JobPayload<JobName>,
    context: JobContext,
  ) => Promise<JobOutcome>;
  return handler(payload, context);
}

function toContext(job: Job, signal: AbortSignal, logger: Logger): JobContext {
  return {
    signal,
    attempt: job.attemptsMade + 1,
    attempts: job.opts.attempts ?? 1,
    jobId: job.id ?? '',
    reportProgress: async (progress) => {
      try {
        await job.updateProgress(progress);
      } catch (error) {
        // a load is not given up because its display failed
        logger.debug(
          { jobId: job.id, error: error instanceof Error ? error.message : '' },
          'progress not kept',
        );
      }
    },
  };
}

/** An outage that outlasts so many runs of one job is none. */
const MOST_STARTS = 500;
const OUTAGE_PAUSE_MS = 10_000;

function toOutagePauseMs({ parts }: FailedRun): number {
  const pauseMs = parts.outagePauseMs ?? OUTAGE_PAUSE_MS;
  return Math.round(pauseMs * (1 + Math.random() / 2));
}

interface FailedRun {
  readonly job: Job;
  readonly token: string | undefined;
  readonly payload: JobPayload<JobName>;
  readonly parts: RunJobParts;
}

async function settleFailure(thrown: unknown, signal: AbortSignal, run: FailedRun): Promise<never> {
  const decision = decideFailure(thrown, signal);
  switch (decision.kind) {
    case 'requeue':
      return requeue(run.job, run.token);
    case 'delay':
      run.parts.holds.hold(run.payload.sourceId, decision.delayMs);
      run.parts.logger.info(
        { job: run.job.name, jobId: run.job.id, sourceId: run.payload.sourceId, delayMs: decision.delayMs },
        'source throttled',
      );
      return delay(run.job, run.token, decision.delayMs, run.parts);
    case 'outage':
      if (run.job.attemptsStarted >= MOST_STARTS)
        throw named(new Error(toFailedReason(decision.error)), decision.error);
      run.parts.logger.warn(
        { job: run.job.name, jobId: run.job.id, error: decision.error.message },
        'job waits until what it needs is there again',
      );
      return delay(run.job, run.token, toOutagePauseMs(run), run.parts);
    case 'fail':
      throw named(new UnrecoverableError(toFailedReason(decision.error)), decision.error);
    case 'retry':
      throw named(new Error(toFailedReason(decision.error)), decision.error);
  }
}

/** Keeps the original reachable for the log without making it part of what the store keeps. */
function named<E extends Error>(error: E, cause: Error): E {
  Object.defineProperty(error, 'cause', { value: cause, enumerable: false });
  return error;
}

/** BullMQ's own clock decides when a delayed job is due, so the delay is passed on, not the instant. */
async function delay(
  job: Job,
  token: string | undefined,
  delayMs: number,
  { passing }: Pick<RunJobParts, 'passing'>,
): Promise<never> {
  passing?.('job.delaying');
  await job.moveToDelayed(Date.now() + Math.max(0, delayMs), token);
  throw new DelayedError();
}

async function requeue(job: Job, token: string | undefined): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

function createTimeLimit(name: JobName, timeoutMs: number): { signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(
      new TransientError(
        'source.timeout',
        `Running ${name}: not done after ${timeoutMs} ms, its time limit. It is tried again.`,
      ),
    );
  }, timeoutMs);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

/** BullMQ aborts with a text; handlers and `decideFailure` go by error classes. */
function toReasonedSignal(cancelSignal: AbortSignal | undefined): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort(toCancelReason(cancelSignal?.reason));
  if (cancelSignal?.aborted) abort();
  else cancelSignal?.addEventListener('abort', abort, { once: true });
  return controller.signal;
}

function toCancelReason(reason: unknown): Error {
  if (reason === CANCEL_LOCK_LOST) {
    return new TransientError(
      'load.superseded',
      'Running a job: its lock was lost, so another worker runs it now. This run stops.',
    );
  }
  return new ShutdownError();
}
