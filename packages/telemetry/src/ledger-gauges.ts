import { UNIT_STATES } from '@edgeledger/core';
import { type Instruments, splitScope } from './instruments.ts';
import type { LedgerFacts } from './ledger-facts.ts';
import type { KnownLimits } from './measured-rate-budget.ts';

const STARTED_OUTCOMES = ['published', 'unchanged', 'failed'] as const;

/** Puts what the ledger says in place of what it said before; without facts nothing is said. */
export function setLedgerGauges(
  instruments: Instruments,
  facts: LedgerFacts | undefined,
  limits: KnownLimits,
): void {
  const { loads, completeThrough, gaps, daysToLoss, units, budgetRemaining } = instruments;
  for (const gauge of [completeThrough, gaps, daysToLoss, units, budgetRemaining]) gauge.reset();
  if (facts === undefined) return;
  for (const { account, dataset, ...one } of facts.datasets) {
    const labels = { account, dataset };
    gaps.set(labels, one.gaps);
    if (one.completeThrough !== null) completeThrough.set(labels, one.completeThrough.getTime() / 1000);
    if (one.daysToLoss !== null) daysToLoss.set(labels, one.daysToLoss);
    // a state nobody is in is 0, not unknown: alerts compare it
    for (const state of UNIT_STATES) units.set({ ...labels, state }, 0);
    // a counter that first shows up above 0 has no increase: it has to be there before
    for (const outcome of STARTED_OUTCOMES) loads.inc({ dataset, outcome }, 0);
  }
  for (const { account, dataset, state, count } of facts.units) units.set({ account, dataset, state }, count);
  for (const [key, limit] of limits) {
    const used = facts.budgets.find((budget) => budget.key === key);
    const [vendor, account, endpoint] = splitScope(key);
    const left = used?.isPaused === true ? 0 : Math.max(0, limit - (used?.taken ?? 0));
    budgetRemaining.set({ vendor, account, endpoint: endpoint === '' ? 'all' : endpoint }, left);
  }
}
