import type { CaseContext, CaseResult } from './crash-case.ts';
import type { FaultCase } from './fault-table.ts';
import type { Backend } from './lab.ts';
import { judge } from './recovery.ts';
import { openScene } from './scene.ts';

const nothing = async (): Promise<void> => undefined;

/** Lets a worker load everything while a fault happens, and compares. The worker must not end because of it. */
export async function runFaultCase(
  { lab, references }: CaseContext,
  fault: FaultCase,
  backend: Backend,
): Promise<CaseResult> {
  const startedAt = performance.now();
  const expected = await references.get('load');
  await using scene = await openScene(lab, backend, fault);
  await (fault.during ?? nothing)(scene);
  const problems: string[] = [];
  if (!scene.worker.isRunning()) {
    const { code, signal } = await scene.worker.exited;
    problems.push(`the worker ended with ${code ?? signal}: ${scene.worker.output().slice(-900)}`);
    scene.startWorker();
  }
  const recovery = await judge(scene.bench, scene.worker, expected);
  const injected = await fault.count(scene);
  if (injected === 0) problems.push('the fault did not happen');
  return {
    name: fault.title,
    backend,
    injected,
    rows: recovery.rows,
    problems: [...problems, ...recovery.problems],
    durationMs: performance.now() - startedAt,
    log: scene.worker.output(),
  };
}
