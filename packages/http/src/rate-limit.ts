/**
 * - `perSecond`: evenly spaced, for limits counted per second, where a burst would already be too much.
 * - `requests` in `perMs`: a sliding window that allows a burst.
 */
export type RateLimit =
  | { readonly perSecond: number }
  | { readonly requests: number; readonly perMs: number };

export function toWindow(limit: RateLimit | undefined): { requests: number; perMs: number } {
  if (limit === undefined) return { requests: Number.POSITIVE_INFINITY, perMs: 0 };
  if ('perSecond' in limit) return { requests: 1, perMs: 1000 / limit.perSecond };
  return limit;
}
