import { type Clock, type Logger, settlesWithin, systemClock } from '@edgeledger/core';
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

/** One read of the store; so soon a flushed one is noticed, and what it held is planned again. */
export const CHECK_EVERY_MS = 20_000;

export interface SchedulerOptions {
  readonly backend: QueueBackend;
  readonly sources: readonly ScheduledSource[];
  readonly schedule?: Schedule;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** How often the schedules are looked after, in ms. Default {@link CHECK_EVERY_MS}. */
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
  const { backend, sources, logger, clock = systemClock } = options;
  const producer = createProducer(backend);
  const schedule = options.schedule ?? DEFAULT_SCHEDULE;
  const planAll = async (queueLostAt: Date | undefined): Promise<void> => {
    const known = queueLostAt === undefined ? {} : { queueLostAt: queueLostAt.toISOString() };
    for (const { sourceId } of sources)
      await producer.enqueueTick({ sourceId, reason: 'reconcile', ...known });
  };
  // taken before the schedules are there: what their first tick begins is not from before the loss
  const startedAt = clock.now();
  const result = await registerSchedules(backend, sources, schedule);
  await planAll(result.kept === 0 ? startedAt : undefined);
  logger.info({ sources: sources.map(({ sourceId }) => sourceId), ...result }, 'schedules registered');

  // stays until the plan is on the queue: the store may go away again between the two
  let lostAt: Date | undefined;
  const lookAfter = async (): Promise<void> => {
    try {
      const lookedAt = clock.now();
      const { changed } = await registerSchedules(backend, sources, schedule, { onlyMissing: true });
      if (changed > 0) {
        logger.warn({ changed }, 'schedules were lost and are registered again');
        lostAt ??= lookedAt;
      }
      if (lostAt === undefined) return;
      await planAll(lostAt);
      lostAt = undefined;
    } catch (error) {
      logger.warn({ error: error instanceof Error ? error.message : String(error) }, 'schedules not checked');
    }
  };
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= lookAfter().finally(() => {
      running = undefined;
    });
  }, options.checkEveryMs ?? CHECK_EVERY_MS);
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
