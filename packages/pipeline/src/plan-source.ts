import {
  addDays,
  type DiscoverRange,
  dayPeriod,
  dayStart,
  type ExpectedUnit,
  isLate,
  type Ledger,
  type Source,
  type SourceContext,
  toUnitId,
  type UtcDay,
} from '@edgeledger/core';
import { type Plan, type PlanOptions, plan } from './plan.ts';

/** Asks the source what should exist, the ledger what does, and plans the difference. Changes nothing. */
export async function planSource(
  source: Source,
  ledger: Pick<Ledger, 'findUnits' | 'findFirstDays'>,
  range: DiscoverRange,
  context: SourceContext & PlanOptions,
): Promise<Plan> {
  const firstDays = await ledger.findFirstDays(source.account);
  const expected = await source.discover({ ...range, firstDays }, context);
  const records = await ledger.findUnits({
    account: source.account,
    from: dayStart(range.from),
    to: dayPeriod(range.to).end,
    datasets: range.datasets ?? source.datasets.map((dataset) => dataset.name),
  });
  return plan(expected, records, context.now, context);
}

/**
 * What is older than the days that ticks look at, was asked for once (a `backfill` of earlier days) and is still owed: also that
 * heals by itself, whatever became of its jobs. Only these units: other reports of those days are nobody's wish.
 */
export async function planOlder(
  source: Source,
  ledger: Pick<Ledger, 'findUnits' | 'findFirstDays' | 'findOpen'>,
  { before, datasets }: { readonly before: UtcDay; readonly datasets?: readonly string[] | undefined },
  context: SourceContext & PlanOptions,
): Promise<Plan | undefined> {
  const open = await ledger.findOpen({
    account: source.account,
    datasets: datasets ?? source.datasets.map((dataset) => dataset.name),
    before,
    now: context.now,
  });
  const [first] = open;
  if (first === undefined) return undefined;
  const range = {
    from: first.day,
    to: addDays(before, -1),
    datasets: [...new Set(open.map(({ dataset }) => dataset))],
  };
  const found = await planSource(source, ledger, range, context);
  const wanted = new Set(open.map(toUnitId));
  const isWanted = ({ unit }: { readonly unit: ExpectedUnit }): boolean => wanted.has(toUnitId(unit));
  return {
    load: found.load.filter(isWanted),
    waiting: found.waiting.filter(isWanted),
    running: found.running.filter(isWanted),
    lost: found.lost.filter((unit) => wanted.has(toUnitId(unit))),
    covered: found.covered.filter((unit) => wanted.has(toUnitId(unit))),
  };
}

/** The units of both, those of the first one first. */
export function joinPlans(first: Plan, second: Plan): Plan {
  return {
    load: [...first.load, ...second.load],
    waiting: [...first.waiting, ...second.waiting],
    running: [...first.running, ...second.running],
    lost: [...first.lost, ...second.lost],
    covered: [...first.covered, ...second.covered],
  };
}

export interface PlanRecord {
  readonly now: Date;
  /** How long after its due time a unit that is not there is reported, in ms. */
  readonly lateAfterMs?: number | undefined;
}

/** Writes down what the plan found, so that coverage and gaps are right even if nothing is loaded after. */
export async function recordPlan(
  found: Plan,
  source: Source,
  ledger: Ledger,
  { now, lateAfterMs }: PlanRecord,
): Promise<void> {
  const all = [
    ...found.load.map((item) => item.unit),
    ...found.waiting.map((item) => item.unit),
    ...found.lost,
  ];
  await ledger.recordExpected([...all, ...found.covered, ...found.running.map(({ unit }) => unit)], now);
  for (const { unit, until, reason, hasFailed } of found.waiting) {
    if (hasFailed !== true) await ledger.recordWaiting(unit, until, reason);
  }
  const late = found.waiting.filter(({ unit }) => isLate(unit.dueAt, now, lateAfterMs));
  await ledger.recordLate(
    late.map(({ unit, reason }) => ({ unit, reason, dueAt: unit.dueAt, expiresAt: unit.expiresAt })),
    now,
  );
  // also what is older than the days that were planned
  await ledger.recordExpired(
    source.account,
    source.datasets.map((dataset) => dataset.name),
    now,
  );
}
