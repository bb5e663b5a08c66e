import { setTimeout as pause } from 'node:timers/promises';
import type { QueueBackend } from './backend.ts';
import { QUEUE_KEYS, type QueueKey } from './catalog.ts';
import { withStore } from './store-errors.ts';

export interface QueueCounts {
  /** Could run now. */
  readonly waiting: number;
  readonly active: number;
  /** Not ready, throttled, or between two attempts. */
  readonly delayed: number;
  /** Reports whose parts are not all staged. */
  readonly waitingChildren: number;
  readonly failed: number;
  readonly completed: number;
}

export async function readCounts(backend: QueueBackend): Promise<Readonly<Record<QueueKey, QueueCounts>>> {
  const entries = await Promise.all(
    QUEUE_KEYS.map(async (key) => {
      const counts = await withStore('Counting jobs', () => backend.queues[key].getJobCounts());
      const of = (state: string): number => counts[state] ?? 0;
      return [
        key,
        {
          waiting: of('waiting') + of('prioritized') + of('paused'),
          active: of('active'),
          delayed: of('delayed'),
          waitingChildren: of('waiting-children'),
          failed: of('failed'),
          completed: of('completed'),
        } satisfies QueueCounts,
      ];
    }),
  );
  return Object.fromEntries(entries) as Record<QueueKey, QueueCounts>;
}

export interface IdleOptions {
  readonly pollMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Resolves when no queue has a job that could run now or runs, with the number of delayed jobs that stay
 * behind. Asks twice, because a job may move from one queue to another between two questions.
 */
export async function waitUntilIdle(
  backend: QueueBackend,
  options: IdleOptions = {},
): Promise<{ readonly delayed: number; readonly failed: number }> {
  let idleBefore = false;
  for (;;) {
    options.signal?.throwIfAborted();
    const counts = Object.values(await readCounts(backend));
    const isIdle = counts.every((queue) => queue.waiting === 0 && queue.active === 0);
    if (isIdle && idleBefore) {
      const sum = (state: 'delayed' | 'failed'): number =>
        counts.reduce((total, queue) => total + queue[state], 0);
      return { delayed: sum('delayed'), failed: sum('failed') };
    }
    idleBefore = isIdle;
    await pause(
      options.pollMs ?? 200,
      undefined,
      options.signal === undefined ? {} : { signal: options.signal },
    );
  }
}
