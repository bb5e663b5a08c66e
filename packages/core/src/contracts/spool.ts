import type { OpenedPart } from './source.ts';

/** Keeps a download aside until it was read, so that it can be looked at before it is. */
export interface Spool {
  /**
   * Reads the part to its end; gives it as it lies on disk, with its `hash`. Destroying that removes it.
   *
   * @throws TransientError `archive.unavailable`, and whatever `bytes` throws
   */
  receive(part: OpenedPart): Promise<OpenedPart>;
  /** Removes what killed processes left. */
  sweep(now: Date): Promise<void>;
}
