import {
  type RateBudget,
  type RateLimitKey,
  type RateRequest,
  ThrottledError,
  toReserve,
} from '@edgeledger/core';
import type { Timers } from './timers.ts';

interface Place {
  /** Unknown while the request is on its way. */
  freeAtMs: number;
}

interface KeyState {
  places: Place[];
  pausedUntilMs: number;
  /** Wakes who waits for a place whose end was not known. */
  wake: (() => void)[];
}

/** The budget of one process, for when no shared one is given. */
export function createLocalRateBudget(timers: Timers): RateBudget {
  const states = new Map<string, KeyState>();
  const stateOf = (limit: RateLimitKey): KeyState => {
    const known = states.get(limit.key);
    if (known !== undefined) return known;
    const created: KeyState = { places: [], pausedUntilMs: 0, wake: [] };
    states.set(limit.key, created);
    return created;
  };

  async function take(limit: RateLimitKey, request: RateRequest) {
    const state = stateOf(limit);
    for (;;) {
      request.signal?.throwIfAborted();
      const nowMs = timers.nowMs();
      const pausedMs = state.pausedUntilMs - nowMs;
      if (pausedMs > request.maxPauseMs) throw toPausedError(limit, pausedMs);
      const wait = pausedMs > 0 ? pausedMs : findWait(state, limit, request, nowMs);
      if (wait === undefined) return occupy(state, limit);
      if (wait === 'unknown') await untilWoken(state, request.signal);
      else await timers.sleep(wait, request.signal);
    }
  }

  function occupy(state: KeyState, limit: RateLimitKey) {
    const place: Place = { freeAtMs: Number.POSITIVE_INFINITY };
    if (Number.isFinite(limit.requests)) state.places.push(place);
    return {
      release() {
        if (Number.isFinite(place.freeAtMs)) return;
        place.freeAtMs = timers.nowMs() + limit.perMs;
        for (const wake of state.wake.splice(0)) wake();
      },
    };
  }

  return {
    take,
    pause: async (limit, durationMs) => {
      const state = stateOf(limit);
      state.pausedUntilMs = Math.max(state.pausedUntilMs, timers.nowMs() + durationMs);
    },
  };
}

/** `undefined`: there is a place; `unknown`: one of those on their way has to come back first. */
function findWait(
  state: KeyState,
  limit: RateLimitKey,
  { lane }: RateRequest,
  nowMs: number,
): number | 'unknown' | undefined {
  state.places = state.places.filter((place) => place.freeAtMs > nowMs);
  const allowed = lane === 'live' ? limit.requests : limit.requests - toReserve(limit.requests);
  if (state.places.length < allowed) return undefined;
  const ends = state.places.map((place) => place.freeAtMs).sort((one, other) => one - other);
  const freeAtMs = ends[state.places.length - allowed] ?? Number.POSITIVE_INFINITY;
  return Number.isFinite(freeAtMs) ? freeAtMs - nowMs : 'unknown';
}

function untilWoken(state: KeyState, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    state.wake.push(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}

export function toPausedError(limit: RateLimitKey, pausedMs: number): ThrottledError {
  const seconds = Math.ceil(pausedMs / 1000);
  return new ThrottledError(
    `The vendor asked for a pause of ${limit.key}, ${seconds} s are left. It is asked again when it is over.`,
    pausedMs,
  );
}
