import { MILESTONES, type Milestone } from '@edgeledger/core';
import { type CaseContext, type CaseResult, runCrashCase } from './crash-case.ts';
import { CRASH_TABLE } from './crash-table.ts';
import { runFaultCase } from './fault-case.ts';
import { FAULT_TABLE } from './fault-table.ts';
import type { Backend } from './lab.ts';
import { PROCESS_TABLE, runProcessCase } from './process-table.ts';
import { createRandom } from './random.ts';

/** One line of the proof: something bad, and a run that must end as if it had not happened. */
export interface MatrixCase {
  readonly kind: 'crash' | 'fault' | 'process';
  readonly name: string;
  readonly backend: Backend;
  readonly run: (context: CaseContext) => Promise<CaseResult>;
}

/** Everything that is proved, in the order in which it is told. */
export function listMatrix(backends: readonly Backend[], seed: number): readonly MatrixCase[] {
  return backends.flatMap((backend) => [
    ...(Object.keys(MILESTONES) as Milestone[])
      .filter((milestone) => isWorthwhile(milestone, backend))
      .map(
        (milestone): MatrixCase => ({
          kind: 'crash',
          name: `killed: ${milestone}`,
          backend,
          run: (context) => runCrashCase(context, milestone, backend),
        }),
      ),
    ...FAULT_TABLE.filter((fault) =>
      backend === 'redis' ? fault.once !== true : fault.redisOnly !== true,
    ).map(
      (fault): MatrixCase => ({
        kind: 'fault',
        name: fault.title,
        backend,
        run: (context) => runFaultCase(context, fault, backend),
      }),
    ),
    ...PROCESS_TABLE.map(
      (one): MatrixCase => ({
        kind: 'process',
        name: one.title,
        backend,
        run: (context) => runProcessCase(context, one, { backend, random: createRandom(seed) }),
      }),
    ),
  ]);
}

/** A command that has no queue is killed once, whatever the backend. */
function isWorthwhile(milestone: Milestone, backend: Backend): boolean {
  const { scenario } = CRASH_TABLE[milestone];
  return backend === 'postgres' || (scenario !== 'prune' && scenario !== 'migrate');
}

export interface MatrixRun {
  readonly context: CaseContext;
  /** Cases at the same time. */
  readonly concurrency: number;
  readonly signal?: AbortSignal;
  readonly onResult?: (result: CaseResult) => void;
}

/** Starts all cases, so many at a time; the promises are in the order of the cases and never reject. */
export function startMatrix(cases: readonly MatrixCase[], run: MatrixRun): readonly Promise<CaseResult>[] {
  const places = new Set<Promise<CaseResult>>();
  const slots = cases.map(() => Promise.withResolvers<CaseResult>());
  const start = async (): Promise<void> => {
    for (const [index, one] of cases.entries()) {
      while (places.size >= run.concurrency) await Promise.race(places);
      const result = runSafely(one, run);
      places.add(result);
      void result.then((found) => {
        places.delete(result);
        run.onResult?.(found);
        slots[index]?.resolve(found);
      });
    }
  };
  void start();
  return slots.map((slot) => slot.promise);
}

async function runSafely(one: MatrixCase, { context, signal }: MatrixRun): Promise<CaseResult> {
  const startedAt = performance.now();
  try {
    signal?.throwIfAborted();
    return await one.run(context);
  } catch (error) {
    const problem = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const nothing = { injected: 0, rows: 0, problems: [problem], log: '' };
    return { name: one.name, backend: one.backend, ...nothing, durationMs: performance.now() - startedAt };
  }
}
