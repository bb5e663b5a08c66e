import type { Clock } from '@edgeledger/core';

/** Failed log-ins, counted by address and by user, in the memory of this process. */
export interface Attempts {
  /** Seconds until the next attempt is looked at; 0: now. */
  secondsToWait(attempt: Attempt): number;
  recordFailure(attempt: Attempt): void;
  recordSuccess(attempt: Attempt): void;
}

export interface Attempt {
  readonly address: string;
  readonly user: string;
}

const WINDOW_MS = 5 * 60_000;
const MAX_OF_ADDRESS = 10;
/** Higher, because it holds for everybody who tries that name, wherever they are. */
const MAX_OF_USER = 30;
/** So that guessed names and borrowed addresses cannot fill the memory. */
const MAX_ENTRIES = 10_000;

/** The times of the failures that still count. */
type Failures = Map<string, number[]>;

export function createAttempts(clock: Clock): Attempts {
  const byAddress: Failures = new Map();
  const byUser: Failures = new Map();
  /** An attacker must not lock out whoever came in from here before. */
  const known = new Set<string>();

  const waitMs = (failures: Failures, key: string, limit: number): number => {
    const now = clock.now().getTime();
    const times = (failures.get(key) ?? []).filter((time) => time > now - WINDOW_MS);
    const first = times[times.length - limit];
    return first === undefined ? 0 : first + WINDOW_MS - now;
  };
  const add = (failures: Failures, key: string, limit: number): void => {
    const times = [...(failures.get(key) ?? []), clock.now().getTime()].slice(-limit);
    // deleted first: the oldest key is the one that goes when there are too many
    failures.delete(key);
    failures.set(key, times);
    const [oldest] = failures.keys();
    if (failures.size > MAX_ENTRIES && oldest !== undefined) failures.delete(oldest);
  };
  const toKnown = ({ address, user }: Attempt): string => JSON.stringify([address, user]);
  return {
    secondsToWait: (attempt) => {
      const ofUser = known.has(toKnown(attempt)) ? 0 : waitMs(byUser, attempt.user, MAX_OF_USER);
      return Math.ceil(Math.max(ofUser, waitMs(byAddress, attempt.address, MAX_OF_ADDRESS)) / 1000);
    },
    recordFailure: ({ address, user }) => {
      add(byAddress, address, MAX_OF_ADDRESS);
      add(byUser, user.slice(0, 200), MAX_OF_USER);
    },
    recordSuccess: (attempt) => {
      byAddress.delete(attempt.address);
      if (known.size < MAX_ENTRIES) known.add(toKnown(attempt));
    },
  };
}
