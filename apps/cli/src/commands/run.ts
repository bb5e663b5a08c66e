import {
  type EdgeledgerError,
  HOUR_MS,
  isAbortError,
  type Source,
  toEdgeledgerError,
} from '@edgeledger/core';
import { planSource, recordPlan, runPlan } from '@edgeledger/pipeline';
import { recordSource, tellOnce } from '../alerting.ts';
import { assertSources } from '../check-sources.ts';
import { type DayRange, toDayRange } from '../day-range.ts';
import { withDemoVendors } from '../demo-vendors.ts';
import { type Io, printJson } from '../io.ts';
import { createProgress, type Progress } from '../progress.ts';
import {
  createRunSummary,
  findAbsent,
  noteEnd,
  notePlan,
  printRunSummary,
  type RunSummary,
  toRunExitCode,
} from '../run-summary.ts';
import {
  openSources,
  openSpool,
  readSetup,
  type SelectedSource,
  type Services,
  type Setup,
  selectSources,
  sweep,
  withServices,
} from '../services.ts';
import { toInstantText } from '../text-table.ts';
import { toTracedLoader, traceCommand } from '../traced-command.ts';
import type { RangeOptions } from './plan.ts';

export interface RunOptions extends RangeOptions {
  readonly wait?: boolean;
  readonly concurrency?: number;
}

const DEFAULT_CONCURRENCY = 4;
const ATTEMPTS = 4;
/** A vendor's own minute of throttling is waited out in place; more than that is left to the next run. */
const MAX_INLINE_WAIT_MS = 120_000;
const LONGEST_NAP_MS = 15 * 60_000;

/** Plans and loads in this process until done. No scheduler and no queue is needed. */
export async function runRunCommand(io: Io, options: RunOptions): Promise<number> {
  await using vendors = await withDemoVendors(readSetup(io), { servesPages: false });
  const { setup } = vendors;
  const range = toDayRange(options, setup.config.backfillDays, io.clock.now());
  return traceCommand(setup, 'run', (traced) => runTraced(traced, range, options));
}

async function runTraced(setup: Setup, range: DayRange, options: RunOptions): Promise<number> {
  const { io } = setup;
  const sources = openSources(setup, { maxInlineWaitMs: MAX_INLINE_WAIT_MS });
  const selected = selectSources(sources, options);
  return withServices(setup, { role: 'run', announce: true }, async (services) => {
    await sweep(services, io.clock.now());
    try {
      const asked = [...new Set(selected.map(({ source }) => source))];
      // what fails for another reason fails again, and is told, when it is loaded
      await assertSources(asked, setup, { tellFailures: false });
      await services.warehouse.sweepStaging(io.clock.now());
      const { summary, errors } = await runOnce(selected, range, services, options);
      await tellOnce(services);
      if (options.json) printJson(io, summary);
      else printRunSummary(io, summary);
      return toRunExitCode(summary, errors);
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
  const summary = { from: range.from, to: range.to, ...createRunSummary() };
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
          await recordSource(services, item.source, known.message);
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
    summary.held = [];
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
  await recordPlan(planned, source, warehouse.ledger, {
    now,
    lateAfterMs: services.config.schedule.lateAfterHours * HOUR_MS,
  });
  await recordSource(services, source, undefined);
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
    if (end.kind === 'waiting' || end.kind === 'held') later.push(end.until);
    noteEnd(reportKey, end, summary);
  });
  return [...planned.waiting.map((item) => item.until), ...later];
}

export function toUnitServices(source: Source, services: Services) {
  const { warehouse, io, logger, config, fileSlots } = services;
  return {
    source,
    ledger: warehouse.ledger,
    ...toTracedLoader(services),
    clock: io.clock,
    logger,
    thresholds: config.rejects,
    shrink: config.revisions,
    spool: openSpool(config),
    fileSlots,
    ...(io.trial && { passing: io.trial.passing }),
  };
}
