import { type Logger, MINUTE_MS, settlesWithin } from '@edgeledger/core';
import {
  createProducer,
  DEFAULT_SCHEDULE,
  type NextTick,
  nextTicks,
  type QueueBackend,
  registerSchedules,
  type Schedule,
  type ScheduledSource,
} from '@edgeledger/queue';

export interface SchedulerOptions {
  readonly backend: QueueBackend;
  readonly sources: readonly ScheduledSource[];
  readonly schedule?: Schedule;
  readonly logger: Logger;
  /** How often the schedules are looked after, in ms. */
  readonly checkEveryMs?: number;
}

const CLOSE_LIMIT_MS = 2_000;

export interface Scheduler {
  nextTicks(): Promise<readonly NextTick[]>;
  /** Stops looking after the schedules; they stay in the store. The backend stays open. */
  close(): Promise<void>;
}

/**
 * Registers the schedules, plans every source once (whatever was missed while nobody ran), and then makes sure
 * that they stay: a flushed Redis loses them. When some were lost, every source is planned again. Several
 * schedulers at once do no harm.
 *
 * @throws ConfigError for a schedule that is not one; TransientError when the store does not answer.
 */
export async function createScheduler(options: SchedulerOptions): Promise<Scheduler> {
  const { backend, sources, logger } = options;
  const producer = createProducer(backend);
  const schedule = options.schedule ?? DEFAULT_SCHEDULE;
  const planAll = async (): Promise<void> => {
    for (const { sourceId } of sources) await producer.enqueueTick({ sourceId, reason: 'reconcile' });
  };
  const result = await registerSchedules(backend, sources, schedule);
  await planAll();
  logger.info({ sources: sources.map(({ sourceId }) => sourceId), ...result }, 'schedules registered');

  const lookAfter = async (): Promise<void> => {
    try {
      const { changed } = await registerSchedules(backend, sources, schedule, { onlyMissing: true });
      if (changed === 0) return;
      logger.warn({ changed }, 'schedules were lost and are registered again');
      await planAll();
    } catch (error) {
      logger.warn({ error: error instanceof Error ? error.message : String(error) }, 'schedules not checked');
    }
  };
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= lookAfter().finally(() => {
      running = undefined;
    });
  }, options.checkEveryMs ?? MINUTE_MS);
  return {
    nextTicks: () => nextTicks(backend),
    close: async () => {
      clearInterval(timer);
      // it may wait for a store that does not answer; the schedules are in the store whatever it says
      if (running !== undefined) await settlesWithin(running, CLOSE_LIMIT_MS);
      await producer.close();
    },
  };
}
