import type { UnitState } from '@edgeledger/core';

/**
 * What the pages ask of the warehouse; its `questions` fit. Counts come as text, because Postgres counts in
 * 64 bits.
 */
export interface DashboardQuestions {
  /** UTC days `YYYY-MM-DD`, both inclusive. */
  coverage(filter: { readonly from: string; readonly to: string }): Promise<readonly CoverageDay[]>;
  gaps(): Promise<readonly Gap[]>;
  freshness(): Promise<readonly Freshness[]>;
  /** Newest first. */
  recentLoads(limit: number): Promise<readonly RecentLoad[]>;
}

/** One dataset on one UTC day. */
export interface CoverageDay {
  readonly account: string;
  readonly dataset: string;
  readonly day: string;
  readonly units: string;
  readonly loaded: string;
  /** Of the units' states the one that most wants attention. */
  readonly state: UnitState;
  readonly rows: string;
  readonly rejects: string;
}

export interface Gap {
  readonly account: string;
  readonly dataset: string;
  readonly report_key: string;
  readonly state: UnitState;
  readonly error_message: string | null;
  /** Until the vendor drops it; null when that is not known. */
  readonly days_left: string | null;
}

export interface Freshness {
  readonly account: string;
  readonly dataset: string;
  /** Exclusive end of what is loaded without a gap. */
  readonly complete_through: Date | null;
  readonly settled_through: Date | null;
  readonly newest_loaded_at: Date | null;
  readonly gaps: string;
}

export interface RecentLoad {
  readonly account: string;
  readonly dataset: string;
  readonly report_key: string;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly outcome: string;
  readonly rows_inserted: string;
  readonly rows_updated: string;
  readonly rows_unchanged: string;
  readonly rows_deleted: string;
  readonly rejects: string;
  readonly bytes: string;
}
