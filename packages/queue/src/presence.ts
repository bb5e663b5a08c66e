import type { QueueBackend } from './backend.ts';
import { QUEUE_KEYS, type QueueKey } from './catalog.ts';
import { withStore } from './store-errors.ts';

/** Who is there to do what is asked for. */
export interface Presence {
  /** Workers that are connected now, by queue; undefined where the store does not tell: some managed Redis servers refuse CLIENT. */
  readonly workers: Readonly<Record<QueueKey, number>> | undefined;
  /** Whether any tick is scheduled. A scheduler sees to that at its start, and every few seconds. */
  readonly hasSchedule: boolean;
}

/**
 * A worker is connected as long as its process holds its connection: one that is killed is gone at once, one that is frozen is
 * not. While the store restarts there are none.
 *
 * @throws TransientError `queue.unavailable`
 */
export async function readPresence(backend: QueueBackend): Promise<Presence> {
  const [workers, schedules] = await Promise.all([
    readWorkers(backend),
    withStore('Counting schedules', () => backend.queues.ticks.getJobSchedulersCount()),
  ]);
  return { workers, hasSchedule: schedules > 0 };
}

/** @throws TransientError `queue.unavailable` */
export async function readWorkers(backend: QueueBackend): Promise<Presence['workers']> {
  const counts = await Promise.all(QUEUE_KEYS.map((key) => countWorkers(backend, key)));
  if (counts.includes(undefined)) return undefined;
  return Object.fromEntries(QUEUE_KEYS.map((key, index) => [key, counts[index]])) as Record<QueueKey, number>;
}

async function countWorkers(backend: QueueBackend, key: QueueKey): Promise<number | undefined> {
  const clients = await withStore('Looking for workers', async () => {
    try {
      return await backend.queues[key].getWorkers();
    } catch (error) {
      // the server answers, and does not tell this user
      if (error instanceof Error && error.name === 'ReplyError') return undefined;
      throw error;
    }
  });
  // in place of the error of a server without CLIENT, BullMQ gives one client of that name
  if (clients === undefined || clients.some((client) => client.name?.startsWith('GCP '))) return undefined;
  return clients.length;
}

/** True when it is known that nobody would take a job. */
export function isUnattended({ workers }: Pick<Presence, 'workers'>): boolean {
  return workers !== undefined && Object.values(workers).every((count) => count === 0);
}
