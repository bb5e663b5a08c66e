import {
  type Clock,
  type CompanionRows,
  ContractError,
  type Dataset,
  DEFAULT_REJECT_THRESHOLDS,
  EdgeledgerError,
  InvariantError,
  isAbortError,
  isAboveThreshold,
  type Ledger,
  type Load,
  type Loader,
  type Logger,
  type PartFacts,
  type PartReceipt,
  type PartRef,
  type PublishResult,
  type Readiness,
  type RejectThresholds,
  type Source,
  type SourceContext,
  type StageProgress,
  ThrottledError,
  toEdgeledgerError,
  type UnitRecord,
  type UnitRef,
} from '@edgeledger/core';
import { decideFinality } from './finality.ts';

export interface UnitServices {
  readonly source: Source;
  readonly ledger: Ledger;
  readonly loader: Loader;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly thresholds?: RejectThresholds;
}

export interface UnitRun {
  readonly signal: AbortSignal;
  readonly onProgress?: StageProgress;
}

export type UnitOutcome =
  | { readonly kind: 'loaded'; readonly result: PublishResult }
  | { readonly kind: 'waiting'; readonly until: Date; readonly reason: string }
  | { readonly kind: 'lost'; readonly reason: string };

export type ReadyUnit = Extract<Readiness, { kind: 'ready' }>;

/** Checks, reads and publishes one unit. Throws after writing the failure to the ledger. */
export async function runUnit(unit: UnitRef, services: UnitServices, run: UnitRun): Promise<UnitOutcome> {
  const readiness = await checkUnit(unit, services, run);
  if (readiness.kind !== 'ready') return readiness;
  return readUnit(unit, readiness, services, run);
}

/** Asks the source whether the unit may be read, and writes down when it may not. */
export async function checkUnit(
  unit: UnitRef,
  services: UnitServices,
  run: UnitRun,
): Promise<ReadyUnit | Exclude<UnitOutcome, { kind: 'loaded' }>> {
  const { ledger, source } = services;
  const readiness = await recordingFailure(unit, services, () =>
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
  const load = await services.loader.begin(unit, getDataset(unit, services.source));
  return settlingLoad(load, services, run.signal, async () => {
    const facts = await stageParts(load, ready.parts, services, run);
    return publishLoad({ load, ready, record, facts }, services);
  });
}

/**
 * Stages the parts one after the other. A part that the vendor cut at its row limit is read again in the
 * pieces it names; a part without a header waits until another one has told it.
 */
async function stageParts(
  load: Load,
  parts: readonly PartRef[],
  services: UnitServices,
  run: UnitRun,
): Promise<PartFacts[]> {
  const facts: PartFacts[] = [];
  const queue = parts.map((part) => ({ part, postponed: false }));
  let header: readonly string[] | undefined;
  let partNo = 1;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    run.signal.throwIfAborted();
    try {
      const staged = await stagePart({ load, partNo, part: next.part, header }, services, run);
      header ??= staged.receipt.header.length > 0 ? staged.receipt.header : undefined;
      if (staged.facts.splitInto !== undefined && staged.facts.splitInto.length > 0) {
        await load.unstagePart(partNo);
        const { rows, rejects } = staged.receipt;
        run.onProgress?.({ rows: -rows, rejects: -rejects, bytes: 0 });
        queue.unshift(...staged.facts.splitInto.map((part) => ({ part, postponed: false })));
        continue;
      }
      facts.push(staged.facts);
    } catch (error) {
      const mayHelp = header === undefined && !next.postponed && queue.some((other) => !other.postponed);
      if (!isHeaderUnknown(error) || !mayHelp) throw error;
      queue.push({ part: next.part, postponed: true });
      continue;
    }
    partNo += 1;
  }
  return facts;
}

export interface PartToStage {
  readonly load: Load;
  readonly partNo: number;
  readonly part: PartRef;
  readonly header?: readonly string[] | undefined;
}

/** Streams one part from the vendor into staging. */
export async function stagePart(
  { load, partNo, part, header }: PartToStage,
  services: UnitServices,
  run: UnitRun,
): Promise<{ receipt: PartReceipt; facts: PartFacts }> {
  const context = toContext(services, run);
  const opened = await services.source.open(load.unit, part, context);
  try {
    const parsed = await services.source.parse(
      load.unit,
      opened,
      header === undefined ? context : { ...context, header },
    );
    const receipt = await load.stagePart(partNo, part.name, parsed, run.onProgress);
    return { receipt, facts: parsed.facts() };
  } finally {
    opened.destroy();
  }
}

export interface LoadToPublish {
  readonly load: Load;
  readonly ready: Pick<ReadyUnit, 'vendorReportId' | 'revision'>;
  /** The ledger's record from before the load. */
  readonly record: UnitRecord | undefined;
  readonly facts: readonly PartFacts[];
}

/** Verifies what was staged and publishes it, or gives it up when there is nothing yet. */
export async function publishLoad(
  { load, ready, record, facts }: LoadToPublish,
  services: UnitServices,
): Promise<UnitOutcome> {
  const now = services.clock.now();
  const finality = decideFinality({ unit: load.unit, facts, record, now });
  if (finality.kind === 'waiting') {
    await load.abandon();
    await services.ledger.recordWaiting(
      load.unit,
      finality.until,
      'the vendor has no data of this period yet',
    );
    return { kind: 'waiting', until: finality.until, reason: 'no data yet' };
  }
  await assertFewRejects(load, services.thresholds ?? DEFAULT_REJECT_THRESHOLDS);
  const result = await load.publish({
    now,
    vendorReportId: ready.vendorReportId,
    revision: ready.revision,
    companions: facts.flatMap((part): readonly CompanionRows[] => part.companions),
    findings: facts.flatMap((part) => part.findings),
    availableAt: finality.availableAt,
    isSettled: finality.isSettled,
    nextCheckAt: finality.nextCheckAt,
    confirmAt: finality.confirmAt,
  });
  services.logger.info(
    {
      unit: load.unit.reportKey,
      dataset: load.unit.dataset,
      outcome: result.outcome,
      rows: result.rowsInserted,
    },
    'unit published',
  );
  return { kind: 'loaded', result };
}

async function assertFewRejects(load: Load, limits: RejectThresholds): Promise<void> {
  const parts = await load.stagedParts();
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const rejects = parts.reduce((sum, part) => sum + part.rejects, 0);
  if (!isAboveThreshold({ rows, rejects }, limits)) return;
  const share = ((100 * rejects) / (rows + rejects)).toFixed(2);
  throw new ContractError(
    'unit.rejects-above-threshold',
    `Loading ${load.unit.reportKey}: ${rejects} of ${rows + rejects} records (${share} %) were rejected, allowed are ` +
      `${limits.maxShare * 100} % and ${limits.maxCount}. What was loaded before stays. Look at ledger.rejects for the ` +
      'reasons; correct the column mapping or raise rejects.maxShare / rejects.maxCount in edgeledger.yaml, then replay it.',
    { context: { rows, rejects } },
  );
}

/** Runs a step of a load; a failure is written to the ledger, a shutdown leaves no trace. */
export async function settlingLoad<T>(
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

async function recordingFailure<T>(
  unit: UnitRef,
  services: UnitServices,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (isAbortError(error)) throw error;
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

export function isHeaderUnknown(error: unknown): boolean {
  return error instanceof EdgeledgerError && error.code === 'file.header-unknown';
}

export function toContext(services: UnitServices, run: UnitRun): SourceContext {
  return { now: services.clock.now(), signal: run.signal, logger: services.logger };
}
