import pLimit from 'p-limit';

/** Runs one reading of a file when there is room for it. */
export type FileSlots = <Result>(read: () => Promise<Result>) => Promise<Result>;

/**
 * Turning a file into tuples takes a core by itself, and about 20 MB: two at a time, so that one is read while the other waits for
 * its download or for Postgres. More would only be more memory.
 */
export const FILES_AT_ONCE = 2;

/** One for each process. */
export function createFileSlots(): FileSlots {
  return pLimit(FILES_AT_ONCE);
}
