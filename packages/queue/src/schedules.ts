import { ConfigError, MINUTE_MS, type Vendor } from '@edgeledger/core';
import { defaultRepeatStrategy, type JobSchedulerJson } from 'bullmq';
import type { QueueBackend } from './backend.ts';
import { isTickReason, joinId, type PlanSourcePayload, type TickReason } from './catalog.ts';
import { toRetryOptions } from './producer.ts';
import { withStore } from './store-errors.ts';

export interface ScheduledSource {
  readonly sourceId: string;
  readonly vendor: Vendor;
  /** Also plan the running day, that often; absent: once a day only. */
  readonly everyMinutes?: number;
}

/** Cron patterns in UTC, one per vendor, and how often missing units are looked for. */
export interface Schedule extends Readonly<Record<Vendor, string>> {
  readonly reconcileMinutes: number;
}

export const DEFAULT_SCHEDULE: Schedule = { imgix: '5 4 * * *', akamai: '15 4 * * *', reconcileMinutes: 30 };

export interface NextTick {
  readonly sourceId: string;
  readonly reason: TickReason;
  readonly at: Date;
}

interface WantedScheduler {
  readonly id: string;
  readonly repeat: { readonly pattern: string; readonly tz: 'UTC' } | { readonly every: number };
  readonly tick: PlanSourcePayload;
}

/**
 * Makes the schedulers equal to what is configured: adds, corrects, and removes those of sources that are gone.
 * Call it at every start; a tick that is already planned stays where it is. With `onlyMissing` it leaves alone
 * what is as configured, which suits a periodic check: a flushed Redis has lost its schedulers. Without it every
 * one is written again, which also revives one whose next job BullMQ failed to add. A schedule only triggers
 * planning, so neither a missed nor a doubled tick matters.
 *
 * @throws ConfigError `config.invalid` for a pattern that is not cron or an interval that is not positive.
 */
export async function registerSchedules(
  backend: QueueBackend,
  sources: readonly ScheduledSource[],
  schedule: Schedule,
  options: { readonly onlyMissing?: boolean } = {},
): Promise<{ readonly changed: number; readonly removed: number; readonly kept: number }> {
  const wanted = sources.flatMap((source) => toSchedulers(source, schedule));
  for (const scheduler of wanted) assertRepeat(scheduler);
  return await withStore('Registering schedules', async () => {
    const queue = backend.queues.ticks;
    const present = new Map((await queue.getJobSchedulers()).map((scheduler) => [scheduler.key, scheduler]));
    let changed = 0;
    for (const { id, repeat, tick } of wanted) {
      const isSame = isAsWanted(present.get(id), repeat);
      present.delete(id);
      if (!isSame) changed += 1;
      if (isSame && options.onlyMissing === true) continue;
      // each tick is a trace of its own: else every one would go on with the trace of the one before it
      const jobOptions = { ...toRetryOptions(backend, 'plan.source'), telemetry: { omitContext: true } };
      await queue.upsertJobScheduler(id, repeat, { name: 'plan.source', data: tick, opts: jobOptions });
    }
    for (const id of present.keys()) await queue.removeJobScheduler(id);
    return { changed, removed: present.size, kept: wanted.length - changed };
  });
}

function isAsWanted(present: JobSchedulerJson | undefined, repeat: WantedScheduler['repeat']): boolean {
  if (present === undefined) return false;
  if ('every' in repeat) return present.every === repeat.every;
  return present.pattern === repeat.pattern && present.tz === repeat.tz;
}

/** When the schedules fire next, soonest first. */
export async function nextTicks(backend: QueueBackend): Promise<readonly NextTick[]> {
  const schedulers = await withStore('Reading schedules', () => backend.queues.ticks.getJobSchedulers());
  return schedulers
    .flatMap(({ next, template }) => {
      const tick: unknown = template?.data;
      if (next === undefined || typeof tick !== 'object' || tick === null) return [];
      if (!('sourceId' in tick) || !('reason' in tick) || !isTickReason(tick.reason)) return [];
      return [{ sourceId: String(tick.sourceId), reason: tick.reason, at: new Date(next) }];
    })
    .sort((left, right) => left.at.getTime() - right.at.getTime());
}

function toSchedulers(source: ScheduledSource, schedule: Schedule): WantedScheduler[] {
  const { sourceId, vendor, everyMinutes } = source;
  const make = (reason: TickReason, repeat: WantedScheduler['repeat']): WantedScheduler => ({
    id: joinId([reason, sourceId]),
    repeat,
    tick: { sourceId, reason },
  });
  return [
    make('daily', { pattern: schedule[vendor], tz: 'UTC' }),
    make('reconcile', { every: schedule.reconcileMinutes * MINUTE_MS }),
    ...(everyMinutes === undefined ? [] : [make('running-day', { every: everyMinutes * MINUTE_MS })]),
  ];
}

function assertRepeat({ id, repeat }: WantedScheduler): void {
  if ('every' in repeat) {
    if (Number.isSafeInteger(repeat.every) && repeat.every >= MINUTE_MS) return;
    throw new ConfigError(
      'config.invalid',
      `Scheduling ${id}: every ${repeat.every / MINUTE_MS} minutes is no interval. Give whole minutes, 1 or more.`,
    );
  }
  try {
    if (defaultRepeatStrategy(Date.now(), repeat) !== undefined) return;
  } catch {
    // told below, in our words
  }
  throw new ConfigError(
    'config.invalid',
    `Scheduling ${id}: "${repeat.pattern}" is not a cron pattern. Give five fields, in UTC, for example "5 4 * * *".`,
  );
}
