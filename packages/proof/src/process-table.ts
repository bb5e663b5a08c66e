import { setTimeout as sleep } from 'node:timers/promises';
import { HOUR_MS, MINUTE_MS } from '@edgeledger/core';
import type { CaseContext, CaseResult } from './crash-case.ts';
import type { Backend } from './lab.ts';
import { type Orders, QUICK_ORDERS } from './orders.ts';
import type { Random } from './random.ts';
import { judge, stopInOrder, untilDone } from './recovery.ts';
import { openScene, type Scene } from './scene.ts';
import type { Subject } from './subject.ts';
import { holdsWithin } from './until.ts';

/** What happens to the product's own processes. */
export interface ProcessCase {
  readonly title: string;
  /** Gives how often it happened; the worker of the scene finishes the work after it. */
  readonly run: (scene: Scene, random: Random) => Promise<number>;
  /** Ends like a run in which the vendor issued a report again. */
  readonly endsRevised?: boolean;
  /** Orders of the first worker. */
  readonly orders?: Partial<Orders>;
}

const PAST_LOCK_MS = QUICK_ORDERS.lockMs * 2;
/** A subject has so long to get where it is to be frozen. */
const FREEZE_LIMIT_MS = 60_000;
const KILLS = 6;
const LONGEST_LIFE_MS = 3_000;

/** Files that come slowly keep workers at work for a while. */
function slowDown(scene: Pick<Scene, 'bench'>): void {
  const action = { kind: 'stall', ms: 400, afterBytes: 400 } as const;
  scene.bench.emulator.faults.add({ server: 'files', match: /cdn_logs/, times: 10, action });
}

/** Another worker takes the frozen one's work over, and something newer than it is published before it goes on. */
async function freezeAndOvertake(scene: Scene): Promise<number> {
  const zombie = scene.worker;
  await holdsWithin(FREEZE_LIMIT_MS, () => zombie.output().includes('Frozen.'));
  await sleep(PAST_LOCK_MS);
  scene.startWorker({});
  await untilOvertaken(scene);
  scene.bench.vendors.reviseLogs(2);
  await scene.bench.enqueueTicks();
  await untilOvertaken(scene);
  zombie.send('SIGCONT');
  // it finds out that its time is over, at the latest when it publishes
  await sleep(PAST_LOCK_MS);
  await stopOrThrow(zombie);
  return zombie.output().includes('Frozen.') ? 1 : 0;
}

/** What a frozen process holds must not hold up anybody else. */
async function untilOvertaken({ bench, worker }: Scene): Promise<void> {
  if (await untilDone(bench)) return;
  throw new Error(`the work was not done while a worker was frozen: ${worker.output().slice(-2_000)}`);
}

async function killAtRandom(scene: Scene, random: Random): Promise<number> {
  slowDown(scene);
  let kills = 0;
  for (let round = 0; round < KILLS; round += 1) {
    await sleep(300 + random.upTo(LONGEST_LIFE_MS));
    if (scene.worker.isRunning()) kills += 1;
    scene.worker.send('SIGKILL');
    await scene.worker.exited;
    scene.startWorker();
  }
  return kills;
}

/** Asked to end at any moment, also while it starts, it ends in time and well. */
async function stopAtRandom(scene: Scene, random: Random): Promise<number> {
  slowDown(scene);
  for (let round = 0; round < KILLS; round += 1) {
    await sleep(80 + random.upTo(LONGEST_LIFE_MS / 2));
    await stopOrThrow(scene.worker);
    scene.startWorker();
  }
  return KILLS;
}

async function stopOrThrow(subject: Subject): Promise<void> {
  const problems = await stopInOrder(subject);
  if (problems.length > 0) throw new Error(problems.join('; '));
}

export const PROCESS_TABLE: readonly ProcessCase[] = [
  { title: 'killed at random moments', run: killAtRandom },
  { title: 'asked to end at random moments', run: stopAtRandom },
  {
    title: 'frozen before publishing, past its lock, and overtaken',
    orders: { stopAt: { milestone: 'publish.started', nth: 3, how: 'freeze' } },
    run: freezeAndOvertake,
    endsRevised: true,
  },
  {
    title: 'frozen in COPY, past its lock, and overtaken',
    orders: { stopAt: { milestone: 'part.copying', nth: 6, how: 'freeze' } },
    run: freezeAndOvertake,
    endsRevised: true,
  },
  {
    title: 'frozen before acknowledging, past its lock, and overtaken',
    orders: { stopAt: { milestone: 'publish.committed', nth: 4, how: 'freeze' } },
    run: freezeAndOvertake,
    endsRevised: true,
  },
  {
    title: 'two workers, and every tick three times',
    run: async (scene) => {
      const other = scene.bench.start(['worker']);
      await Promise.all([scene.bench.enqueueTicks(), scene.bench.enqueueTicks()]);
      await untilDone(scene.bench);
      await stopOrThrow(other);
      return 3;
    },
  },
  {
    title: 'a clock that jumps',
    orders: { clockJump: { byMs: -2 * HOUR_MS - 7 * MINUTE_MS, everyMs: 2_500 } },
    run: async (scene) => {
      await untilDone(scene.bench);
      return 1;
    },
  },
];

export async function runProcessCase(
  { lab, references }: CaseContext,
  process: ProcessCase,
  { backend, random }: { readonly backend: Backend; readonly random: Random },
): Promise<CaseResult> {
  const startedAt = performance.now();
  const expected = await references.get(process.endsRevised === true ? 'revision' : 'load');
  await using scene = await openScene(
    lab,
    backend,
    process.orders === undefined ? {} : { orders: process.orders },
  );
  const injected = await process.run(scene, random);
  const recovery = await judge(scene.bench, scene.worker, expected);
  const problems = injected > 0 ? [] : [`it did not happen: ${recovery.log.slice(-600)}`];
  return {
    name: process.title,
    backend,
    injected,
    rows: recovery.rows,
    problems: [...problems, ...recovery.problems],
    durationMs: performance.now() - startedAt,
    log: recovery.log,
  };
}
