import {
  type EdgeledgerError,
  isAbortError,
  type StageProgress,
  ThrottledError,
  TransientError,
  toEdgeledgerError,
} from '@edgeledger/core';
import pLimit from 'p-limit';
import type { PlannedUnit } from './plan.ts';
import { runUnit, type UnitOutcome, type UnitServices } from './run-unit.ts';

/** What a watcher is told while a plan runs. */
export interface PlanWatcher {
  readonly onStart?: (unit: PlannedUnit) => void;
  readonly onProgress?: StageProgress;
  readonly onEnd?: (unit: PlannedUnit, end: UnitEnd) => void;
}

export type UnitEnd = UnitOutcome | { readonly kind: 'failed'; readonly error: EdgeledgerError };

export interface PlanRun {
  readonly signal: AbortSignal;
  /** Units read at the same time. */
  readonly concurrency: number;
  /** Attempts per unit when the failure is transient. */
  readonly attempts: number;
  readonly pause: (durationMs: number, signal: AbortSignal) => Promise<void>;
  readonly watcher?: PlanWatcher;
}

/** Loads the units of a plan in this process, several at a time. One unit's failure does not stop the others. */
export async function runPlan(
  units: readonly PlannedUnit[],
  services: UnitServices,
  run: PlanRun,
): Promise<UnitEnd[]> {
  const limit = pLimit(run.concurrency);
  return Promise.all(
    units.map((unit) =>
      limit(async () => {
        run.signal.throwIfAborted();
        run.watcher?.onStart?.(unit);
        const end = await runWithRetries(unit, services, run);
        run.watcher?.onEnd?.(unit, end);
        return end;
      }),
    ),
  );
}

async function runWithRetries(planned: PlannedUnit, services: UnitServices, run: PlanRun): Promise<UnitEnd> {
  const onProgress = run.watcher?.onProgress;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runUnit(
        planned.unit,
        services,
        onProgress === undefined ? run : { signal: run.signal, onProgress },
      );
    } catch (error) {
      if (run.signal.aborted || isAbortError(error)) throw error;
      const known = toEdgeledgerError(error);
      const pauseMs = pauseBefore(known, attempt);
      if (pauseMs === undefined || attempt >= run.attempts) return { kind: 'failed', error: known };
      services.logger.warn(
        { unit: planned.unit.reportKey, code: known.code, attempt, pauseMs },
        'trying the unit again',
      );
      await run.pause(pauseMs, run.signal);
    }
  }
}

function pauseBefore(error: EdgeledgerError, attempt: number): number | undefined {
  if (error instanceof ThrottledError) return error.retryAfterMs;
  if (error instanceof TransientError) return 500 * 4 ** (attempt - 1);
  return undefined;
}
