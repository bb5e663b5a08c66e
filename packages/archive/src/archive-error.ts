import { ContractError, EdgeledgerError, isAbortError, TransientError, type UnitKey } from '@edgeledger/core';

/** A failure of the store, as one of ours. Nothing is loaded that could not be kept, so it is tried again. */
function toArchiveError(thrown: unknown, doing: string, place: string): unknown {
  if (thrown instanceof EdgeledgerError || isAbortError(thrown)) return thrown;
  const reason = toReason(thrown);
  return new TransientError(
    'archive.unavailable',
    `${doing} failed (${place}): ${reason}. Check the archive settings in edgeledger.yaml, the rights and the free space; it is tried again.`,
    { cause: thrown },
  );
}

/** The innermost one tells what happened: `fetch` itself says no more than that it failed. */
function toReason(thrown: unknown): string {
  if (thrown instanceof Error && thrown.cause instanceof Error) return toReason(thrown.cause);
  return thrown instanceof Error ? thrown.message : String(thrown);
}

export function toMissingError(unit: UnitKey, sha256: string, place: string): ContractError {
  return new ContractError(
    'archive.missing',
    `The archive (${place}) does not have file ${sha256.slice(0, 12)}… of ${unit.reportKey}. Replay it from the vendor with --from-vendor.`,
  );
}

export type Guarded = <T>(doing: string, work: () => Promise<T>) => Promise<T>;

/** Runs work on the store at a place; what it fails with becomes one of our errors. */
export function createGuard(place: string): Guarded {
  return async (doing, work) => {
    try {
      return await work();
    } catch (thrown) {
      throw toArchiveError(thrown, doing, place);
    }
  };
}
