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
const LONGEST_USER = 200;
/** So that guessed names and borrowed addresses cannot fill the memory. */
const MAX_ENTRIES = 10_000;

/** The failures that still count, by address or by user. */
type Failures = Map<string, Failure[]>;

interface Failure {
  readonly at: number;
  readonly user: string;
}

export function createAttempts(clock: Clock): Attempts {
  const byAddress: Failures = new Map();
  const byUser: Failures = new Map();
  /** An attacker must not lock out whoever came in from here before. */
  const known = new Set<string>();

  const waitMs = (failures: Failures, key: string, limit: number): number => {
    const now = clock.now().getTime();
    const times = (failures.get(key) ?? []).filter(({ at }) => at > now - WINDOW_MS);
    const first = times[times.length - limit]?.at;
    return first === undefined ? 0 : first + WINDOW_MS - now;
  };
  const add = (failures: Failures, key: string, { user, limit }: { user: string; limit: number }): void => {
    const times = [...(failures.get(key) ?? []), { at: clock.now().getTime(), user }].slice(-limit);
    // deleted first: the oldest key is the one that goes when there are too many
    failures.delete(key);
    failures.set(key, times);
    const [oldest] = failures.keys();
    if (failures.size > MAX_ENTRIES && oldest !== undefined) failures.delete(oldest);
  };
  const toKnown = ({ address, user }: Attempt): string => JSON.stringify([address, user]);
  return {
    secondsToWait: (attempt) => {
      const ofUser = known.has(toKnown(attempt))
        ? 0
        : waitMs(byUser, attempt.user.slice(0, LONGEST_USER), MAX_OF_USER);
      return Math.ceil(Math.max(ofUser, waitMs(byAddress, attempt.address, MAX_OF_ADDRESS)) / 1000);
    },
    recordFailure: ({ address, user: given }) => {
      const user = given.slice(0, LONGEST_USER);
      add(byAddress, address, { user, limit: MAX_OF_ADDRESS });
      add(byUser, user, { user, limit: MAX_OF_USER });
    },
    recordSuccess: (attempt) => {
      // those of this user alone: a viewer must not wipe out what they tried as an operator
      const others = byAddress.get(attempt.address)?.filter(({ user }) => user !== attempt.user) ?? [];
      if (others.length > 0) byAddress.set(attempt.address, others);
      else byAddress.delete(attempt.address);
      if (known.size < MAX_ENTRIES) known.add(toKnown(attempt));
    },
  };
}
