import { type EdgeledgerError, HOUR_MS, MINUTE_MS, TRIES_IN_A_ROW, TransientError } from '@edgeledger/core';

const FIRST_DELAY_MS = 5 * MINUTE_MS;
/** What passes by itself is mostly over within hours; what a person has to see to would be read for nothing more often. */
const LONGEST_MS = { transient: HOUR_MS, lasting: 6 * HOUR_MS };

/**
 * How long a failed unit rests, as an SQL interval: 5 minutes, doubling up to an hour or six. `attempts` is an SQL expression that
 * counts this failure, too. The queue's own retries come first and are quicker; this is for what they could not solve. So what
 * the queue tries again counts once for all of its tries: a vendor that was away for minutes would cost hours.
 */
export function retryDelaySql(attempts: string, error: EdgeledgerError): string {
  const isTransient = error instanceof TransientError;
  const rests = isTransient ? `ceil((${attempts}) / ${TRIES_IN_A_ROW}.0)` : `(${attempts})`;
  const longestMs = isTransient ? LONGEST_MS.transient : LONGEST_MS.lasting;
  return `least(interval '${longestMs} milliseconds', interval '${FIRST_DELAY_MS} milliseconds' * 2 ^ least(20, greatest(0, ${rests} - 1)))`;
}
