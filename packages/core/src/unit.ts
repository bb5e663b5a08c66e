import type { Period } from './utc-day.ts';

/**
 * # Vocabulary
 *
 * - source: one configured vendor credential, a vendor and an account name.
 * - dataset: one kind of report that lands in one table.
 * - stream: Akamai only, a named query of a dataset; its name is part of the report key.
 * - unit: the unit of work and of trust, one dataset of one source for one period.
 * - part: one file of a report, or one sub-window of an Akamai window.
 * - load: one attempt to bring a unit in; its id is on every row it wrote.
 * - reject: a row that could not be accepted, kept with its coordinates and raw text.
 * - gap: an expected unit that is not loaded; `lost` when the vendor no longer keeps it.
 * - settled: loaded, and the vendor will not change it any more (otherwise provisional).
 *
 * # States
 *
 * ```
 * expected -> waiting -> loading -> loaded
 *    |           |          |          ^
 *    |           |          +-> failed-+   a later tick tries again
 *    +-----------+------------> lost       the vendor's retention ended first
 *                          loaded -> held  a revision is kept back until confirmed
 * ```
 *
 * A loaded unit stays `loaded` while it is read again, because readers may trust what is there.
 */
export const UNIT_STATES = ['expected', 'waiting', 'loading', 'loaded', 'failed', 'lost', 'held'] as const;
export type UnitState = (typeof UNIT_STATES)[number];

/** What identifies a unit, everywhere. */
export interface UnitKey {
  readonly account: string;
  /** Dataset name, `imgix.cdn_logs`. */
  readonly dataset: string;
  readonly reportKey: string;
}

/** A unit with the time it covers: all that a job needs to carry. */
/** So often the queue tries to load a unit within minutes, before the unit rests for longer. */
export const TRIES_IN_A_ROW = 5;

export interface UnitRef extends UnitKey {
  readonly period: Period;
}

/** A unit that exists or should exist, as a source's `discover` tells it. */
export interface ExpectedUnit extends UnitRef {
  /** When the vendor drops the report. */
  readonly expiresAt: Date;
  /** Not worth asking the vendor before this instant. */
  readonly dueAt: Date;
  /** What the vendor lists for it now; absent when the calendar alone says it should exist. */
  readonly listed?: ListedReport;
  /** Why it cannot be read yet, when the vendor was asked and does not have it; absent when it may be read. */
  readonly notYet?: string;
}

export interface ListedReport {
  readonly vendorReportId: string;
  readonly completed: boolean;
  /** Changes when the vendor re-issues the report (other id, other files). Holds no signed URL. */
  readonly revision: string;
}

/** What the ledger knows of a unit. Counts are of the load that is visible now. */
export interface UnitRecord extends UnitRef {
  readonly unitId: string;
  readonly state: UnitState;
  readonly vendorReportId: string | null;
  readonly revision: string | null;
  readonly parts: number | null;
  readonly rows: number | null;
  readonly rejects: number | null;
  readonly bytes: number | null;
  readonly fingerprint: string | null;
  readonly attempts: number;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly firstSeenAt: Date;
  /** Since when the vendor has had the whole report, as far as we saw. */
  readonly availableAt: Date | null;
  readonly loadedAt: Date | null;
  readonly settledAt: Date | null;
  readonly expiresAt: Date | null;
  /** Not to be looked at before this instant; null when nothing is due. */
  readonly nextCheckAt: Date | null;
  readonly loadId: string | null;
  /** Like `revision`, of a revision that is kept back; absent or null unless `held`. */
  readonly heldRevision?: string | null;
  /** Some process worked on it a moment ago. */
  readonly isBeingLoaded: boolean;
  /** When the newest of the loads that make it so was begun; null when none does. */
  readonly loadingSince?: Date | null;
}

/** One text for a unit, for map keys, log fields and job ids. */
export function toUnitId(unit: UnitKey): string {
  return `${unit.account}/${unit.dataset}/${unit.reportKey}`;
}

/** Id of the source that a unit belongs to: the vendor of its dataset, and its account. */
export function toSourceId(unit: Pick<UnitKey, 'account' | 'dataset'>): string {
  return `${unit.dataset.split('.', 1)[0] ?? ''}-${unit.account}`;
}
