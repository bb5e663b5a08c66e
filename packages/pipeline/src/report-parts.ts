import {
  type EdgeledgerError,
  isAbortError,
  type Load,
  MINUTE_MS,
  type PartRef,
  TransientError,
  toEdgeledgerError,
  type UnitRef,
} from '@edgeledger/core';
import { publishLoad } from './publish-load.ts';
import {
  getDataset,
  isHeaderUnknown,
  type ReadyUnit,
  settlingLoad,
  type UnitOutcome,
  type UnitRun,
  type UnitServices,
} from './run-unit.ts';
import { stagePart } from './stage-part.ts';

/** A report whose parts are separate jobs: `beginReport`, then the other parts, then `publishReport`. */
export interface ReportLoad {
  readonly unit: UnitRef;
  readonly loadId: string;
}

export interface ReportPart extends ReportLoad {
  readonly partNo: number;
  readonly part: PartRef;
  readonly partCount: number;
}

export type PartOutcome =
  | { readonly kind: 'staged'; readonly rows: number; readonly rejects: number }
  | { readonly kind: 'waiting'; readonly until: Date; readonly reason: string }
  /** Its load has ended meanwhile: a later one took its place. */
  | { readonly kind: 'stale' };

const HEADER_PAUSE_MS = MINUTE_MS / 12;

export interface NumberedPart {
  readonly partNo: number;
  readonly part: PartRef;
}

/**
 * Begins a load and stages the first part, because often only that one has the header. The others may then be
 * staged by anyone, in any order.
 */
export async function beginReport(
  unit: UnitRef,
  ready: ReadyUnit,
  services: UnitServices,
  run: UnitRun,
): Promise<{ readonly loadId: string; readonly remaining: readonly NumberedPart[] }> {
  const load = await services.loader.begin(unit, getDataset(unit, services.source));
  const parts = ready.parts.map((part, index) => ({ partNo: index + 1, part }));
  const [first, ...others] = parts;
  if (first === undefined) return { loadId: load.loadId, remaining: [] };
  return settlingLoad(load, services, run.signal, async () => {
    try {
      await stagePart({ load, ...first }, services, run);
      return { loadId: load.loadId, remaining: others };
    } catch (error) {
      if (!isHeaderUnknown(error)) throw error;
      return { loadId: load.loadId, remaining: parts };
    }
  });
}

/**
 * Stages one part. A part without a header of its own waits for one that has it; when all others are staged
 * and none had one, that is the failure of the part.
 */
export async function stageReportPart(
  part: ReportPart,
  services: UnitServices,
  run: UnitRun,
): Promise<PartOutcome> {
  const load = await services.loader.resume(part.loadId, getDataset(part.unit, services.source));
  const staged = await load.stagedParts();
  const header = staged.find((other) => other.header.length > 0)?.header;
  try {
    const { receipt } = await stagePart(
      { load, partNo: part.partNo, part: part.part, header },
      services,
      run,
    );
    return { kind: 'staged', rows: receipt.rows, rejects: receipt.rejects };
  } catch (error) {
    if (!run.signal.aborted && hasEnded(error)) {
      await load.abandon();
      return { kind: 'stale' };
    }
    const others = staged.filter((other) => other.partNo !== part.partNo).length;
    if (!isHeaderUnknown(error) || header !== undefined || others >= part.partCount - 1) throw error;
    const until = new Date(services.clock.now().getTime() + HEADER_PAUSE_MS);
    return { kind: 'waiting', until, reason: 'the header is in a part that is not staged yet' };
  }
}

/**
 * What became of publishing. `stale`: its staged parts are gone and the unit has to be loaded anew. `superseded`: a load
 * that began later was published, there is nothing left to do.
 */
export type PublishOutcome = UnitOutcome | { readonly kind: 'stale' } | { readonly kind: 'superseded' };

function hasEnded(error: unknown): boolean {
  return toEdgeledgerError(error).code === 'load.superseded';
}

/**
 * Publishes what the parts staged. The files of a finished report are final. After a transient failure and
 * after a shutdown the parts stay staged, so that publishing can be tried again.
 */
export async function publishReport(
  report: ReportToPublish,
  services: UnitServices,
): Promise<PublishOutcome> {
  const record = await services.ledger.findUnit(report.unit);
  const load = await services.loader.resume(report.loadId, getDataset(report.unit, services.source));
  try {
    await assertStaged(load, report);
    return await publishLoad({ load, ready: report, record, facts: [] }, services);
  } catch (error) {
    const known = toEdgeledgerError(error);
    if (known.code !== 'load.staging-lost' && known.code !== 'load.superseded') {
      if (isAbortError(error) || known instanceof TransientError) throw error;
      await load.fail(known, services.clock.now());
      throw known;
    }
    await load.fail(known, services.clock.now());
    return { kind: known.context.isNewerPublished === true ? 'superseded' : 'stale' };
  }
}

export interface ReportToPublish extends ReportLoad, Pick<ReadyUnit, 'vendorReportId' | 'revision'> {
  readonly partCount: number;
}

async function assertStaged(load: Load, { unit, partCount }: ReportToPublish): Promise<void> {
  const staged = await load.stagedParts();
  if (staged.length === partCount) return;
  throw new TransientError(
    'load.staging-lost',
    `Publishing ${unit.reportKey}: ${staged.length} of ${partCount} parts are staged. It is loaded anew.`,
  );
}

/** Gives a report up whose part, or whose publishing, failed for good. */
export async function failReport(
  report: ReportLoad,
  error: EdgeledgerError,
  services: UnitServices,
): Promise<void> {
  const load = await services.loader.resume(report.loadId, getDataset(report.unit, services.source));
  await load.fail(error, services.clock.now());
}
