/** Real elapsed time, apart from the Clock: a demo or test may move the Clock, but sockets and waits are real. */
export interface Timers {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Rejects with the signal's reason when it aborts first. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** Longest delay setTimeout takes; longer ones would fire at once. */
const MAX_TIMEOUT_MS = 2_147_483_647;

export const systemTimers: Timers = {
  nowMs: () => performance.now(),
  sleep: (durationMs, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.min(Math.max(durationMs, 0), MAX_TIMEOUT_MS),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};
