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
import { isBrokenDownload } from './stage-part.ts';

/** What a watcher is told while a plan runs. */
export interface PlanWatcher {
  readonly onStart?: (unit: PlannedUnit) => void;
  readonly onProgress?: StageProgress;
  readonly onEnd?: (unit: PlannedUnit, end: UnitEnd) => void;
}

export type UnitEnd =
  | UnitOutcome
  | { readonly kind: 'failed'; readonly error: EdgeledgerError }
  /** Not tried, because another unit of its dataset failed for a reason that all of them share. */
  | { readonly kind: 'skipped'; readonly error: EdgeledgerError };

export interface PlanRun {
  readonly signal: AbortSignal;
  /** Units read at the same time. */
  readonly concurrency: number;
  /** Attempts per unit when the failure is transient. */
  readonly attempts: number;
  readonly pause: (durationMs: number, signal: AbortSignal) => Promise<void>;
  readonly watcher?: PlanWatcher;
}

/**
 * Loads the units of a plan in this process, several at a time. One unit's failure does not stop the others,
 * unless it says that none of its dataset can succeed now.
 */
export async function runPlan(
  units: readonly PlannedUnit[],
  services: UnitServices,
  run: PlanRun,
): Promise<UnitEnd[]> {
  const limit = pLimit(run.concurrency);
  const breaker = createBreaker();
  return Promise.all(
    units.map((planned) =>
      limit(async (): Promise<UnitEnd> => {
        run.signal.throwIfAborted();
        const hopeless = breaker.reasonFor(planned);
        if (hopeless !== undefined) return { kind: 'skipped', error: hopeless };
        run.watcher?.onStart?.(planned);
        const end = await runWithRetries(planned, services, run);
        breaker.record(planned, end);
        run.watcher?.onEnd?.(planned, end);
        return end;
      }),
    ),
  );
}

/** So many units of a dataset in a row found the vendor unreachable: the next will, too. */
const UNREACHABLE_LIMIT = 3;

/** Stops a dataset after a failure that a person must fix, or when the vendor stays unreachable. */
function createBreaker() {
  const reasons = new Map<string, EdgeledgerError>();
  const unreachable = new Map<string, number>();
  return {
    reasonFor: (planned: PlannedUnit): EdgeledgerError | undefined => reasons.get(planned.unit.dataset),
    record: (planned: PlannedUnit, end: UnitEnd): void => {
      const { dataset } = planned.unit;
      if (end.kind !== 'failed') {
        unreachable.delete(dataset);
        return;
      }
      const isUnreachable =
        end.error.code === 'source.unavailable' || end.error.code === 'warehouse.unavailable';
      const inARow = isUnreachable ? (unreachable.get(dataset) ?? 0) + 1 : 0;
      unreachable.set(dataset, inARow);
      if (end.error.recovery === 'fix-configuration' || inARow >= UNREACHABLE_LIMIT)
        reasons.set(dataset, end.error);
    },
  };
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
  // it was repeated in place, as often as is sensible for now
  if (isBrokenDownload(error)) return undefined;
  if (error instanceof TransientError) return 500 * 4 ** (attempt - 1);
  return undefined;
}
