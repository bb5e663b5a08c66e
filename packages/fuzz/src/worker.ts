import { parentPort, workerData } from 'node:worker_threads';
import { makeCase } from './cases.ts';
import { tryInput } from './target.ts';
import { openTargets } from './targets/all.ts';

/** What a worker is told: try one target from a case on, until it is stopped. */
export interface WorkerTask {
  readonly target: string;
  readonly seed: string;
  readonly from: number;
}

/** What it says: before each case its number, and after a failure what went wrong. */
export interface WorkerWord {
  readonly caseNo: number;
  readonly failure?: string;
  /** How long the case took, in ms, when that was remarkable. */
  readonly slowMs?: number;
}

/** Cases have up to 4 MiB; on a busy machine sound ones take a second or two. */
const SLOW_MS = 6_000;

const task = workerData as WorkerTask;
const targets = await openTargets();
const target = targets.find(({ name }) => name === task.target);
if (target === undefined) throw new Error(`no target ${task.target}`);
const say = (word: WorkerWord): void => parentPort?.postMessage(word);

for (let caseNo = task.from; ; caseNo += 1) {
  say({ caseNo });
  const startedAt = performance.now();
  const failure = await tryInput(target, makeCase(target, task.seed, caseNo));
  const tookMs = performance.now() - startedAt;
  if (failure !== undefined) say({ caseNo, failure });
  else if (tookMs > SLOW_MS) say({ caseNo, slowMs: Math.round(tookMs) });
}
