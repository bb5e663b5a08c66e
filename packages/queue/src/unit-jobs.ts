import type { UnitKey } from '@edgeledger/core';
import type { Job } from 'bullmq';
import type { QueueBackend } from './backend.ts';
import { JOBS, joinId, type QueueKey, toUnitDeduplicationId } from './catalog.ts';
import { withStore } from './store-errors.ts';

/** A job of one unit, as far as the store still has it. */
export interface UnitJob {
  /** Name of its queue, as the queue page knows it. */
  readonly queue: string;
  readonly jobId: string;
  readonly name: string;
  /** `waiting`, `active`, `delayed`, `completed`, `failed` and so on, in BullMQ's words. */
  readonly state: string;
  readonly failedReason: string | undefined;
  readonly enqueuedAt: Date;
  /** Of a delayed job: when it runs. */
  readonly delayedUntil: Date | undefined;
}

/** Ended jobs are not found by their unit, so the newest ones are looked through. */
const LOOKED_THROUGH = 300;
const SHOWN = 10;

/**
 * Jobs that load the unit: what waits or runs, then what ended lately, newest first; at most ten. `loadIds` are
 * the unit's newest loads, whose publishing has a job of its own when a report has several parts.
 */
export async function findUnitJobs(
  backend: QueueBackend,
  unit: UnitKey,
  loadIds: readonly string[],
): Promise<readonly UnitJob[]> {
  return await withStore('Looking for the jobs of a unit', async () => {
    const key = JOBS['load.unit'].queueOf({ ...unit, sourceId: '', periodStart: '', periodEnd: '' });
    const queue = backend.queues[key];
    const waiting = await Promise.all(
      [undefined, 'any'].map((confirmedRevision) =>
        queue.getDeduplicationJobId(toUnitDeduplicationId({ ...unit, confirmedRevision })),
      ),
    );
    const publishing = loadIds.map((loadId) =>
      joinId(['publish.report', unit.account, unit.dataset, unit.reportKey, loadId]),
    );
    const direct = await Promise.all(
      [...waiting, ...publishing].map((id) =>
        id === null || id === undefined ? undefined : queue.getJob(id),
      ),
    );
    const prefix = `${joinId(['load.unit', unit.account, unit.dataset, unit.reportKey])}~`;
    const ended = await queue.getJobs(['failed', 'completed'], 0, LOOKED_THROUGH - 1);
    const found = new Map<string, Job>();
    for (const job of [...direct, ...ended.filter((one) => one?.id?.startsWith(prefix))]) {
      if (job?.id !== undefined) found.set(job.id, job);
    }
    const newest = [...found.values()].sort((a, b) => b.timestamp - a.timestamp).slice(0, SHOWN);
    return await Promise.all(newest.map((job) => toUnitJob(job, key, backend)));
  });
}

async function toUnitJob(job: Job, key: QueueKey, backend: QueueBackend): Promise<UnitJob> {
  const state = await job.getState();
  return {
    queue: backend.queues[key].name,
    jobId: job.id ?? '',
    name: job.name,
    state,
    failedReason: job.failedReason === '' ? undefined : (job.failedReason ?? undefined),
    enqueuedAt: new Date(job.timestamp),
    delayedUntil: state === 'delayed' ? new Date(job.timestamp + job.delay) : undefined,
  };
}
