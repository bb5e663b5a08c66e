/** Raw text kept of a rejected record, in bytes. */
export const REJECT_RAW_LIMIT_BYTES = 64 * 1024;

export const REJECT_CODES = [
  'type-mismatch',
  'too-few-fields',
  'too-many-fields',
  'invalid-utf8',
  'nul-byte',
  'unterminated-quote',
  'malformed-quote',
  'record-too-large',
] as const;
export type RejectCode = (typeof REJECT_CODES)[number];

/** A record that could not be accepted. It is kept, with where it stood, so that nothing is lost. */
export interface Reject {
  /** 1-based physical line where the record starts; the header is line 1. */
  readonly line: number;
  /** The column whose type refused the field, when one did. */
  readonly columnName: string | null;
  readonly code: RejectCode;
  readonly message: string;
  /** The record as received, bounded to {@link REJECT_RAW_LIMIT_BYTES}. */
  readonly raw: string;
}

/** Above either, the unit fails and what was loaded before stays. */
export interface RejectThresholds {
  /** Share of the unit's records, 0 to 1. */
  readonly maxShare: number;
  readonly maxCount: number;
}

export const DEFAULT_REJECT_THRESHOLDS: RejectThresholds = { maxShare: 0.01, maxCount: 1000 };

export function isAboveThreshold(
  counts: { rows: number; rejects: number },
  limits: RejectThresholds,
): boolean {
  if (counts.rejects === 0) return false;
  const share = counts.rejects / (counts.rows + counts.rejects);
  return counts.rejects > limits.maxCount || share > limits.maxShare;
}
