import {
  EdgeledgerError,
  type Load,
  type OpenedPart,
  type PartFacts,
  type PartReceipt,
  type PartRef,
  type PassMilestone,
  type StageProgress,
  toEdgeledgerError,
} from '@edgeledger/core';
import type { UnitRun, UnitServices } from './run-unit.ts';

export interface PartToStage {
  readonly load: Load;
  readonly partNo: number;
  readonly part: PartRef;
  readonly header?: readonly string[] | undefined;
}

export interface StagedPart {
  readonly receipt: PartReceipt;
  readonly facts: PartFacts;
}

/** How often one part is read before its whole unit is given up for now. */
const ATTEMPTS = 4;

/**
 * Streams one part from the vendor into staging. A download that broke off or arrived damaged is repeated here, so
 * that the unit's other parts need not be downloaded again.
 */
export async function stagePart(
  part: PartToStage,
  services: UnitServices,
  run: UnitRun,
): Promise<StagedPart> {
  for (let attempt = 1; ; attempt += 1) {
    const progress = countProgress(run.onProgress);
    try {
      return await stageOnce(part, services, { ...run, onProgress: progress.add });
    } catch (error) {
      progress.takeBack();
      if (run.signal.aborted || attempt >= ATTEMPTS || !isBrokenDownload(error)) throw error;
      const { reportKey } = part.load.unit;
      services.logger.warn(
        { unit: reportKey, part: part.partNo, code: toEdgeledgerError(error).code, attempt },
        'reading the part again',
      );
    }
  }
}

/** The failures of a download that `stagePart` repeats by itself. */
export function isBrokenDownload(error: unknown): boolean {
  if (!(error instanceof EdgeledgerError)) return false;
  return error.code === 'source.truncated' || error.code === 'source.checksum-mismatch';
}

async function stageOnce(
  { load, partNo, part, header }: PartToStage,
  services: UnitServices,
  run: UnitRun,
): Promise<StagedPart> {
  const context = { now: services.clock.now(), signal: run.signal, logger: services.logger };
  const received = await services.source.open(load.unit, part, context);
  services.passing?.('part.opened');
  const opened = services.passing === undefined ? received : withMilestones(received, services.passing);
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

/** Tells that the first and the last byte are here; kept ones are in the archive by then. */
function withMilestones(opened: OpenedPart, passing: PassMilestone): OpenedPart {
  async function* pass(): AsyncGenerator<Uint8Array> {
    let isFirst = true;
    for await (const chunk of opened.bytes) {
      if (isFirst) passing('part.receiving');
      isFirst = false;
      yield chunk;
    }
    passing('part.downloaded');
  }
  return { ...opened, bytes: pass() };
}

/** Rows of an attempt that failed do not count. */
function countProgress(onProgress: StageProgress | undefined) {
  const total = { rows: 0, rejects: 0, bytes: 0 };
  const add: StageProgress = (delta) => {
    total.rows += delta.rows;
    total.rejects += delta.rejects;
    total.bytes += delta.bytes;
    onProgress?.(delta);
  };
  const takeBack = (): void =>
    onProgress?.({ rows: -total.rows, rejects: -total.rejects, bytes: -total.bytes });
  return { add, takeBack };
}
