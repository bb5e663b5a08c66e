import type { Milestone } from '@edgeledger/core';
import { CRASH_TABLE } from './crash-table.ts';
import type { Backend, Lab } from './lab.ts';
import type { StopOrder } from './orders.ts';
import { isQueueIdle } from './recovery.ts';
import { isWorkerScenario, prepareBench, type References, recover, startScenario } from './scenario.ts';
import type { Subject } from './subject.ts';
import { holdsWithin } from './until.ts';

/** What became of one fault. It is proved when `problems` is empty. */
export interface CaseResult {
  readonly name: string;
  readonly backend: Backend;
  /** How often it was injected. */
  readonly injected: number;
  /** Rows that were compared. */
  readonly rows: number;
  readonly problems: readonly string[];
  readonly durationMs: number;
  /** What the process wrote that did the work in the end. */
  readonly log: string;
}

export interface CaseContext {
  readonly lab: Lab;
  readonly references: References;
}

/** A subject has so long to get where it is to be killed. */
const REACH_LIMIT_MS = 60_000;

/** Kills a process at a milestone, starts it again, and compares with a run that nothing happened to. */
export async function runCrashCase(
  { lab, references }: CaseContext,
  milestone: Milestone,
  backend: Backend,
): Promise<CaseResult> {
  const startedAt = performance.now();
  const { scenario, nth } = CRASH_TABLE[milestone];
  const expected = await references.get(scenario);
  await using bench = await prepareBench(lab, scenario, backend);
  const stopAt: StopOrder = { milestone, nth, how: 'kill' };
  const subject = await startScenario(bench, scenario, (args) => bench.start(args, { stopAt }));
  const isHit = await untilKilled(
    subject,
    async () => isWorkerScenario(scenario) && (await isQueueIdle(bench)),
  );
  const problems = isHit ? [] : [`it was not killed: ${subject.output().slice(-600)}`];
  if (!isHit && subject.isRunning()) await subject.stop();
  const recovery = await recover(bench, scenario, expected);
  return {
    name: `killed: ${milestone}`,
    backend,
    injected: isHit ? 1 : 0,
    rows: recovery.rows,
    problems: [...problems, ...recovery.problems],
    durationMs: performance.now() - startedAt,
    log: recovery.log,
  };
}

/** False when it ended otherwise, or had nothing left to do. */
async function untilKilled(subject: Subject, hasNothingToDo: () => Promise<boolean>): Promise<boolean> {
  await holdsWithin(REACH_LIMIT_MS, async () => !subject.isRunning() || (await hasNothingToDo()));
  // what was asked last may have been answered while it died
  if (subject.isRunning()) return false;
  return (await subject.exited).signal === 'SIGKILL';
}
