import type { Dataset } from '../dataset.ts';
import type { EdgeledgerError } from '../errors.ts';
import type { ShrinkLimits } from '../shrink.ts';
import type { ExpectedUnit, UnitKey, UnitRecord, UnitRef } from '../unit.ts';
import type { UtcDay } from '../utc-day.ts';
import type { CompanionRows, Finding, ParsedPart } from './source.ts';

/** The ledger: which unit is in the warehouse, which is not yet, which is lost, and why. */
export interface Ledger {
  /** Units of one account whose period starts in `[from, to)`. */
  findUnits(filter: UnitFilter): Promise<readonly UnitRecord[]>;
  findUnit(key: UnitKey): Promise<UnitRecord | undefined>;
  /** True when a load runs, or seems to, that was begun after the one that is visible. */
  hasLaterLoad(key: UnitKey): Promise<boolean>;
  /** By dataset, the first day of which the vendor ever listed a report of this account. */
  findFirstDays(account: string): Promise<ReadonlyMap<string, UtcDay>>;
  /** Units that were asked for once, are not there, and can still be had; the oldest first. */
  findOpen(filter: OpenFilter): Promise<readonly OpenUnit[]>;
  /** The newest time that every part of the unit was read, whether it was published or not. */
  findReading(key: UnitKey): Promise<Reading | undefined>;
  /** Adds units that are not known yet (as `expected`) and refreshes what the vendor lists; loses nothing. */
  recordExpected(units: readonly ExpectedUnit[], now: Date): Promise<void>;
  /** Not ready: asks again at `until`. Leaves a loaded unit loaded. */
  recordWaiting(unit: UnitRef, until: Date, reason: string): Promise<void>;
  /** Opens a `late` finding for units whose deadline is over; it is resolved when they arrive or are lost. */
  recordLate(units: readonly LateUnit[], now: Date): Promise<void>;
  /** The vendor no longer keeps it; also opens a finding. Leaves a loaded unit loaded. */
  recordLost(unit: UnitRef, reason: string): Promise<void>;
  /** Marks every unit lost that is not loaded and that the vendor has dropped by now; gives their number. */
  recordExpired(account: string, datasets: readonly string[], now: Date): Promise<number>;
  /** A failure before a load could begin. Leaves a loaded unit loaded. */
  recordFailure(unit: UnitRef, error: EdgeledgerError, now: Date): Promise<void>;
}

/** A unit that the vendor owes since `dueAt`. */
export interface LateUnit {
  readonly unit: UnitRef;
  readonly dueAt: Date;
  readonly expiresAt: Date;
  readonly reason: string;
}

/** What was read of a unit once, so that it can be read again from the archive. */
export interface Reading {
  readonly loadId: string;
  readonly vendorReportId: string | null;
  readonly revision: string | null;
  /** In part order; `sha256` is of the bytes as received. */
  readonly parts: readonly { readonly name: string; readonly sha256: string }[];
}

export interface OpenFilter {
  readonly account: string;
  readonly datasets: readonly string[];
  /** Periods that start before it. */
  readonly before: UtcDay;
  readonly now: Date;
}

export interface OpenUnit extends UnitKey {
  readonly day: UtcDay;
}

export interface UnitFilter {
  readonly account: string;
  readonly from: Date;
  readonly to: Date;
  readonly datasets?: readonly string[];
  readonly reportKeys?: readonly string[];
}

/**
 * Brings units in: begin, stage every part, publish. Staged rows are invisible. Publishing is one
 * transaction of rows, rejects, findings, load and unit; it refuses when a newer load was published since.
 */
export interface Loader {
  begin(unit: UnitRef, dataset: Dataset, expected?: ExpectedParts): Promise<Load>;
  /** Opens a load that another process began (the parts of one report are separate jobs). */
  resume(loadId: string, dataset: Dataset, expected?: ExpectedParts): Promise<Load>;
}

/** What is known of a load's parts before they are read. A hint: it decides when the key of a large table is built. */
export interface ExpectedParts {
  readonly partCount: number;
}

export interface Load {
  readonly loadId: string;
  readonly unit: UnitRef;
  readonly dataset: Dataset;
  /** When it was begun, in the warehouse's time. */
  readonly startedAt?: Date;
  /** Streams one part into staging; repeating a part number replaces what it staged before. */
  stagePart(
    partNo: number,
    partName: string,
    part: ParsedPart,
    onProgress?: StageProgress,
  ): Promise<PartReceipt>;
  /** What the unit shows of a part already, where staging the same once more would cost more than reading it. */
  findVisiblePart(partNo: number): Promise<VisiblePart | undefined>;
  /**
   * Stages a part whose bytes are those of the visible one without writing its rows. Undefined when it came out differently (the
   * mapping changed): then it was read for nothing and has to be staged like any other.
   */
  stageSamePart(
    partNo: number,
    partName: string,
    part: ParsedPart,
    onProgress?: StageProgress,
  ): Promise<PartReceipt | undefined>;
  /** Shows, for as long as `work` takes, that somebody is at the load: without a sign for long it is cleared away. */
  keepAlive<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Forgets a staged part (it was cut by a row limit and is read again in pieces). */
  unstagePart(partNo: number): Promise<void>;
  /** Parts staged so far, in part order, with the header each one had. */
  stagedParts(): Promise<readonly PartReceipt[]>;
  /** The header that some part told, which may not be staged to its end yet. */
  findHeader(): Promise<ToldHeader>;
  /** Writes down that a part has no header of its own; gives how many have none as far as known. */
  noteHeaderless(partNo: number): Promise<number>;
  publish(request: PublishRequest): Promise<PublishResult>;
  /** Drops what was staged, keeps rejects, records the failure. Leaves a loaded unit's rows and state. */
  fail(error: EdgeledgerError, now: Date): Promise<void>;
  /** Drops what was staged; nothing went wrong (nothing to read yet, or shutting down). */
  abandon(): Promise<void>;
}

export type StageProgress = (delta: {
  readonly rows: number;
  readonly rejects: number;
  readonly bytes: number;
}) => void;

/** `header` is undefined as long as no part told one. */
export interface ToldHeader {
  readonly header: readonly string[] | undefined;
  /** Numbers of the parts that came without one. */
  readonly headerless: readonly number[];
  /** How long ago the load began, in ms. */
  readonly ageMs: number;
}

/** Of the bytes as received. */
export interface VisiblePart {
  readonly sha256: string;
  readonly bytes: number;
}

export interface PartReceipt {
  readonly partNo: number;
  readonly name: string;
  readonly header: readonly string[];
  readonly rows: number;
  readonly rejects: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Hash of the accepted rows and their columns: equal content, equal fingerprint. */
  readonly fingerprint: string;
}

export interface PublishRequest {
  readonly now: Date;
  readonly vendorReportId: string | null;
  readonly revision: string | null;
  readonly companions: readonly CompanionRows[];
  readonly findings: readonly Finding[];
  /** Set when the vendor has the whole report. */
  readonly availableAt: Date | null;
  readonly isSettled: (fingerprintUnchanged: boolean) => boolean;
  /** When to look again, unless settled. */
  readonly nextCheckAt: Date | null;
  /** When to look once more at a unit that is settled now; absent or null: never. */
  readonly confirmAt?: Date | null;
  /** Keeps back a revision that is much smaller than what is visible. Absent: everything is published. */
  readonly shrinkGuard?: ShrinkGuard;
}

export interface ShrinkGuard extends ShrinkLimits {
  /**
   * Whether this reading may confirm an earlier one with the same content. False when it is a copy of it, as from
   * the archive.
   */
  readonly isLook: boolean;
}

export interface PublishResult {
  /** `held`: nothing was replaced, because the revision is much smaller and not confirmed yet. */
  readonly outcome: 'published' | 'unchanged' | 'held';
  readonly rowsInserted: number;
  readonly rowsUpdated: number;
  readonly rowsUnchanged: number;
  readonly rowsDeleted: number;
  readonly rejects: number;
  readonly bytes: number;
  readonly settled: boolean;
  /** Only with `held`. */
  readonly held?: HeldRevision;
}

export interface HeldRevision {
  readonly rows: number;
  readonly visibleRows: number;
  /** A reading from here on confirms it, if its content is the same. */
  readonly confirmableAt: Date;
}
