/** Where "now" comes from. Decisions take `now` or a Clock; nothing reads the system time by itself. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/** A clock that tests and the demo move by hand. */
export interface ManualClock extends Clock {
  set(instant: Date): void;
  advance(durationMs: number): void;
}

export function createManualClock(start: Date): ManualClock {
  let current = start.getTime();
  return {
    now: () => new Date(current),
    set: (instant) => {
      current = instant.getTime();
    },
    advance: (durationMs) => {
      current += durationMs;
    },
  };
}
