import {
  addDays,
  type DiscoverRange,
  type Source,
  type SourceContext,
  toUnitId,
  toUtcDay,
  type UnitRef,
} from '@edgeledger/core';
import {
  joinPlans,
  type LoadReason,
  type Plan,
  type PlannedUnit,
  type PlanOptions,
  planOlder,
  planSource,
  recordPlan,
} from '@edgeledger/pipeline';
import { type JobOutcome, type PlanSourcePayload, toUnitPayload } from '@edgeledger/queue';
import type { HandlerServices } from './handler-services.ts';

/** One planning tick of a source: clears away, plans, writes the plan down, enqueues what is to be loaded. */
export async function planTick(
  payload: PlanSourcePayload,
  source: Source,
  services: HandlerServices,
  signal: AbortSignal,
): Promise<JobOutcome> {
  const now = services.clock.now();
  await services.sweep(now, () => services.producer.findBegunReports());
  const context = {
    now,
    signal,
    logger: services.logger,
    isManual: payload.reason === 'backfill',
    queueLostAt: payload.queueLostAt === undefined ? undefined : new Date(payload.queueLostAt),
  };
  const planned = await planAll(payload, source, services, context);
  await recordPlan(planned, source, services.ledger, { now, lateAfterMs: services.lateAfterMs });
  services.passing?.('plan.recorded');
  const { load, orphans } = await sortOutBegun(planned, services);
  const { added } = await enqueuePlanned(source.id, { load, orphans }, services);
  await wakeLater(source.id, planned.waiting, services);
  services.passing?.('plan.enqueued');
  const found = {
    added,
    waiting: planned.waiting.length,
    lost: planned.lost.length,
    covered: planned.covered.length,
  };
  services.logger.info({ source: source.id, reason: payload.reason, ...found }, 'planned');
  await services.onSource?.(source, undefined);
  await services.tellAlerts?.();
  return { kind: 'done', result: found };
}

/** A tick that was not told its days also sees to what is still owed of earlier ones. */
async function planAll(
  payload: PlanSourcePayload,
  source: Source,
  services: HandlerServices,
  context: SourceContext & PlanOptions,
): Promise<Plan> {
  const range = toRange(payload, services);
  const planned = await planSource(source, services.ledger, range, context);
  if (payload.from !== undefined || payload.reason === 'running-day') return planned;
  const { datasets } = payload;
  const older = await planOlder(source, services.ledger, { before: range.from, datasets }, context);
  return older === undefined ? planned : joinPlans(planned, older);
}

interface ToEnqueue {
  readonly load: readonly PlannedUnit[];
  /** Under way as the ledger has it, and nothing the queue knows of. */
  readonly orphans: readonly PlannedUnit[];
}

async function enqueuePlanned(
  sourceId: string,
  { load, orphans }: ToEnqueue,
  { producer }: HandlerServices,
): Promise<{ readonly added: number }> {
  const toPayload = ({ unit, seenLoadId }: PlannedUnit) => toUnitPayload(sourceId, unit, seenLoadId);
  const [others, paused] = partition(load, ({ reason }) => reason === 'waited' || reason === 'failed before');
  const units = await producer.enqueueUnits([
    ...others.map(toPayload),
    ...orphans.map((item) => ({ ...toPayload(item), isOrphan: true })),
  ]);
  // what they wait for is there or over, which their jobs would find out only at the time that they were told
  const due = await producer.enqueueUnits(paused.map(toPayload), { isUrgent: true });
  return { added: units.added + due.added };
}

/**
 * Units that wait for a time that they were told have a job each, which is delayed until then. A queue that was lost has lost
 * these, too, and the tick after that time may be half an hour away. Where the job is still there, this adds nothing.
 */
async function wakeLater(
  sourceId: string,
  waiting: Plan['waiting'],
  { producer }: HandlerServices,
): Promise<void> {
  const told = waiting.filter(({ hasJob }) => hasJob === true);
  for (const [time, units] of Map.groupBy(told, ({ until }) => until.getTime())) {
    const payloads = units.map(({ unit, seenLoadId }) => toUnitPayload(sourceId, unit, seenLoadId));
    await producer.enqueueUnits(payloads, { startAt: new Date(time) });
  }
}

function partition<Item>(items: readonly Item[], belongsLast: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter((item) => !belongsLast(item)), items.filter(belongsLast)];
}

/** Reasons that say nothing about whether somebody is at the unit already. */
const MAY_BE_BEGUN: ReadonlySet<LoadReason> = new Set(['interrupted', 'revised', 'held', 'provisional']);

/**
 * What the ledger says of a unit under way, against what the queue knows. Without a job of it the queue was lost, and it is
 * begun anew. (Adding one that is in the queue as a whole adds nothing; one that a person's `run` is at is read twice at
 * worst.) With one, its parts may only have waited long for a worker: that is no interruption. A report of which parts are
 * jobs is not begun once more either because it was issued again: the tick after that begins it.
 */
async function sortOutBegun({ load, running }: Plan, { producer }: HandlerServices): Promise<ToEnqueue> {
  const mayBeBegun = ({ reason }: PlannedUnit): boolean => MAY_BE_BEGUN.has(reason);
  if (running.length === 0 && !load.some(mayBeBegun)) return { load, orphans: [] };
  const begun = await producer.findBegunReports();
  const hasJob = (unit: UnitRef): boolean => begun.has(toUnitId(unit));
  return {
    load: load.filter((item) => !mayBeBegun(item) || !hasJob(item.unit)),
    orphans: running.filter(({ unit }) => !hasJob(unit)),
  };
}

/** A tick for the running day looks at today alone; the others look back over whole days. */
function toRange(payload: PlanSourcePayload, services: HandlerServices): DiscoverRange {
  const today = toUtcDay(services.clock.now());
  const datasets = payload.datasets === undefined ? {} : { datasets: payload.datasets };
  if (payload.reason === 'running-day') return { from: today, to: today, ...datasets };
  const to = payload.to ?? addDays(today, -1);
  return { from: payload.from ?? addDays(to, 1 - services.backfillDays), to, ...datasets };
}
