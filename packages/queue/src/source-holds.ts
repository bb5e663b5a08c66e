/**
 * Which sources asked for a pause, in this process.
 *
 * A vendor's 429 is about one credential, while BullMQ's `rateLimit` stops the whole queue: one account's
 * exhausted hour would stop every other account of that vendor, and the publishing of reports that are
 * already here. So the throttled job is delayed and its source is held: jobs of that source that come up
 * meanwhile are delayed likewise, without asking the vendor. Another process learns by its own 429.
 */
export interface SourceHolds {
  hold(sourceId: string, durationMs: number): void;
  /** 0 when the source is free. */
  remainingMs(sourceId: string): number;
}

/** @param nowMs a monotonic time in milliseconds: vendors say how long, not until when. */
export function createSourceHolds(nowMs: () => number): SourceHolds {
  const heldUntil = new Map<string, number>();
  return {
    hold: (sourceId, durationMs) => {
      heldUntil.set(sourceId, Math.max(heldUntil.get(sourceId) ?? 0, nowMs() + durationMs));
    },
    remainingMs: (sourceId) => {
      const remaining = (heldUntil.get(sourceId) ?? 0) - nowMs();
      if (remaining <= 0) heldUntil.delete(sourceId);
      return Math.max(0, Math.ceil(remaining));
    },
  };
}
