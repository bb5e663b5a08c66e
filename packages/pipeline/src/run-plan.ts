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
  /** Not tried, or failed alike: another unit of its dataset failed for a reason that they share. */
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
  // what was stopped cleans up after itself: whoever closes the warehouse has to wait for all of it
  const ends = await Promise.allSettled(
    units.map((planned) =>
      limit(async (): Promise<UnitEnd> => {
        run.signal.throwIfAborted();
        const hopeless = breaker.reasonFor(planned);
        if (hopeless !== undefined) return tell(run, planned, { kind: 'skipped', error: hopeless });
        run.watcher?.onStart?.(planned);
        const end = await runWithRetries(planned, services, run);
        return tell(run, planned, breaker.judge(planned, end));
      }),
    ),
  );
  return ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
}

function tell(run: PlanRun, planned: PlannedUnit, end: UnitEnd): UnitEnd {
  run.watcher?.onEnd?.(planned, end);
  return end;
}

/** So many units of a dataset in a row failed alike: the next will, too. */
const ALIKE_LIMIT = 3;
/** One of these in a row after another says that no unit of the dataset can succeed now. */
const SHARED_CAUSES: ReadonlySet<string> = new Set<EdgeledgerError['code']>([
  'source.unavailable',
  'source.timeout',
  'source.forbidden',
  'source.host-not-allowed',
  'warehouse.unavailable',
]);
/** A refused credential is refused for every dataset, a report that is off is off for every day. */
const STOPS: Readonly<Record<string, 'source' | 'dataset'>> = {
  'source.auth-rejected': 'source',
  'source.clock-skew': 'source',
  'source.report-unavailable': 'dataset',
  'warehouse.auth-rejected': 'source',
};
const WHOLE_SOURCE = '*';

/** Spares the units of a dataset, or of the source, that cannot succeed either. */
function createBreaker() {
  const reasons = new Map<string, EdgeledgerError>();
  const alike = new Map<string, { code: string; count: number }>();
  const reasonFor = (planned: PlannedUnit): EdgeledgerError | undefined =>
    reasons.get(WHOLE_SOURCE) ?? reasons.get(planned.unit.dataset);
  return {
    reasonFor,
    /** Units that were under way at the same time fail for the reason that is known already. */
    judge: (planned: PlannedUnit, end: UnitEnd): UnitEnd => {
      const { dataset } = planned.unit;
      if (end.kind !== 'failed') {
        alike.delete(dataset);
        return end;
      }
      const { code } = end.error;
      const known = reasonFor(planned);
      if (known?.code === code) return { kind: 'skipped', error: known };
      const before = alike.get(dataset);
      const count = SHARED_CAUSES.has(code) ? (before?.code === code ? before.count : 0) + 1 : 0;
      alike.set(dataset, { code, count });
      const scope = STOPS[code] ?? (count >= ALIKE_LIMIT ? 'dataset' : undefined);
      if (scope !== undefined) reasons.set(scope === 'source' ? WHOLE_SOURCE : dataset, end.error);
      // the same cause again is the same news
      return count > 1 ? { kind: 'skipped', error: end.error } : end;
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
  // the HTTP client has tried that several times already
  if (error.code === 'source.unavailable') return undefined;
  if (error instanceof TransientError) return 500 * 4 ** (attempt - 1);
  return undefined;
}
