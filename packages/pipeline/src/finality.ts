import {
  HOUR_MS,
  MINUTE_MS,
  nextLookAt,
  type PartFacts,
  type UnitRecord,
  type UnitRef,
} from '@edgeledger/core';

/** How long to leave a complete but provisional unit alone before it is read again. */
const REREAD_AFTER_MS = 3 * HOUR_MS;
const RUNNING_PERIOD_PAUSE_MS = 15 * MINUTE_MS;
const SHORTEST_PAUSE_MS = 1_000;

/** What a reading tells about the unit as a whole. */
export type Finality =
  | { readonly kind: 'waiting'; readonly until: Date }
  | {
      readonly kind: 'readable';
      readonly availableAt: Date | null;
      readonly isSettled: (fingerprintUnchanged: boolean) => boolean;
      readonly nextCheckAt: Date;
      /** When a unit that settled early is read once more; null: nothing can change any more. */
      readonly confirmAt: Date | null;
    };

export interface Reading {
  readonly unit: UnitRef;
  readonly facts: readonly PartFacts[];
  /** The ledger's record from before this reading. */
  readonly record: UnitRecord | undefined;
  readonly now: Date;
}

/**
 * A unit is settled when the vendor has all of it and can no longer change it: at once for files of a
 * finished report; for live data after `settlesAfterMs`, or when two complete readings agree.
 */
export function decideFinality({ unit, facts, record, now }: Reading): Finality {
  const incomplete = facts.map((part) => part.availability).filter((part) => part.kind !== 'complete');
  if (
    facts.length > 0 &&
    incomplete.length === facts.length &&
    incomplete.every((part) => part.kind === 'nothing')
  ) {
    return { kind: 'waiting', until: retryAt(incomplete, now) ?? nextLookAt(unit.period.end, now) };
  }
  if (incomplete.length > 0)
    return provisional(retryAt(incomplete, now) ?? plus(now, RUNNING_PERIOD_PAUSE_MS));
  if (now < unit.period.end) return provisional(plus(now, RUNNING_PERIOD_PAUSE_MS));

  const settlesAfterMs = Math.max(0, ...facts.map((part) => part.settlesAfterMs));
  const overdue = now.getTime() >= unit.period.end.getTime() + settlesAfterMs;
  const seenCompleteBefore = record?.availableAt != null;
  return {
    kind: 'readable',
    availableAt: now,
    isSettled: (fingerprintUnchanged) =>
      settlesAfterMs === 0 || overdue || (seenCompleteBefore && fingerprintUnchanged),
    nextCheckAt: plus(now, REREAD_AFTER_MS),
    // two readings may agree between two revisions of the vendor's
    confirmAt: settlesAfterMs === 0 || overdue ? null : plus(unit.period.end, settlesAfterMs),
  };
}

function provisional(nextCheckAt: Date): Finality {
  return { kind: 'readable', availableAt: null, isSettled: () => false, nextCheckAt, confirmAt: null };
}

function retryAt(parts: readonly PartFacts['availability'][], now: Date): Date | undefined {
  const times = parts.flatMap((part) =>
    part.kind === 'complete' || part.retryAt === null ? [] : [part.retryAt.getTime()],
  );
  if (times.length === 0) return undefined;
  const suggestedMs = Math.max(...times);
  // a time that has passed says nothing; asking at once again and again would not help
  if (suggestedMs <= now.getTime()) return new Date(now.getTime() + MINUTE_MS);
  return new Date(Math.max(suggestedMs, now.getTime() + SHORTEST_PAUSE_MS));
}

function plus(instant: Date, durationMs: number): Date {
  return new Date(instant.getTime() + durationMs);
}
