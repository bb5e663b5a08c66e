import type { UnitKey } from '../unit.ts';

/**
 * Report files exactly as received, addressed by unit and by the hash of their bytes: the same bytes are kept once,
 * and nothing that is kept ever changes.
 */
export interface Archive {
  /** Begins to keep one file. Nothing is visible before `commit`. */
  begin(unit: UnitKey): Promise<ArchiveEntry>;
  has(unit: UnitKey, sha256: string): Promise<boolean>;
  /**
   * The bytes that were kept; throws at the end when they are not what their address says.
   *
   * @throws ContractError `archive.missing`; TransientError `archive.unavailable`
   */
  open(unit: UnitKey, sha256: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Drops what was received longer ago than it is to be kept; gives how many files. */
  prune(now: Date): Promise<number>;
}

export interface ArchiveEntry {
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the file visible as a whole; gives its SHA-256, hex. */
  commit(): Promise<string>;
  /** Forgets what was written; safe to call after `commit`. */
  discard(): Promise<void>;
}
