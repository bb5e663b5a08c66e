import type { Bench } from './bench.ts';
import { SCENARIO_DATABASES, type Scenario } from './crash-table.ts';
import type { Backend, Lab } from './lab.ts';
import { inspect, judge, type Recovery, untilDone } from './recovery.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';
import type { Subject } from './subject.ts';

interface Play {
  /** Makes the world as the scenario needs it, before any process runs. */
  readonly prepare: (bench: Bench) => Promise<void>;
  /** A command that ends by itself; absent: a worker that is given ticks. */
  readonly command?: () => readonly string[];
}

const nothing = async (): Promise<void> => undefined;

const PLAYS: Readonly<Record<Scenario, Play>> = {
  load: { prepare: nothing },
  broken: {
    prepare: async ({ emulator }) => {
      // a file is fetched four times before its load is given up
      emulator.faults.add({
        server: 'files',
        match: /mild_errors/,
        times: 4,
        action: { kind: 'cut', afterBytes: 60 },
      });
    },
  },
  litter: {
    prepare: ({ database }) =>
      database.execute(
        'CREATE UNLOGGED TABLE staging.load_999990_part_1 (a integer); CREATE TABLE staging.load_999991_leaf (a integer)',
      ),
  },
  waiting: {
    prepare: async ({ emulator }) => {
      const action = { kind: 'status', status: 429, headers: { 'Retry-After': '1' } } as const;
      emulator.faults.add({ server: 'imgix', action });
    },
  },
  revision: { prepare: async ({ vendors }) => vendors.reviseLogs(2) },
  prune: {
    prepare: nothing,
    command: () => ['prune', '--dataset', 'cdn_logs', '--keep-days', '3'],
  },
  migrate: { prepare: nothing, command: () => ['migrate'] },
};

export function isWorkerScenario(scenario: Scenario): boolean {
  return PLAYS[scenario].command === undefined;
}

export async function prepareBench(lab: Lab, scenario: Scenario, backend: Backend): Promise<Bench> {
  const bench = await lab.openBench({ database: SCENARIO_DATABASES[scenario], backend });
  await PLAYS[scenario].prepare(bench);
  return bench;
}

/** Starts what the scenario runs; a worker finds ticks the first time. */
export async function startScenario(
  bench: Bench,
  scenario: Scenario,
  start: (args: readonly string[]) => Subject,
): Promise<Subject> {
  const { command } = PLAYS[scenario];
  if (command !== undefined) return start(command());
  await bench.enqueueTicks();
  return start(['worker']);
}

/** Runs what was interrupted again, as whoever looks after the process would, and compares. */
export async function recover(bench: Bench, scenario: Scenario, expected: Snapshot): Promise<Recovery> {
  const { command } = PLAYS[scenario];
  if (command === undefined) return await judge(bench, bench.start(['worker']), expected);
  const subject = bench.start(command());
  const { code } = await subject.exited;
  const problems = code === 0 ? [] : [`the second run ended with ${code}: ${subject.output().slice(-600)}`];
  const found = await inspect(bench, expected);
  return { rows: found.rows, problems: [...problems, ...found.problems], log: subject.output() };
}

/** What each scenario ends with when nothing happens to it; made once, when it is first asked for. */
export interface References {
  get(scenario: Scenario): Promise<Snapshot>;
}

export function createReferences(lab: Lab): References {
  const made = new Map<Scenario, Promise<Snapshot>>();
  return {
    get: (scenario) => {
      // what only disturbs a load must end like one that nothing disturbed
      const plain = SCENARIO_DATABASES[scenario] === 'migrated' ? 'load' : scenario;
      const found = made.get(plain) ?? runUndisturbed(lab, plain);
      made.set(plain, found);
      return found;
    },
  };
}

async function runUndisturbed(lab: Lab, scenario: Scenario): Promise<Snapshot> {
  await using bench = await prepareBench(lab, scenario, 'postgres');
  const subject = await startScenario(bench, scenario, (args) => bench.start(args));
  if (PLAYS[scenario].command === undefined) {
    if (!(await untilDone(bench))) throw new Error(`"${scenario}" was not done in time: ${subject.output()}`);
    await subject.stop();
  }
  const { code } = await subject.exited;
  if (code !== 0) throw new Error(`"${scenario}" ended with ${code}: ${subject.output()}`);
  return await takeSnapshot(bench.warehouse);
}
