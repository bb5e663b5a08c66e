import {
  type Archive,
  ConfigError,
  dayPeriod,
  type ExpectedUnit,
  type Source,
  toUnitId,
  type UnitRecord,
} from '@edgeledger/core';
import { createArchivedSource, findArchivedReading, type PlannedUnit, runPlan } from '@edgeledger/pipeline';
import { toDayRange } from '../day-range.ts';
import { type Io, printJson, printLine } from '../io.ts';
import { createProgress } from '../progress.ts';
import { createRunSummary, noteEnd, printEnds, type RunSummary, toRunExitCode } from '../run-summary.ts';
import {
  openArchive,
  openSources,
  readSetup,
  type SelectedSource,
  type Services,
  type Setup,
  selectSources,
  withServices,
} from '../services.ts';
import { traceCommand } from '../traced-command.ts';
import type { RangeOptions } from './plan.ts';
import { toUnitServices } from './run.ts';

export interface ReplayOptions extends RangeOptions {
  readonly fromArchive?: boolean;
  readonly fromVendor?: boolean;
  readonly confirm?: boolean;
}

const CONCURRENCY = 4;
const ATTEMPTS = 4;
const EVERYTHING = { from: new Date(0), to: new Date(8.64e15) };

/** Loads units again that the ledger knows, also covered ones; from the archive where it has them as a whole. */
export async function runReplayCommand(
  io: Io,
  reportKeys: readonly string[],
  options: ReplayOptions,
): Promise<number> {
  const setup = readSetup(io);
  if (reportKeys.length === 0 && options.from === undefined && options.to === undefined) {
    throw new ConfigError(
      'config.invalid-range',
      'Nothing to replay was named. Give report keys (`edgeledger replay cdn_logs_20261120`) or days with --from and --to.',
    );
  }
  const range =
    reportKeys.length > 0 && options.from === undefined && options.to === undefined
      ? undefined
      : toDayRange(options, setup.config.backfillDays, io.clock.now());
  const wanted: Wanted = {
    ...(range === undefined
      ? EVERYTHING
      : { from: dayPeriod(range.from).start, to: dayPeriod(range.to).end }),
    ...(reportKeys.length > 0 && { reportKeys }),
  };
  return replayUnits(setup, options, async () => wanted);
}

/** Replays what `toWanted` finds in the ledger; it is asked once the warehouse is open. */
export async function replayUnits(
  setup: Setup,
  options: ReplayOptions,
  toWanted: (services: Services) => Promise<Wanted>,
): Promise<number> {
  return traceCommand(setup, 'replay', (traced) => replayTraced(traced, options, toWanted));
}

async function replayTraced(
  setup: Setup,
  options: ReplayOptions,
  toWanted: (services: Services) => Promise<Wanted>,
): Promise<number> {
  const { io } = setup;
  const archive = openArchive(setup.config);
  assertArchive(options, archive);
  const sources = openSources(setup);
  const selected = selectSources(sources, options);
  return withServices(setup, { role: 'replay', announce: true }, async (services) => {
    try {
      const summary = await replayAll(selected, await toWanted(services), { services, options, archive });
      if (options.json) printJson(io, summary);
      else printSummary(io, summary);
      return toRunExitCode(summary, []);
    } finally {
      await Promise.all(sources.map((source) => source.close()));
    }
  });
}

function assertArchive(options: ReplayOptions, archive: Archive | undefined): void {
  if (options.fromArchive !== true || archive !== undefined) return;
  throw new ConfigError(
    'config.missing',
    '--from-archive: no archive is configured. Add `archive: { kind: directory }` to edgeledger.yaml; it keeps what is loaded from then on.',
  );
}

export interface Wanted {
  readonly from: Date;
  readonly to: Date;
  readonly reportKeys?: readonly string[];
  /** Only these, as `toUnitId` names them. */
  readonly unitIds?: ReadonlySet<string>;
}

interface Replay {
  readonly services: Services;
  readonly options: ReplayOptions;
  readonly archive: Archive | undefined;
}

interface ReplaySummary extends RunSummary {
  fromArchive: number;
  fromVendor: number;
}

async function replayAll(
  selected: readonly SelectedSource[],
  wanted: Wanted,
  replay: Replay,
): Promise<ReplaySummary> {
  const summary: ReplaySummary = {
    ...createRunSummary(),
    fromArchive: 0,
    fromVendor: 0,
  };
  const found = new Set<string>();
  const work = [];
  for (const { source, datasets } of selected) {
    const { unitIds, ...filter } = wanted;
    const known = await replay.services.warehouse.ledger.findUnits({
      ...filter,
      account: source.account,
      datasets: datasets ?? source.datasets.map((dataset) => dataset.name),
    });
    const units = unitIds === undefined ? known : known.filter((unit) => unitIds.has(toUnitId(unit)));
    for (const unit of units) found.add(unit.reportKey);
    // a key that a person names is tried whatever its state
    work.push({
      source,
      units: wanted.reportKeys === undefined ? units.filter(isWorthReplaying) : units,
    });
  }
  assertKnown(wanted.reportKeys ?? [], found);
  for (const { source, units } of work) await replaySource(source, units, replay, summary);
  return summary;
}

/** What was never read cannot be read again; `run` does that. */
function isWorthReplaying({ state }: UnitRecord): boolean {
  return state !== 'expected' && state !== 'waiting' && state !== 'lost';
}

function assertKnown(reportKeys: readonly string[], found: ReadonlySet<string>): void {
  const unknown = reportKeys.filter((reportKey) => !found.has(reportKey));
  if (unknown.length === 0) return;
  throw new ConfigError(
    'config.unknown-report',
    `The ledger does not know ${unknown.join(', ')} among the sources and datasets asked for. \`edgeledger run\` loads what was never loaded.`,
  );
}

async function replaySource(
  source: Source,
  units: readonly UnitRecord[],
  { services, options, archive }: Replay,
  summary: ReplaySummary,
): Promise<void> {
  const { io, warehouse } = services;
  const archived: UnitRecord[] = [];
  const others: UnitRecord[] = [];
  for (const unit of units) {
    const mayBeArchived = archive !== undefined && options.fromVendor !== true;
    const isArchived =
      options.fromArchive === true ||
      (mayBeArchived && (await findArchivedReading(unit, warehouse.ledger, archive)) !== undefined);
    (isArchived ? archived : others).push(unit);
  }
  summary.fromArchive += archived.length;
  summary.fromVendor += others.length;
  const progress = createProgress(io.status, io.clock);
  progress.expect(units.length);
  const load = async (from: Source, some: readonly UnitRecord[], isCopy: boolean): Promise<void> => {
    const planned = some.map(toPlannedUnit);
    const unitServices = { ...toUnitServices(from, services), isConfirmed: options.confirm === true, isCopy };
    const ends = await runPlan(planned, unitServices, {
      signal: io.signal,
      concurrency: CONCURRENCY,
      attempts: ATTEMPTS,
      pause: io.pause,
      watcher: progress.watcher,
    });
    ends.forEach((end, index) => {
      noteEnd(planned[index]?.unit.reportKey ?? '', end, summary);
    });
  };
  if (archive !== undefined && archived.length > 0) {
    await load(createArchivedSource(source, warehouse.ledger, archive), archived, true);
  }
  if (others.length > 0) await load(source, others, false);
  progress.finish();
}

function toPlannedUnit(record: UnitRecord): PlannedUnit {
  const { account, dataset, reportKey, period } = record;
  const unit: ExpectedUnit = {
    account,
    dataset,
    reportKey,
    period,
    dueAt: period.end,
    expiresAt: record.expiresAt ?? period.end,
  };
  return { unit, reason: 'replayed' };
}

function printSummary(io: Io, summary: ReplaySummary): void {
  const { rows } = summary;
  printLine(
    io,
    `Replayed ${summary.loaded + summary.unchanged} units (${summary.unchanged} unchanged; ${summary.fromArchive} asked of the archive, ` +
      `${summary.fromVendor} of the vendor): ${rows.inserted} rows inserted, ${rows.updated} updated, ${rows.deleted} deleted, ` +
      `${summary.rejects} rejects.`,
  );
  printEnds(io, summary);
}
