import { type ExpectedUnit, nextLookAt, toUnitId, type UnitRecord } from '@edgeledger/core';

/** Why a unit is read. */
export type LoadReason =
  | 'new'
  | 'waited'
  | 'failed before'
  | 'interrupted'
  | 'revised'
  | 'held'
  | 'provisional'
  | 'replayed';

export interface PlannedUnit {
  readonly unit: ExpectedUnit;
  readonly reason: LoadReason;
  /** The load that showed when it was planned; null when none did. Another one by now: somebody was faster. */
  readonly seenLoadId?: string | null;
}

export interface WaitingUnit {
  readonly unit: ExpectedUnit;
  readonly until: Date;
  readonly reason: string;
  /** It failed and pauses before the next attempt: the ledger goes on saying why. */
  readonly hasFailed?: boolean;
  /** Somebody asked for it already and was told to come back at `until`: the queue has its job, unless it lost it. */
  readonly hasJob?: boolean;
  /** As of a planned one. */
  readonly seenLoadId?: string | null;
}

/** What is expected minus what is covered. */
export interface Plan {
  /** Newest period first: what people look at today matters more than a backfill. */
  readonly load: readonly PlannedUnit[];
  readonly waiting: readonly WaitingUnit[];
  readonly lost: readonly ExpectedUnit[];
  readonly covered: readonly ExpectedUnit[];
  /** Some process is at it; to be read as `interrupted` if that turns out to be wrong. */
  readonly running: readonly PlannedUnit[];
}

export interface PlanOptions {
  /**
   * A person asked: try failed units without waiting out their pause, and units that a process seems to be
   * loading, because it may have been killed.
   */
  readonly isManual: boolean;
  /**
   * Then the queue was found to have forgotten what it held, so nobody goes on with what a killed worker was at before, nor
   * tries again soon what failed once. A worker that is alive is at most doubled, and whoever publishes second finds the unit
   * as it is.
   */
  readonly queueLostAt?: Date | undefined;
}

/** Why a unit that is held waits. */
export const HELD_REASON =
  'the vendor issued it again much smaller; a second reading decides, until then the earlier rows stay';

type Decision =
  | { readonly kind: 'load'; readonly reason: LoadReason }
  | {
      readonly kind: 'waiting';
      readonly until: Date;
      readonly reason: string;
      readonly hasFailed?: boolean;
      readonly hasJob?: boolean;
    }
  | { readonly kind: 'lost' | 'covered' | 'running' };

/**
 * Expected units minus those the ledger covers, at `now`. A pure function: running it twice on the same
 * input plans the same, and after its loads were published it plans nothing.
 */
export function plan(
  expected: readonly ExpectedUnit[],
  ledger: readonly UnitRecord[],
  now: Date,
  options: PlanOptions,
): Plan {
  const records = new Map(ledger.map((record) => [toUnitId(record), record]));
  const load: PlannedUnit[] = [];
  const waiting: WaitingUnit[] = [];
  const lost: ExpectedUnit[] = [];
  const covered: ExpectedUnit[] = [];
  const running: PlannedUnit[] = [];
  for (const unit of expected) {
    const record = records.get(toUnitId(unit));
    const decision = decide(unit, record, now, options);
    const seenLoadId = record?.loadId ?? null;
    if (decision.kind === 'load') {
      load.push({ unit, reason: decision.reason, seenLoadId });
    } else if (decision.kind === 'waiting') {
      const { kind: _, ...pause } = decision;
      waiting.push({ unit, ...pause, seenLoadId });
    } else if (decision.kind === 'lost') lost.push(unit);
    else if (decision.kind === 'running') running.push({ unit, reason: 'interrupted', seenLoadId });
    else covered.push(unit);
  }
  load.sort((a, b) => b.unit.period.start.getTime() - a.unit.period.start.getTime());
  return { load, waiting, lost, covered, running };
}

function decide(
  unit: ExpectedUnit,
  record: UnitRecord | undefined,
  now: Date,
  options: PlanOptions,
): Decision {
  if (record?.state === 'held') return decideHeld(unit, record, now);
  if (record?.state === 'loaded') return decideLoaded(unit, record, now);
  if (unit.expiresAt <= now && unit.listed === undefined) return { kind: 'lost' };
  if (unit.notYet !== undefined) {
    return { kind: 'waiting', until: nextLookAt(unit.dueAt, now), reason: unit.notYet };
  }
  const isTakenOver = options.isManual || isFromBefore(options.queueLostAt, record?.loadingSince);
  if (record?.isBeingLoaded === true && !isTakenOver) return { kind: 'running' };
  if (record?.state === 'failed') return decideFailed(record, now, options);
  if (unit.listed?.completed !== true) {
    if (record?.state === 'waiting' && record.nextCheckAt !== null && record.nextCheckAt > now) {
      return {
        kind: 'waiting',
        until: record.nextCheckAt,
        reason: record.errorMessage ?? 'not complete yet',
        hasJob: true,
      };
    }
    if (unit.dueAt > now) return { kind: 'waiting', until: unit.dueAt, reason: 'not due yet' };
  }
  return { kind: 'load', reason: reasonFor(record) };
}

function isFromBefore(queueLostAt: Date | undefined, loadingSince: Date | null | undefined): boolean {
  return queueLostAt !== undefined && loadingSince != null && loadingSince < queueLostAt;
}

function decideLoaded(unit: ExpectedUnit, record: UnitRecord, now: Date): Decision {
  // a unit that a person imported has no vendor id: the vendor's listing alone is no reason to replace it
  const isListed = unit.listed?.completed === true && record.vendorReportId !== null;
  const revised = isListed && unit.listed?.revision !== record.revision;
  if (revised) return { kind: 'load', reason: 'revised' };
  const due = record.nextCheckAt !== null && record.nextCheckAt <= now;
  return due && unit.notYet === undefined ? { kind: 'load', reason: 'provisional' } : { kind: 'covered' };
}

/**
 * A revision that is much smaller than what is visible is looked at once more, later; another one, or the one
 * that is visible, at once.
 */
function decideHeld(unit: ExpectedUnit, record: UnitRecord, now: Date): Decision {
  if (unit.listed?.completed !== true) return { kind: 'covered' };
  if (unit.listed.revision !== record.heldRevision) return { kind: 'load', reason: 'revised' };
  if (record.nextCheckAt === null || record.nextCheckAt <= now) return { kind: 'load', reason: 'held' };
  return { kind: 'waiting', until: record.nextCheckAt, reason: HELD_REASON };
}

function decideFailed(record: UnitRecord, now: Date, options: PlanOptions): Decision {
  const isPaused = !options.isManual && options.queueLostAt === undefined;
  if (isPaused && record.nextCheckAt !== null && record.nextCheckAt > now) {
    const reason = `failed ${record.attempts === 1 ? 'once' : `${record.attempts} times`}: ${record.errorMessage ?? record.errorCode ?? 'unknown'}`;
    return { kind: 'waiting', until: record.nextCheckAt, reason, hasFailed: true, hasJob: true };
  }
  return { kind: 'load', reason: 'failed before' };
}

function reasonFor(record: UnitRecord | undefined): LoadReason {
  if (record?.state === 'waiting') return 'waited';
  if (record?.state === 'loading') return 'interrupted';
  return 'new';
}
