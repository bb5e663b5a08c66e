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
import { getDataset, type ReadyUnit, type UnitOutcome, type UnitRun, type UnitServices } from './run-unit.ts';
import { isHeaderUnknown, stagePart } from './stage-part.ts';

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
  /** Its load has ended meanwhile: a later one took its place, or the vendor took the report's files away for others. */
  | { readonly kind: 'stale' };

/** How long the other parts give the first one to tell its header before they look for one of their own. */
const HEADER_PATIENCE_MS = 60_000;
const SHORT_PAUSE_MS = 250;
const HEADER_PAUSE_MS = MINUTE_MS / 12;

export interface NumberedPart {
  readonly partNo: number;
  readonly part: PartRef;
}

/**
 * Begins a load, of which the parts may then be staged by anyone, in any order and at the same time.
 */
export async function beginReport(
  unit: UnitRef,
  ready: ReadyUnit,
  services: UnitServices,
): Promise<{ readonly loadId: string; readonly parts: readonly NumberedPart[] }> {
  const load = await services.loader.begin(unit, getDataset(unit, services.source));
  return { loadId: load.loadId, parts: ready.parts.map((part, index) => ({ partNo: index + 1, part })) };
}

/**
 * Stages one part. A part without a header of its own waits for one that has it; when no part of the report has one, that is
 * the failure of the part.
 */
export async function stageReportPart(
  part: ReportPart,
  services: UnitServices,
  run: UnitRun,
): Promise<PartOutcome> {
  const dataset = getDataset(part.unit, services.source);
  const load = await services.loader.resume(part.loadId, dataset, { partCount: part.partCount });
  const wait = (durationMs: number): PartOutcome => ({
    kind: 'waiting',
    until: new Date(services.clock.now().getTime() + durationMs),
    reason: 'the header is in a part that was not read yet',
  });
  const { header, headerless, ageMs } = await load.findHeader();
  const isFirstSilent = !headerless.includes(1) && ageMs < HEADER_PATIENCE_MS;
  // often only the first part has it, and then the others would be downloaded for nothing
  if (header === undefined && part.partNo > 1 && isFirstSilent) return wait(SHORT_PAUSE_MS);
  try {
    const { receipt } = await load.keepAlive(() =>
      stagePart({ load, partNo: part.partNo, part: part.part, header }, services, run),
    );
    return { kind: 'staged', rows: receipt.rows, rejects: receipt.rejects };
  } catch (error) {
    if (!run.signal.aborted && (hasEnded(error) || isReissued(error))) {
      await load.abandon();
      return { kind: 'stale' };
    }
    if (!isHeaderUnknown(error) || header !== undefined) throw error;
    if ((await load.noteHeaderless(part.partNo)) >= part.partCount) throw error;
    return wait(HEADER_PAUSE_MS);
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

/** Its files are not those that the load began with, so that no part of it can be had by trying again. */
function isReissued(error: unknown): boolean {
  return toEdgeledgerError(error).code === 'source.reissued';
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
