import { HOUR_MS, MINUTE_MS } from '@edgeledger/core';

const FIRST_DELAY_MS = 5 * MINUTE_MS;
const LONGEST_DELAY_MS = 6 * HOUR_MS;

/**
 * How long a failed unit rests: 5 minutes, doubling up to 6 hours. The queue's own retries come first and are
 * quicker; this is for what they could not solve.
 */
export function retryDelayMs(attempts: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, attempts - 1));
}

/** The same in SQL, for statements that count the attempt themselves: gives an interval. */
export function retryDelaySql(attempts: string): string {
  return `least(interval '${LONGEST_DELAY_MS} milliseconds', interval '${FIRST_DELAY_MS} milliseconds' * 2 ^ least(20, greatest(0, ${attempts} - 1)))`;
}
