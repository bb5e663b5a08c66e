import {
  type DiscoverRange,
  dayPeriod,
  dayStart,
  type Ledger,
  type Source,
  type SourceContext,
} from '@edgeledger/core';
import { type Plan, type PlanOptions, plan } from './plan.ts';

/** Asks the source what should exist, the ledger what does, and plans the difference. Changes nothing. */
export async function planSource(
  source: Source,
  ledger: Pick<Ledger, 'findUnits'>,
  range: DiscoverRange,
  context: SourceContext & PlanOptions,
): Promise<Plan> {
  const expected = await source.discover(range, context);
  const records = await ledger.findUnits({
    account: source.account,
    from: dayStart(range.from),
    to: dayPeriod(range.to).end,
    datasets: range.datasets ?? source.datasets.map((dataset) => dataset.name),
  });
  return plan(expected, records, context.now, context);
}

/** Writes down what the plan found, so that coverage and gaps are right even if nothing is loaded after. */
export async function recordPlan(found: Plan, source: Source, ledger: Ledger, now: Date): Promise<void> {
  const all = [
    ...found.load.map((item) => item.unit),
    ...found.waiting.map((item) => item.unit),
    ...found.lost,
  ];
  await ledger.recordExpected([...all, ...found.covered, ...found.running], now);
  for (const { unit, until, reason } of found.waiting) await ledger.recordWaiting(unit, until, reason);
  // also what is older than the days that were planned
  await ledger.recordExpired(
    source.account,
    source.datasets.map((dataset) => dataset.name),
    now,
  );
}
