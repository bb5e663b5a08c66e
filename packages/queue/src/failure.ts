import {
  ConfigError,
  ContractError,
  type EdgeledgerError,
  ERROR_CODES,
  type ErrorClass,
  InvariantError,
  ShutdownError,
  ThrottledError,
  TransientError,
  toEdgeledgerError,
} from '@edgeledger/core';

/**
 * What the queue does about a job that threw.
 *
 * - `retry`: again with backoff, costs an attempt.
 * - `delay`: again, not before the vendor allows it; costs none.
 * - `fail`: stays failed for a person to see.
 */
export type FailureAction = 'retry' | 'delay' | 'fail';

export const FAILURE_ACTIONS = {
  TransientError: 'retry',
  ThrottledError: 'delay',
  ConfigError: 'fail',
  ContractError: 'fail',
  InvariantError: 'fail',
} as const satisfies Record<ErrorClass, FailureAction>;

export type FailureDecision =
  | { readonly kind: 'retry'; readonly error: EdgeledgerError }
  | { readonly kind: 'delay'; readonly error: ThrottledError; readonly delayMs: number }
  | { readonly kind: 'fail'; readonly error: EdgeledgerError }
  /** Again after a pause, costs no attempt: what all jobs need is away, which is no fault of this one. */
  | { readonly kind: 'outage'; readonly error: EdgeledgerError }
  /** Back to the queue as if it had never started. */
  | { readonly kind: 'requeue' };

/** Nothing can be done without these. */
const OUTAGES: ReadonlySet<string> = new Set<EdgeledgerError['code']>([
  'warehouse.unavailable',
  'queue.unavailable',
]);

/**
 * Once the job's signal is aborted, its reason says what happened and what the handler threw is only an
 * echo of it: a driver's or a stream's own words for "stopped in the middle".
 */
export function decideFailure(thrown: unknown, signal: AbortSignal): FailureDecision {
  const cause: unknown = signal.aborted ? signal.reason : thrown;
  if (cause instanceof ShutdownError) return { kind: 'requeue' };
  const error = toEdgeledgerError(cause);
  if (error instanceof ThrottledError) {
    return { kind: 'delay', error, delayMs: Math.max(0, error.retryAfterMs) };
  }
  if (OUTAGES.has(error.code)) return { kind: 'outage', error };
  return { kind: FAILURE_ACTIONS[getErrorClass(error)] === 'retry' ? 'retry' : 'fail', error };
}

/** The text kept on the failed job and shown on the dashboard. */
export function toFailedReason(error: EdgeledgerError): string {
  return `${error.code}: ${error.message}`;
}

function getErrorClass(error: EdgeledgerError): ErrorClass {
  if (error instanceof TransientError) return 'TransientError';
  if (error instanceof ThrottledError) return 'ThrottledError';
  if (error instanceof ConfigError) return 'ConfigError';
  if (error instanceof ContractError) return 'ContractError';
  if (error instanceof InvariantError) return 'InvariantError';
  throw new InvariantError(`No queue action is known for an error of class ${error.name}.`, { cause: error });
}

/** The error that {@link toFailedReason} wrote down: its code and message, as far as we know the code. */
export function fromFailedReason(reason: string): EdgeledgerError {
  const [, code = '', message = reason] = /^([a-z]+\.[a-z-]+): (.*)$/s.exec(reason) ?? [];
  const isOf = <Code extends string>(codes: readonly Code[]): Code | undefined =>
    codes.find((known) => known === code);
  const transient = isOf(ERROR_CODES.TransientError);
  if (transient !== undefined) return new TransientError(transient, message);
  const config = isOf(ERROR_CODES.ConfigError);
  if (config !== undefined) return new ConfigError(config, message);
  const contract = isOf(ERROR_CODES.ContractError);
  if (contract !== undefined) return new ContractError(contract, message);
  if (toFailedPartId(reason) !== undefined) return new TransientError('load.staging-lost', `${reason}.`);
  return new InvariantError(message);
}

/** The child's job id in BullMQ's own words for a flow whose child failed (`child <prefix>:<queue>:<id> failed`). */
export function toFailedPartId(reason: string): string | undefined {
  return /^child .*:(\S+) failed$/.exec(reason)?.[1];
}
