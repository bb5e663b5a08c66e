import { MINUTE_MS } from './utc-day.ts';

/** From when on a revision counts as much smaller than what it would replace. Both must hold. */
export interface ShrinkLimits {
  /** It has less than this share of the visible rows, 0 to 1. 0 turns the guard off. */
  readonly minShare: number;
  /** At least so many rows are missing. */
  readonly minMissingRows: number;
  /** How much later a second reading with the same content confirms it, in ms. */
  readonly confirmAfterMs: number;
}

export const DEFAULT_SHRINK_LIMITS: ShrinkLimits = {
  minShare: 0.5,
  minMissingRows: 100,
  confirmAfterMs: MINUTE_MS,
};

export function isMuchSmaller(
  counts: { readonly visibleRows: number; readonly rows: number },
  limits: ShrinkLimits,
): boolean {
  const { visibleRows, rows } = counts;
  return visibleRows - rows >= Math.max(1, limits.minMissingRows) && rows < visibleRows * limits.minShare;
}
