import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readProgramEnvironment } from '@edgeledger/config';
import { silentLogger } from '@edgeledger/core';
import {
  type CaseResult,
  createLab,
  createReferences,
  listMatrix,
  type MatrixCase,
  selectShort,
  startMatrix,
} from '@edgeledger/proof';
import { openEmbeddedPostgres } from '@edgeledger/warehouse';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine, printNote, terminalWidth } from '../io.ts';
import { renderTable } from '../text-table.ts';

export interface ProveOptions {
  readonly seed: number;
  readonly all?: boolean;
  readonly only?: string;
  readonly json?: boolean;
}

const SUBJECT = join(import.meta.dirname, '..', 'proof-subject.ts');
/** A case mostly waits: for a lock to expire, for a fault to end. */
const CASES_PER_CORE = 3;
const MOST_CASES = 8;
const CONNECTIONS_PER_CASE = 60;

/**
 * The promise of docs/guarantees.md, shown: every case is a real worker on a database of its own, with emulated vendors, and
 * must end with the very tables of a run that nothing happened to. It touches neither the configured warehouse nor any vendor.
 */
export async function runProveCommand(io: Io, options: ProveOptions): Promise<number> {
  const cases = selectCases(options);
  if (cases.length === 0) {
    printNote(io, `No case has "${options.only}" in its name. Without --only you see them all.`);
    return EXIT.usage;
  }
  const startedAt = performance.now();
  const results = await proveAll(io, cases, options);
  const isProved = results.every((result) => result.problems.length === 0);
  if (options.json === true) printJson(io, toJson(results, options));
  else printResults(io, results, performance.now() - startedAt);
  return isProved ? EXIT.done : EXIT.failed;
}

function selectCases({ seed, all, only }: ProveOptions): readonly MatrixCase[] {
  const wanted = (one: MatrixCase): boolean => only === undefined || one.name.includes(only);
  const cases = listMatrix(['postgres'], seed).filter(wanted);
  return all === true ? cases : selectShort(cases);
}

async function proveAll(
  io: Io,
  cases: readonly MatrixCase[],
  { seed }: ProveOptions,
): Promise<readonly CaseResult[]> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'edgeledger-prove-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  printNote(io, 'Starting an embedded Postgres of its own, and a run that nothing happens to …');
  const concurrency = Math.max(2, Math.min(MOST_CASES, availableParallelism() * CASES_PER_CORE));
  const maxConnections = CONNECTIONS_PER_CASE * (concurrency + 1);
  const server = stack.use(
    await openEmbeddedPostgres({
      home: folder,
      logger: silentLogger,
      durable: false,
      maxConnections,
      environment: readProgramEnvironment(),
    }),
  );
  const lab = stack.use(
    await createLab({ serverUrl: server.connectionString, script: SUBJECT, folder, seed }),
  );
  const context = { lab, references: createReferences(lab) };
  await context.references.get('load');
  const done: CaseResult[] = [];
  const results = startMatrix(cases, {
    context,
    concurrency,
    signal: io.signal,
    onResult: (result) => {
      done.push(result);
      const place = `${done.length}/${cases.length}`.padStart(7);
      printNote(io, `${place}  ${toOutcome(result).padEnd(9)}  ${result.name}`);
    },
  });
  const settled = await Promise.all(results);
  io.signal.throwIfAborted();
  return settled;
}

function toOutcome({ problems }: CaseResult): string {
  return problems.length === 0 ? 'equal' : 'DIFFERENT';
}

function printResults(io: Io, results: readonly CaseResult[], durationMs: number): void {
  const rows = results.map((result) => [result.name, result.injected, toOutcome(result), result.rows]);
  printLine(
    io,
    renderTable(['fault', 'times injected', 'outcome', 'rows compared'], rows, terminalWidth(io)),
  );
  for (const { name, problems } of results) {
    for (const problem of problems) printLine(io, `\n${name}: ${problem}`);
  }
  const failed = results.filter((result) => result.problems.length > 0).length;
  const seconds = Math.round(durationMs / 1000);
  printLine(
    io,
    failed === 0
      ? `\nProved in ${seconds} s: all ${results.length} runs ended with equal tables, and left nothing behind.`
      : `\n${failed} of ${results.length} runs did not end as they should (${seconds} s).`,
  );
}

function toJson(results: readonly CaseResult[], { seed }: ProveOptions) {
  return {
    seed,
    proved: results.every((result) => result.problems.length === 0),
    cases: results.map(({ name, injected, rows, problems, durationMs }) => ({
      fault: name,
      timesInjected: injected,
      outcome: problems.length === 0 ? 'equal' : 'different',
      rowsCompared: rows,
      durationMs: Math.round(durationMs),
      problems,
    })),
  };
}
