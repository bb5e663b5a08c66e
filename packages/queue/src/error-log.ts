import type { LogFields, Logger } from '@edgeledger/core';

/** While a store is away, every attempt to reach it says the same. */
const AGAIN_AFTER_MS = 10_000;
/** Messages with numbers in them must not grow without limit. */
const MOST_MESSAGES = 100;

export interface ErrorLogOptions {
  readonly logger: Logger;
  /** What the errors are of. */
  readonly message: string;
  readonly fields?: LogFields;
}

/**
 * Writes what goes wrong with a connection: the first time at once, and the same again only after a while, with how often
 * it came in between. An outage of an hour must not fill a disk with one sentence.
 */
export function createErrorLog(
  { logger, message, fields = {} }: ErrorLogOptions,
  nowMs: () => number = () => performance.now(),
): (error: Error) => void {
  const told = new Map<string, { atMs: number; repeated: number }>();
  return ({ message: error }) => {
    const before = told.get(error);
    if (before !== undefined && nowMs() - before.atMs < AGAIN_AFTER_MS) {
      before.repeated += 1;
      return;
    }
    const repeated = before?.repeated ?? 0;
    if (told.size >= MOST_MESSAGES) told.clear();
    told.set(error, { atMs: nowMs(), repeated: 0 });
    logger.warn({ ...fields, error, ...(repeated > 0 && { repeated }) }, message);
  };
}
