import { InvariantError, type Load, type PartFacts, type PartRef } from '@edgeledger/core';
import { FILES_AT_ONCE } from './file-slots.ts';
import type { UnitRun, UnitServices } from './run-unit.ts';
import { isHeaderUnknown, stagePart } from './stage-part.ts';

/** Stages all parts of a unit; their facts come in the order of their numbers. */
type StageParts = (
  load: Load,
  parts: readonly PartRef[],
  services: UnitServices,
  run: UnitRun,
) => Promise<PartFacts[]>;

export const stageParts: StageParts = (load, parts, services, run) => {
  const stage = services.source.hasFiles === true ? stageFiles : stageInTurn;
  return stage(load, parts, services, run);
};

/** A part that the vendor cut at its row limit is read again in the pieces it names. */
const stageInTurn: StageParts = async (load, parts, services, run) => {
  const facts: PartFacts[] = [];
  const queue = [...parts];
  for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
    run.signal.throwIfAborted();
    const partNo = facts.length + 1;
    const staged = await stagePart({ load, partNo, part }, services, run);
    const { splitInto = [] } = staged.facts;
    if (splitInto.length === 0) {
      facts.push(staged.facts);
      continue;
    }
    await load.unstagePart(partNo);
    services.passing?.('part.split');
    const { rows, rejects } = staged.receipt;
    run.onProgress?.({ rows: -rows, rejects: -rejects, bytes: 0 });
    queue.unshift(...splitInto);
  }
  return facts;
};

/**
 * Two files at a time, so that one is turned into tuples while Postgres stores those of the other. A file's number is its place.
 * Often only the first has the header: until one has told it they come alone, and those without one come again after that.
 */
const stageFiles: StageParts = async (load, parts, services, run) => {
  const facts: PartFacts[] = [];
  const queue = parts.map((part, index) => ({ part, partNo: index + 1 }));
  const headerless: typeof queue = [];
  const headerTold = Promise.withResolvers<void>();
  const failed = new AbortController();
  const signal = AbortSignal.any([run.signal, failed.signal]);
  let header: readonly string[] | undefined;

  const onHeader = (told: readonly string[]): void => {
    if (header !== undefined || told.length === 0) return;
    header = told;
    queue.push(...headerless.splice(0));
    headerTold.resolve();
  };
  const stageNext = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      signal.throwIfAborted();
      try {
        const staged = await stagePart({ load, ...next, header, onHeader }, services, { ...run, signal });
        facts[next.partNo - 1] = assertWhole(staged.facts, next.part);
      } catch (error) {
        if (!isHeaderUnknown(error) || header !== undefined || queue.length === 0) throw error;
        headerless.push(next);
      }
    }
  };
  let failure: { readonly error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    try {
      await stageNext();
    } catch (error) {
      failure ??= { error };
      failed.abort(error);
    } finally {
      headerTold.resolve();
    }
  };
  const others = Array.from({ length: FILES_AT_ONCE - 1 }, () => headerTold.promise.then(lane));
  await Promise.all([lane(), ...others]);
  if (failure !== undefined) throw failure.error;
  return facts;
};

function assertWhole(facts: PartFacts, part: PartRef): PartFacts {
  if ((facts.splitInto ?? []).length === 0) return facts;
  throw new InvariantError(`Part ${part.name} is a file; its source must not ask for it again in pieces.`);
}
