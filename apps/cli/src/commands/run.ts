import {
  type EdgeledgerError,
  ERROR_CODES,
  isAbortError,
  type Source,
  toEdgeledgerError,
} from '@edgeledger/core';
import { type Plan, planSource, recordPlan, runPlan, type UnitEnd } from '@edgeledger/pipeline';
import { assertSources } from '../check-sources.ts';
import { type DayRange, toDayRange } from '../day-range.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine, printNote } from '../io.ts';
import { createProgress, type Progress } from '../progress.ts';
import {
  openSources,
  readSetup,
  type SelectedSource,
  type Services,
  selectSources,
  withServices,
} from '../services.ts';
import { toInstantText } from '../text-table.ts';
import type { RangeOptions } from './plan.ts';

export interface RunOptions extends RangeOptions {
  readonly wait?: boolean;
  readonly concurrency?: number;
}

/** What a run did, for `--json` and the closing lines. */
export interface RunSummary {
  readonly from: string;
  readonly to: string;
  loaded: number;
  unchanged: number;
  covered: number;
  rows: { inserted: number; updated: number; unchanged: number; deleted: number };
  rejects: number;
  waiting: { reportKey: string; until: string; reason: string }[];
  lost: string[];
  /** Datasets of which the vendor lists nothing in these days. */
  absent: string[];
  failed: { reportKey: string; code: string; message: string }[];
  errors: { source: string; code: string; message: string }[];
}

const DEFAULT_CONCURRENCY = 4;
const ATTEMPTS = 4;
/** A vendor's own minute of throttling is waited out in place; more than that is left to the next run. */
const MAX_INLINE_WAIT_MS = 120_000;
const LONGEST_NAP_MS = 15 * 60_000;

/** Plans and loads in this process until done. No scheduler and no queue is needed. */
export async function runRunCommand(io: Io, options: RunOptions): Promise<number> {
  const setup = readSetup(io);
  const range = toDayRange(options, setup.config.backfillDays, io.clock.now());
  const sources = openSources(setup, { maxInlineWaitMs: MAX_INLINE_WAIT_MS });
  const selected = selectSources(sources, options);
  return withServices(setup, { role: 'run', announce: true }, async (services) => {
    try {
      const asked = [...new Set(selected.map(({ source }) => source))];
      // what fails for another reason fails again, and is told, when it is loaded
      await assertSources(asked, setup, { tellFailures: false });
      await services.warehouse.sweepStaging(io.clock.now());
      const { summary, errors } = await runOnce(selected, range, services, options);
      if (options.json) printJson(io, summary);
      else printSummary(io, summary);
      return exitCode(summary, errors);
    } finally {
      await Promise.all(sources.map((source) => source.close()));
    }
  });
}

async function runOnce(
  selected: readonly SelectedSource[],
  range: DayRange,
  services: Services,
  options: RunOptions,
) {
  const { io } = services;
  const progress = createProgress(io.status, io.clock);
  const summary = emptySummary(range);
  const errors: EdgeledgerError[] = [];
  let next = selected;
  for (;;) {
    const waiting: Date[] = [];
    const swept = await Promise.allSettled(
      next.map(async (item) => {
        try {
          waiting.push(...(await runSource(item, range, { services, options, progress, summary })));
        } catch (error) {
          if (io.signal.aborted || isAbortError(error)) throw error;
          const known = toEdgeledgerError(error);
          errors.push(known);
          summary.errors.push({ source: item.source.id, code: known.code, message: known.message });
          progress.print(`failed   ${item.source.id}: ${known.message}`);
        }
      }),
    );
    for (const one of swept) if (one.status === 'rejected') throw one.reason;
    if (!options.wait || waiting.length === 0) break;
    const until = Math.min(...waiting.map((instant) => instant.getTime()));
    progress.print(`waiting  until ${toInstantText(new Date(until))} for ${waiting.length} units`);
    const napMs = Math.min(LONGEST_NAP_MS, Math.max(1_000, until - io.clock.now().getTime()));
    await io.pause(napMs, io.signal);
    summary.waiting = [];
    next = selected;
  }
  progress.finish();
  return { summary, errors };
}

interface SourceRun {
  readonly services: Services;
  readonly options: RunOptions;
  readonly progress: Progress;
  readonly summary: RunSummary;
}

/** Returns when the units that are not ready may be asked for again. */
async function runSource(
  { source, datasets }: SelectedSource,
  range: DayRange,
  run: SourceRun,
): Promise<Date[]> {
  const { services, progress, summary, options } = run;
  const { io, logger, warehouse } = services;
  const now = io.clock.now();
  const context = { now, signal: io.signal, logger, isManual: true };
  const planned = await planSource(
    source,
    warehouse.ledger,
    { ...range, ...(datasets && { datasets }) },
    context,
  );
  await recordPlan(planned, source, warehouse.ledger, now);
  notePlan(planned, summary);
  summary.absent = findAbsent(
    planned,
    datasets ?? source.datasets.map((dataset) => dataset.name),
    summary.absent,
  );
  if (planned.load.length === 0) return planned.waiting.map((item) => item.until);
  progress.expect(planned.load.length);
  const ends = await runPlan(planned.load, toUnitServices(source, services), {
    signal: io.signal,
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    attempts: ATTEMPTS,
    pause: io.pause,
    watcher: progress.watcher,
  });
  const later: Date[] = [];
  ends.forEach((end, index) => {
    const reportKey = planned.load[index]?.unit.reportKey ?? '';
    if (end.kind === 'waiting') later.push(end.until);
    noteEnd(reportKey, end, summary);
  });
  return [...planned.waiting.map((item) => item.until), ...later];
}

function toUnitServices(source: Source, { warehouse, io, logger, config }: Services) {
  return {
    source,
    ledger: warehouse.ledger,
    loader: warehouse.loader,
    clock: io.clock,
    logger,
    thresholds: config.rejects,
  };
}

function emptySummary(range: DayRange): RunSummary {
  return {
    from: range.from,
    to: range.to,
    loaded: 0,
    unchanged: 0,
    covered: 0,
    rows: { inserted: 0, updated: 0, unchanged: 0, deleted: 0 },
    rejects: 0,
    waiting: [],
    lost: [],
    absent: [],
    failed: [],
    errors: [],
  };
}

function notePlan(planned: Plan, summary: RunSummary): void {
  summary.covered += planned.covered.length;
  summary.lost.push(...planned.lost.map((unit) => unit.reportKey));
  for (const { unit, until, reason } of planned.waiting) {
    summary.waiting.push({ reportKey: unit.reportKey, until: until.toISOString(), reason });
  }
}

/** Without a listing a report type is not expected: plans differ. That is said, so that a wrong key does not hide it. */
function findAbsent(planned: Plan, wanted: readonly string[], before: readonly string[]): string[] {
  const { load, waiting, lost, covered, running } = planned;
  const units = [
    ...load.map((item) => item.unit),
    ...waiting.map((item) => item.unit),
    ...lost,
    ...covered,
    ...running,
  ];
  const found = new Set(units.map((unit) => unit.dataset));
  return [...new Set([...before, ...wanted.filter((name) => !found.has(name))])];
}

function noteEnd(reportKey: string, end: UnitEnd, summary: RunSummary): void {
  if (end.kind === 'waiting') {
    summary.waiting.push({ reportKey, until: end.until.toISOString(), reason: end.reason });
  } else if (end.kind === 'lost') {
    summary.lost.push(reportKey);
  } else if (end.kind === 'failed' || end.kind === 'skipped') {
    summary.failed.push({ reportKey, code: end.error.code, message: end.error.message });
  } else {
    if (end.result.outcome === 'unchanged') summary.unchanged += 1;
    else summary.loaded += 1;
    summary.rows.inserted += end.result.rowsInserted;
    summary.rows.updated += end.result.rowsUpdated;
    summary.rows.unchanged += end.result.rowsUnchanged;
    summary.rows.deleted += end.result.rowsDeleted;
    summary.rejects += end.result.rejects;
  }
}

function exitCode(summary: RunSummary, errors: readonly EdgeledgerError[]): number {
  // a setting that keeps everything out is the configuration's fault; one report that fails is one that failed
  const loadedNothing = summary.loaded + summary.unchanged === 0;
  const configurationCodes: readonly string[] = ERROR_CODES.ConfigError;
  const needsConfiguration =
    errors.some((error) => error.recovery === 'fix-configuration') ||
    (loadedNothing && summary.failed.some((failure) => configurationCodes.includes(failure.code)));
  if (needsConfiguration) return EXIT.configuration;
  if (errors.length > 0 || summary.failed.length > 0) return EXIT.failed;
  const isKnown = summary.covered + summary.loaded + summary.unchanged > 0;
  const isComplete = summary.waiting.length === 0 && summary.lost.length === 0 && isKnown;
  return isComplete ? EXIT.done : EXIT.incomplete;
}

function printSummary(io: Io, summary: RunSummary): void {
  const number = (value: number): string => value.toLocaleString('en-US');
  const { rows } = summary;
  const tried = summary.loaded + summary.unchanged + summary.failed.length + summary.errors.length;
  if (tried + summary.covered + summary.waiting.length + summary.lost.length === 0) {
    printLine(
      io,
      `Nothing is known of ${summary.from} to ${summary.to}: the vendor lists no report of these days.`,
    );
  } else if (tried === 0) {
    printLine(
      io,
      `Nothing to load: ${number(summary.covered)} units of ${summary.from} to ${summary.to} are covered.`,
    );
  } else {
    printLine(
      io,
      `Loaded ${number(summary.loaded)} units (${number(summary.unchanged)} unchanged, ${number(summary.covered)} covered before): ` +
        `${number(rows.inserted)} rows inserted, ${number(rows.updated)} updated, ${number(rows.deleted)} deleted, ` +
        `${number(summary.rejects)} rejects.`,
    );
  }
  if (summary.absent.length > 0) {
    printNote(
      io,
      `absent   ${summary.absent.join(', ')}: the vendor lists none in these days (does the plan include them?)`,
    );
  }
  for (const { reportKey, until, reason } of summary.waiting.slice(0, 10)) {
    printNote(io, `waiting  ${reportKey} until ${toInstantText(new Date(until))}: ${reason}`);
  }
  if (summary.waiting.length > 10)
    printNote(io, `waiting  and ${summary.waiting.length - 10} more; see \`edgeledger gaps\``);
  if (summary.lost.length > 0)
    printNote(
      io,
      `lost     ${summary.lost.length} units that the vendor no longer keeps; see \`edgeledger gaps\``,
    );
  if (summary.failed.length > 0)
    printNote(io, `failed   ${summary.failed.length} units; see \`edgeledger gaps\``);
}
