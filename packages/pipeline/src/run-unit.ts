import {
  type Clock,
  type Dataset,
  InvariantError,
  isAbortError,
  type Ledger,
  type Load,
  type Loader,
  type Logger,
  type PassMilestone,
  type PublishResult,
  type Readiness,
  type RejectThresholds,
  type ShrinkLimits,
  type Source,
  type SourceContext,
  type Spool,
  type StageProgress,
  silentTracer,
  ThrottledError,
  type Tracer,
  toEdgeledgerError,
  type UnitRef,
} from '@edgeledger/core';
import type { FileSlots } from './file-slots.ts';
import { publishLoad } from './publish-load.ts';
import { stageParts } from './stage-parts.ts';

export interface UnitServices {
  readonly source: Source;
  readonly ledger: Ledger;
  readonly loader: Loader;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly thresholds?: RejectThresholds;
  readonly shrink?: ShrinkLimits;
  /** A person has seen that a revision is much smaller and wants it all the same. */
  readonly isConfirmed?: boolean;
  /** The bytes are a copy of what was read before: reading them again confirms nothing. */
  readonly isCopy?: boolean;
  /** Where a part is kept aside that looks like the visible one; without it all parts are staged as they come. */
  readonly spool?: Spool;
  /** Lets a limited number of files be read at the same time in this process; without it there is no limit. */
  readonly fileSlots?: FileSlots;
  readonly passing?: PassMilestone;
  /** Makes a span of each unit that is run as a whole. */
  readonly tracer?: Tracer;
}

export interface UnitRun {
  readonly signal: AbortSignal;
  readonly onProgress?: StageProgress;
}

export type UnitOutcome =
  | { readonly kind: 'loaded'; readonly result: PublishResult }
  | { readonly kind: 'waiting'; readonly until: Date; readonly reason: string }
  /** Read, but kept back: the earlier rows stay until the revision is confirmed. */
  | { readonly kind: 'held'; readonly until: Date; readonly reason: string }
  | { readonly kind: 'lost'; readonly reason: string };

export type ReadyUnit = Extract<Readiness, { kind: 'ready' }>;

/** Checks, reads and publishes one unit. Throws after writing the failure to the ledger. */
export async function runUnit(unit: UnitRef, services: UnitServices, run: UnitRun): Promise<UnitOutcome> {
  const { account, dataset, reportKey } = unit;
  const attributes = {
    'edgeledger.account': account,
    'edgeledger.dataset': dataset,
    'edgeledger.report_key': reportKey,
  };
  return await (services.tracer ?? silentTracer).trace(`load ${dataset}`, attributes, async (span) => {
    const readiness = await checkUnit(unit, services, run);
    const outcome = readiness.kind === 'ready' ? await readUnit(unit, readiness, services, run) : readiness;
    span.set({ 'edgeledger.outcome': outcome.kind });
    return outcome;
  });
}

/** Asks the source whether the unit may be read, and writes down when it may not. */
export async function checkUnit(
  unit: UnitRef,
  services: UnitServices,
  run: UnitRun,
): Promise<ReadyUnit | Exclude<UnitOutcome, { kind: 'loaded' | 'held' }>> {
  const { ledger, source } = services;
  const readiness = await recordingFailure(unit, services, run.signal, () =>
    source.check(unit, toContext(services, run)),
  );
  if (readiness.kind === 'waiting') {
    await ledger.recordWaiting(unit, readiness.until, readiness.reason);
    return readiness;
  }
  if (readiness.kind === 'gone') {
    await ledger.recordLost(unit, readiness.reason);
    return { kind: 'lost', reason: readiness.reason };
  }
  services.passing?.('unit.checked');
  return readiness;
}

/** Reads and publishes a unit that `checkUnit` found ready. */
export async function readUnit(
  unit: UnitRef,
  ready: ReadyUnit,
  services: UnitServices,
  run: UnitRun,
): Promise<UnitOutcome> {
  const record = await services.ledger.findUnit(unit);
  const expected = { partCount: ready.parts.length };
  const load = await services.loader.begin(unit, getDataset(unit, services.source), expected);
  return settlingLoad(load, services, run.signal, () =>
    load.keepAlive(async () => {
      const facts = await stageParts(load, ready.parts, services, run);
      return publishLoad({ load, ready, record, facts }, services);
    }),
  );
}

/** Runs a step of a load; a failure is written to the ledger, a shutdown leaves no trace. */
async function settlingLoad<T>(
  load: Load,
  services: UnitServices,
  signal: AbortSignal,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (signal.aborted || isAbortError(error)) {
      await load.abandon();
      throw error;
    }
    const known = toEdgeledgerError(error);
    if (known instanceof ThrottledError) {
      await load.abandon();
      await recordThrottled(load.unit, known, services);
    } else {
      await load.fail(known, services.clock.now());
    }
    throw known;
  }
}

/** A run that was told to stop (shutdown, its time limit, its job given to another worker) says nothing about the unit. */
async function recordingFailure<T>(
  unit: UnitRef,
  services: UnitServices,
  signal: AbortSignal,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (signal.aborted || isAbortError(error)) throw error;
    const known = toEdgeledgerError(error);
    if (known instanceof ThrottledError) await recordThrottled(unit, known, services);
    else await services.ledger.recordFailure(unit, known, services.clock.now());
    throw known;
  }
}

/** The vendor asked for patience: nothing failed. */
async function recordThrottled(unit: UnitRef, error: ThrottledError, services: UnitServices): Promise<void> {
  const until = new Date(services.clock.now().getTime() + error.retryAfterMs);
  await services.ledger.recordWaiting(unit, until, error.message);
}

export function getDataset(unit: UnitRef, source: Source): Dataset {
  const dataset = source.datasets.find((candidate) => candidate.name === unit.dataset);
  if (dataset === undefined) {
    throw new InvariantError(
      `Source ${source.id} does not know the dataset ${unit.dataset} of ${unit.reportKey}.`,
    );
  }
  return dataset;
}

export function toContext(services: UnitServices, run: UnitRun): SourceContext {
  return { now: services.clock.now(), signal: run.signal, logger: services.logger };
}
