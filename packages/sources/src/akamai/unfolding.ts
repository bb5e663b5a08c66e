import { toUnitId, type UnitKey } from '@edgeledger/core';
import type { AkamaiWindow } from './window.ts';

/** Windows of one unit that are read in halves because rows were folded in them: all five minutes of a day, twice. */
const MAX_WINDOWS = 600;

export interface Unfolding {
  mayUnfold(unit: UnitKey, window: AkamaiWindow): boolean;
  /** A new reading of the unit begins. */
  forget(unit: UnitKey): void;
}

/**
 * Halving windows down to one second shows the rows that an `Other` row stands for. Should a vendor put one
 * into every answer, that would never end in a day; so each reading of a unit may do it a bounded number of
 * times, and keeps the rows as they are after that.
 */
export function createUnfolding(): Unfolding {
  const windows = new Map<string, Set<string>>();
  return {
    mayUnfold: (unit, window) => {
      const key = toUnitId(unit);
      const seen = windows.get(key) ?? new Set<string>();
      windows.set(key, seen);
      const name = `${window.start.getTime()}/${window.end.getTime()}/${window.objectId}`;
      if (!seen.has(name) && seen.size >= MAX_WINDOWS) return false;
      seen.add(name);
      return true;
    },
    forget: (unit) => {
      windows.delete(toUnitId(unit));
    },
  };
}
