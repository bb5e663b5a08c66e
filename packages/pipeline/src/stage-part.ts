import {
  EdgeledgerError,
  type Load,
  type OpenedPart,
  type ParsedPart,
  type PartFacts,
  type PartReceipt,
  type PartRef,
  type PassMilestone,
  type SourceContext,
  type StageProgress,
  toEdgeledgerError,
} from '@edgeledger/core';
import type { UnitRun, UnitServices } from './run-unit.ts';

export interface PartToStage {
  readonly load: Load;
  readonly partNo: number;
  readonly part: PartRef;
  /** What another part has told; without it the part has to have one of its own. */
  readonly header?: readonly string[] | undefined;
  /** Called as soon as the part's header is read, again when the part is. */
  readonly onHeader?: (header: readonly string[]) => void;
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
      const read = (): Promise<StagedPart> => {
        run.signal.throwIfAborted();
        return stageOnce(part, services, { ...run, onProgress: progress.add });
      };
      const { fileSlots, source } = services;
      return fileSlots !== undefined && source.hasFiles === true ? await fileSlots(read) : await read();
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

/** The file has no header, and no other part has told one yet. */
export function isHeaderUnknown(error: unknown): boolean {
  return error instanceof EdgeledgerError && error.code === 'file.header-unknown';
}

async function stageOnce(part: PartToStage, services: UnitServices, run: UnitRun): Promise<StagedPart> {
  const { load } = part;
  const context = { now: services.clock.now(), signal: run.signal, logger: services.logger };
  let opened = await open(part, services, context);
  try {
    const visible = await load.findVisiblePart(part.partNo);
    if (visible !== undefined) {
      if (opened.hash === undefined && opened.sizeBytes === visible.bytes)
        opened = (await services.spool?.receive(opened)) ?? opened;
      if ((await opened.hash?.()) === visible.sha256) {
        const same = await stageSame(part, opened, services, run);
        if (same !== undefined) return same;
        opened.destroy();
        opened = await open(part, services, context);
      }
    }
    const parsed = await parse(part, opened, services, run);
    const receipt = await load.stagePart(part.partNo, part.part.name, parsed, run.onProgress);
    return { receipt, facts: parsed.facts() };
  } finally {
    opened.destroy();
  }
}

async function open(
  { load, part }: PartToStage,
  { source, passing }: UnitServices,
  context: SourceContext,
): Promise<OpenedPart> {
  const received = await source.open(load.unit, part, context);
  passing?.('part.opened');
  return passing === undefined ? received : withMilestones(received, passing);
}

/** The bytes are those of the visible part; undefined when they mean something else than before. */
async function stageSame(
  part: PartToStage,
  opened: OpenedPart,
  services: UnitServices,
  run: UnitRun,
): Promise<StagedPart | undefined> {
  const progress = countProgress(run.onProgress);
  const parsed = await parse(part, opened, services, run);
  const receipt = await part.load.stageSamePart(part.partNo, part.part.name, parsed, progress.add);
  if (receipt !== undefined) return { receipt, facts: parsed.facts() };
  progress.takeBack();
  return undefined;
}

async function parse(
  { load, header, onHeader }: PartToStage,
  opened: OpenedPart,
  services: UnitServices,
  run: UnitRun,
): Promise<ParsedPart> {
  const context = { now: services.clock.now(), signal: run.signal, logger: services.logger };
  const parsed = await services.source.parse(
    load.unit,
    opened,
    header === undefined ? context : { ...context, header },
  );
  onHeader?.(parsed.header);
  return parsed;
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
