import { setTimeout as pause } from 'node:timers/promises';

export interface FreshAnswerOptions {
  /** An answer is given again for so long. */
  readonly keepMs: number;
  /** Nobody waits longer than that. */
  readonly limitMs: number;
  readonly nowMs: () => number;
}

/**
 * Asks at most once at a time and at most every `keepMs`, whoever wants to know; a question that takes too long
 * goes on by itself while its askers get the error.
 */
export function createFreshAnswer<T>(
  ask: () => Promise<T>,
  { keepMs, limitMs, nowMs }: FreshAnswerOptions,
): () => Promise<T> {
  let answered: { readonly value: T; readonly atMs: number } | undefined;
  let asking: Promise<T> | undefined;
  return async () => {
    if (answered !== undefined && nowMs() - answered.atMs < keepMs) return answered.value;
    if (asking === undefined) {
      asking = ask().then((value) => {
        answered = { value, atMs: nowMs() };
        return value;
      });
      const clear = (): void => {
        asking = undefined;
      };
      asking.then(clear, clear);
    }
    return await withinLimit(asking, limitMs);
  };
}

/** Rejects when the work takes longer; the work itself goes on. */
export async function withinLimit<T>(work: Promise<T>, limitMs: number): Promise<T> {
  const timer = new AbortController();
  const late = pause(limitMs, undefined, { signal: timer.signal, ref: false }).then(
    () => {
      throw new Error(`no answer within ${limitMs} ms`);
    },
    // the timer was stopped, and with it the race is over
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
