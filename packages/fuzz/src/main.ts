import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { FIXTURES, makeCase } from './cases.ts';
import type { Target } from './target.ts';
import { openTargets } from './targets/all.ts';
import type { WorkerWord } from './worker.ts';

/*
 * `pnpm fuzz --minutes 10 [--seed 7] [--target csv …]`: tries case after case in a worker thread with little memory, and ends
 * it when a case takes too long. Inputs that fail are written to fixtures/, where a test tries them ever after.
 */

const HANG_MS = 20_000;
const WORKER_MEGABYTES = 256;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now()) },
    target: { type: 'string', multiple: true, default: [] },
  },
});
const { seed } = values;
const targets = (await openTargets()).filter(
  ({ name }) => values.target.length === 0 || values.target.includes(name),
);
const shareMs = (Number(values.minutes) * 60_000) / targets.length;
const seen = new Set<string>();
let failures = 0;

for (const target of targets) {
  const deadline = performance.now() + shareMs;
  let next = 0;
  let found = 0;
  while (performance.now() < deadline) {
    const end = await runWorker(target.name, next, deadline);
    next = end.caseNo + 1;
    if (end.failure !== undefined) {
      found += 1;
      await keep(target, end.caseNo, end.failure);
    }
  }
  failures += found;
  process.stdout.write(`${target.name}: ${next} cases of seed ${seed}, ${found} failed\n`);
}
await Promise.all(targets.map((target) => target.close?.()));
process.exit(failures === 0 ? 0 : 1);

/** Ends with the first failure, with a hang, or at the deadline. */
function runWorker(target: string, from: number, deadline: number): Promise<WorkerWord> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { target, seed, from },
    resourceLimits: { maxOldGenerationSizeMb: WORKER_MEGABYTES, maxYoungGenerationSizeMb: 32 },
  });
  let caseNo = from;
  let saidAt = performance.now();
  return new Promise((resolve) => {
    const end = (word: WorkerWord): void => {
      clearInterval(watch);
      void worker.terminate().then(() => resolve(word));
    };
    const watch = setInterval(() => {
      if (performance.now() - saidAt > HANG_MS) end({ caseNo, failure: `hang: more than ${HANG_MS} ms` });
      else if (performance.now() > deadline) end({ caseNo });
    }, 200);
    worker.on('message', (word: WorkerWord) => {
      caseNo = word.caseNo;
      saidAt = performance.now();
      if (word.failure !== undefined) end(word);
      else if (word.slowMs !== undefined) end({ caseNo, failure: `slow: ${word.slowMs} ms` });
    });
    worker.on('error', (error) =>
      end({ caseNo, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
}

async function keep(target: Target, caseNo: number, failure: string): Promise<void> {
  const input = makeCase(target, seed, caseNo);
  const name = `${createHash('sha256').update(input).digest('hex').slice(0, 12)}.bin`;
  process.stdout.write(
    `${target.name} case ${caseNo}, ${input.length} bytes: ${failure.slice(0, 1500)}\n  kept as ${name}\n`,
  );
  // the same line of code once is enough
  const kind = `${target.name}: ${failure.replace(/\d+/g, '').slice(0, 150)}`;
  if (seen.has(kind)) return;
  seen.add(kind);
  await mkdir(join(FIXTURES, target.name), { recursive: true });
  await writeFile(join(FIXTURES, target.name, name), input);
}
