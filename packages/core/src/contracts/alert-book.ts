/**
 * - `failed`: a report cannot be loaded, or a source cannot be asked (then it has no report key).
 * - `rejects`: a report has more rejects than the thresholds allow.
 * - `late`: a report is not there long after it was due.
 * - `lost-soon`: a report is not loaded and its vendor drops it in a few days.
 * - `lost`: a report was not loaded before its vendor dropped it.
 * - `shrunk`: a report was issued again much smaller and is kept back.
 * - `schema-drift`: a report brought a column that its table did not have.
 */
export const ALERT_KINDS = [
  'failed',
  'rejects',
  'late',
  'lost-soon',
  'lost',
  'shrunk',
  'schema-drift',
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** Something a person should act on, from when it is found until it is over. */
export interface Alert {
  readonly alertId: string;
  readonly kind: AlertKind;
  readonly account: string;
  /** Dataset name; of a source that cannot be asked its vendor. */
  readonly dataset: string;
  /** Blank when it is about no single report. */
  readonly reportKey: string;
  /** What else identifies it: the column of a schema drift. Blank otherwise. */
  readonly subject: string;
  readonly message: string;
  readonly periodStart: Date | null;
  /** When the vendor drops the report. */
  readonly expiresAt: Date | null;
  readonly openedAt: Date;
  /** Null while it is open. */
  readonly resolvedAt: Date | null;
  /** When it was told; null: not yet. */
  readonly notifiedAt: Date | null;
  /** Deliveries that failed since it changed last, and why the last one did. */
  readonly attempts: number;
  readonly lastError: string | null;
}

export const DEFAULT_LOST_SOON_DAYS = 7;

export interface AlertRules {
  /** A report that is not loaded so many days before its vendor drops it. */
  readonly lostSoonDays: number;
}

/** State changes that one process has taken on to tell; nobody else gets them for a while. */
export interface AlertClaim {
  readonly claimId: string;
  readonly opened: readonly Alert[];
  readonly recovered: readonly Alert[];
}

/** Open and past alerts, kept in the warehouse so that each change is told once by whoever comes first. */
export interface AlertBook {
  /** Opens and resolves alerts by what the ledger says now. */
  refresh(now: Date, rules: AlertRules): Promise<void>;
  /** Takes on everything that is to be told and not taken on by another process; undefined: nothing is. */
  claim(now: Date): Promise<AlertClaim | undefined>;
  recordTold(claim: AlertClaim, now: Date): Promise<void>;
  /** Gives the changes back, to be told not before `retryAt`. */
  recordFailed(claim: AlertClaim, reason: string, retryAt: Date): Promise<void>;
  /** A source cannot be asked for its reports at all. `reason` undefined: it can again. */
  recordSource(
    source: { readonly vendor: string; readonly account: string },
    reason: string | undefined,
    now: Date,
  ): Promise<void>;
  findOpen(): Promise<readonly Alert[]>;
}
