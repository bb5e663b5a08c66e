/**
 * How many requests a vendor allows, per account and endpoint, to all of us together: vendors count by account,
 * not by client (akamai.md, section 1.9). One budget is shared by every worker of a warehouse.
 */
export interface RateBudget {
  /**
   * Resolves when one request may start. The place it holds is free again `perMs` after `release`, not after the
   * start: until its answer is here nobody knows when the vendor counted it. So no window of the vendor's length
   * ever sees more than `requests`, however long requests travel.
   *
   * @throws ThrottledError when the vendor's own pause is longer than `maxPauseMs`, or the signal's reason
   */
  take(limit: RateLimitKey, request: RateRequest): Promise<RatePlace>;
  /** The vendor said to wait: nobody starts a request of this limit for so long. Never shortens a pause. */
  pause(limit: RateLimitKey, durationMs: number): Promise<void>;
}

/** At most `requests` in any `perMs`, for what `key` names: `akamai/default/endpoint-usage-by-time`. */
export interface RateLimitKey {
  readonly key: string;
  readonly requests: number;
  readonly perMs: number;
}

/** `live` is what is due now; `backfill` leaves it a reserve. */
export type RateLane = 'live' | 'backfill';

export interface RateRequest {
  readonly lane: RateLane;
  readonly signal?: AbortSignal | undefined;
  /** Longest pause of the vendor's to wait out in place. */
  readonly maxPauseMs: number;
}

export interface RatePlace {
  /** The answer began to come, or the attempt failed. Safe to call twice; a place nobody releases expires. */
  release(): void;
}

/** How many of a budget's places backfills leave to live requests: a fifth, of few places one. */
export function toReserve(requests: number): number {
  if (!Number.isFinite(requests) || requests < 2) return 0;
  return Math.max(1, Math.floor(requests / 5));
}
