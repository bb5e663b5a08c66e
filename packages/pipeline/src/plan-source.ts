import {
  type DiscoverRange,
  dayPeriod,
  dayStart,
  isLate,
  type Ledger,
  type Source,
  type SourceContext,
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
