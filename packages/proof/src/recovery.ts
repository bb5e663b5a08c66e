import type { Bench } from './bench.ts';
import { findArchiveLeftovers, findLeftovers, findUnfinishedJobs } from './leftovers.ts';
import { compareSnapshots, countRows, type Snapshot, takeSnapshot } from './snapshot.ts';
import type { Subject } from './subject.ts';
import { holdsWithin } from './until.ts';

/** How long a subject may take for everything, on a slow machine. */
const WORK_LIMIT_MS = 90_000;

export interface Recovery {
  /** Rows that were compared. */
  readonly rows: number;
  /** Why it is no proof; empty when everything is as it should be. */
  readonly problems: readonly string[];
  /** What the last process wrote. */
  readonly log: string;
}

/** True when no job is left that could run, twice in a row: a job may be on its way between two counts. */
export async function isQueueIdle(bench: Bench): Promise<boolean> {
  const { producer } = await bench.openQueue();
  for (let look = 0; look < 2; look += 1) {
    const open = Object.values(await producer.counts());
    if (open.some((of) => of.waiting + of.active + of.delayed + of.waitingChildren > 0)) return false;
  }
  return true;
}

/** Waits until the workers that run have done everything. */
export async function untilDone(bench: Bench, limitMs = WORK_LIMIT_MS): Promise<boolean> {
  return await holdsWithin(limitMs, () => isQueueIdle(bench));
}

/** Ends the subject in good order and compares what is there with what should be. */
export async function judge(bench: Bench, subject: Subject, expected: Snapshot): Promise<Recovery> {
  const problems: string[] = [];
  if (!(await holdsWithin(WORK_LIMIT_MS, () => !subject.isRunning() || subject.isUp())))
    problems.push('it did not start');
  if (!(await untilDone(bench))) problems.push('the work was not done in time');
  problems.push(...(await stopInOrder(subject)));
  const found = await inspect(bench, expected);
  return { rows: found.rows, problems: [...problems, ...found.problems], log: subject.output() };
}

/** SIGTERM ends every role with 0. */
export async function stopInOrder(subject: Subject): Promise<string[]> {
  try {
    const { code, signal } = await subject.stop();
    if (code === 0) return [];
    return [`after SIGTERM it ended with ${code ?? signal}: ${subject.output().slice(-600)}`];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Tables, ledger, staging, locks, archive and queue after the last process has ended. */
export async function inspect(bench: Bench, expected: Snapshot): Promise<Omit<Recovery, 'log'>> {
  const found = await takeSnapshot(bench.warehouse);
  const { producer } = await bench.openQueue();
  return {
    rows: countRows(found),
    problems: [
      ...compareSnapshots(expected, found),
      ...(await findLeftovers(bench.warehouse)),
      ...(await findArchiveLeftovers(bench.archiveFolder)),
      ...findUnfinishedJobs(await producer.counts()),
    ],
  };
}
