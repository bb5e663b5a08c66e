import type { Column, Dataset, Vendor } from '../dataset.ts';
import type { Logger } from '../logger.ts';
import type { Reject } from '../reject.ts';
import type { ExpectedUnit, UnitRef } from '../unit.ts';
import type { UtcDay } from '../utc-day.ts';

/**
 * A source is four functions, so that a third vendor is one more folder:
 *
 * ```
 * discover -> check -> open -> parse
 * which       ready,   a part  rows and
 * units       waiting, as a    rejects
 * exist       gone     stream
 * ```
 *
 * All of them may throw the errors of `errors.ts`. "Not ready" and "gone" are values.
 */
export interface Source {
  readonly vendor: Vendor;
  readonly account: string;
  /** `<vendor>-<account>`, for logs and queue names. */
  readonly id: string;
  readonly datasets: readonly Dataset[];
  /** Its parts are files of finished reports, worth keeping as they were received. */
  readonly hasFiles?: boolean;

  /** Units that exist, or should exist by the calendar, for the given days. */
  discover(range: DiscoverRange, context: SourceContext): Promise<readonly ExpectedUnit[]>;
  /** May this unit be read now? Cheap; called right before `open`. */
  check(unit: UnitRef, context: SourceContext): Promise<Readiness>;
  /** Starts reading one part. The caller consumes or destroys the stream. */
  open(unit: UnitRef, part: PartRef, context: SourceContext): Promise<OpenedPart>;
  /** Turns a part's bytes into typed rows and rejects. */
  parse(unit: UnitRef, part: OpenedPart, context: ParseContext): Promise<ParsedPart>;
  /** Looks whether the vendor lets us in and offers what is asked for, without reading any data. */
  diagnose?(context: SourceContext): Promise<readonly SourceCheck[]>;
  /** Roughly how many vendor requests it takes to read these units, for `plan`. */
  estimateRequests(units: readonly UnitRef[]): number;
  /** How many minutes the vendor's rate limit makes these units take at least; absent when it is no matter. */
  estimateMinutes?(units: readonly UnitRef[]): number;
  close(): Promise<void>;
}

/** One line of a diagnosis. `invalid`: the configuration asks for what there is not. */
export interface SourceCheck {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failed' | 'invalid';
  /** What was found, and where it failed what to do. */
  readonly message: string;
}

/** Both days inclusive. */
export interface DiscoverRange {
  readonly from: UtcDay;
  readonly to: UtcDay;
  /** Dataset names; absent means all of the source. */
  readonly datasets?: readonly string[];
  /** By dataset name, the first day of which the vendor ever had a report, also when it lists it no longer. */
  readonly firstDays?: ReadonlyMap<string, UtcDay>;
}

export interface SourceContext {
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

export type Readiness =
  | {
      readonly kind: 'ready';
      readonly parts: readonly PartRef[];
      readonly vendorReportId: string | null;
      readonly revision: string | null;
      /** True when the parts are files of one finished report, so that several workers may share them. */
      readonly independentParts?: boolean;
    }
  | { readonly kind: 'waiting'; readonly until: Date; readonly reason: string }
  | { readonly kind: 'gone'; readonly reason: string };

/** One part of a unit. `name` identifies it across attempts: a URL path, or a sub-window; never a signed URL. */
export interface PartRef {
  readonly name: string;
}

export interface OpenedPart {
  readonly name: string;
  /** The part's bytes as received, before gunzip. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Stops reading and frees the connection; safe to call twice. */
  destroy(): void;
}

export interface ParseContext extends SourceContext {
  /** Header of an earlier part of the same report, for parts that come without one. */
  readonly header?: readonly string[];
}

export interface ParsedPart {
  /** What each position of `Row.values` is, in file order; includes columns that no one knew before. */
  readonly columns: readonly ParsedColumn[];
  /** The header as found, for parts that follow without one; empty when the format has none. */
  readonly header: readonly string[];
  /** To be consumed once, to the end; throws when the part turns out truncated or malformed as a whole. */
  readonly batches: AsyncIterable<RowBatch>;
  /**
   * The same records as Postgres's binary COPY tuples instead of rows: equal tables, equal rejects, several times
   * cheaper. Absent where a format has no such path. Either `batches` or this is consumed, not both.
   */
  readonly copy?: (layout: CopyLayout) => AsyncIterable<CopyBatch>;
  /** What is only known at the end. Valid after `batches`, or `copy`, ended. */
  facts(): PartFacts;
}

export interface ParsedColumn extends Column {
  /** The header text it came from. */
  readonly header: string;
  /** True when neither the dataset nor the configuration knows it. */
  readonly unknown: boolean;
}

export interface RowBatch {
  readonly rows: readonly Row[];
  readonly rejects: readonly Reject[];
  /** Bytes read from the vendor since the batch before, compressed if they came so. */
  readonly bytes: number;
}

/** Which fields each tuple of a binary COPY has: the part's number, if wanted, `row_no`, then these columns. */
export interface CopyLayout {
  /** Written as an `integer` in front of `row_no` (`bigint`). */
  readonly partNo?: number;
  /** Indexes into `ParsedPart.columns`; each field is written in its column's type. */
  readonly positions: readonly number[];
}

export interface CopyBatch {
  /**
   * Whole tuples, without the signature and the trailer of a COPY file. The memory is used again for the batch after the
   * next: one batch may be on its way while the next is made, and must have gone before another is asked for.
   */
  readonly tuples: Uint8Array;
  /** How many. */
  readonly rows: number;
  readonly rejects: readonly Reject[];
  /** Bytes read from the vendor since the batch before, compressed if they came so. */
  readonly bytes: number;
}

export interface Row {
  /** 1-based ordinal of the record in its part, rejected records counted too. */
  readonly rowNo: number;
  /** The row's own interval, where the dataset accumulates per interval. */
  readonly period?: { readonly start: string; readonly end: string };
  /** Canonical Postgres text input of each column, validated against its type; null is NULL. */
  readonly values: readonly (string | null)[];
}

export interface PartFacts {
  /** Lower-case hex SHA-256 of the part's bytes as received. */
  readonly sha256: string;
  /** Bytes as received. */
  readonly bytes: number;
  /**
   * What the vendor says of completeness. `complete`: the whole period is there. `partial`: data up to
   * `availableUntil`. `nothing`: no data of the period yet.
   */
  readonly availability:
    | { readonly kind: 'complete' }
    | { readonly kind: 'partial' | 'nothing'; readonly availableUntil: Date; readonly retryAt: Date | null };
  /** How long after the end of its period the vendor may still change the data, in ms. 0: not at all. */
  readonly settlesAfterMs: number;
  /** The answer was cut by the vendor's row limit: read these instead, in this order. */
  readonly splitInto?: readonly PartRef[];
  /** Rows for further tables, few by nature (summary statistics). */
  readonly companions: readonly CompanionRows[];
  readonly findings: readonly Finding[];
}

export interface CompanionRows {
  readonly dataset: Dataset;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** Something a person should know that did not stop the load. */
export interface Finding {
  readonly kind:
    | 'sum-mismatch'
    | 'count-mismatch'
    | 'duplicate'
    | 'truncated'
    | 'shrunk'
    | 'late'
    | 'lost'
    | 'deprecated'
    | 'unavailable'
    | 'report-changed'
    | 'objects-dropped'
    | 'clock-skew';
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}
