/** A clock that only moves when told to. `now` needs no `this`, so it can be passed as an option. */
export interface ManualClock {
  now: () => Date;
  set(instant: Date): void;
  advance(milliseconds: number): void;
}

/** Creates a clock that stands still at `start` until it is set or advanced. */
export function createManualClock(start: Date): ManualClock {
  let currentMs = start.getTime();
  return {
    now: () => new Date(currentMs),
    set: (instant) => {
      currentMs = instant.getTime();
    },
    advance: (milliseconds) => {
      currentMs += milliseconds;
    },
  };
}

/** Creates a clock that shows `start` now and runs at the speed of the real one. */
export function createOffsetClock(start: Date): () => Date {
  const offsetMs = start.getTime() - Date.now();
  return () => new Date(Date.now() + offsetMs);
}
