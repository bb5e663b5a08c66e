import { redactCredentials } from './redact.ts';
import { toShownText } from './shown-text.ts';

/**
 * The class of an error says what happens next, its code what it was, its message what to do.
 *
 * | class | recovery |
 * | --- | --- |
 * | TransientError | try again with backoff |
 * | ThrottledError | try again, not before `retryAfterMs` |
 * | ConfigError | a person must change a setting |
 * | ContractError | the vendor's bytes are not what we know; what was loaded before stays |
 * | InvariantError | our bug |
 *
 * Not errors: "not ready yet" and "the vendor no longer has it" are outcomes, a bad row is a `Reject`.
 * Messages and contexts never hold a credential or a signed URL; both reach logs and the ledger. Messages are made fit for
 * that when they are made, whatever they quote.
 */
export const ERROR_CODES = {
  TransientError: [
    'source.unavailable',
    'source.timeout',
    'source.truncated',
    'source.checksum-mismatch',
    'source.reissued',
    'warehouse.unavailable',
    'warehouse.conflict',
    'queue.unavailable',
    'load.superseded',
    'load.staging-lost',
    'archive.unavailable',
  ],
  ThrottledError: ['source.throttled'],
  ConfigError: [
    'config.missing',
    'config.invalid',
    'config.invalid-day',
    'config.invalid-range',
    'config.unknown-dataset',
    'config.unknown-report',
    'config.invalid-query',
    'source.auth-rejected',
    'source.forbidden',
    'source.request-refused',
    'source.host-not-allowed',
    'source.report-unavailable',
    'source.clock-skew',
    'warehouse.auth-rejected',
    'warehouse.not-migrated',
    'warehouse.schema-too-new',
    'warehouse.embedded-failed',
    'file.unreadable',
  ],
  ContractError: [
    'source.response-malformed',
    'source.gone',
    'file.header-unknown',
    'file.column-missing',
    'file.malformed',
    'file.too-large',
    'unit.rejects-above-threshold',
    'archive.missing',
  ],
  InvariantError: ['internal.invariant'],
} as const;

export type ErrorClass = keyof typeof ERROR_CODES;
export type ErrorCode = (typeof ERROR_CODES)[ErrorClass][number];
export type ErrorContext = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

interface ErrorOptions {
  readonly context?: ErrorContext;
  readonly cause?: unknown;
  /** The message is a list of ours, whose lines quote nobody's line breaks. */
  readonly keepLines?: boolean;
}

/** Safe to print, to log and to store, also where it quotes a vendor. */
function toSafeMessage(message: string, options: ErrorOptions): string {
  return toShownText(redactCredentials(message), options);
}

export abstract class EdgeledgerError extends Error {
  abstract readonly recovery: 'retry' | 'retry-later' | 'fix-configuration' | 'inspect' | 'report-bug';
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    const safe = toSafeMessage(message, options);
    super(safe, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.context = options.context ?? {};
  }
}

export class TransientError extends EdgeledgerError {
  override readonly recovery = 'retry';
  declare readonly code: (typeof ERROR_CODES)['TransientError'][number];

  constructor(code: (typeof ERROR_CODES)['TransientError'][number], message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

export class ThrottledError extends EdgeledgerError {
  override readonly recovery = 'retry-later';
  /** Milliseconds to wait, as the vendor said or as its documents imply. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, options?: ErrorOptions) {
    super('source.throttled', message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

export class ConfigError extends EdgeledgerError {
  override readonly recovery = 'fix-configuration';
  declare readonly code: (typeof ERROR_CODES)['ConfigError'][number];

  constructor(code: (typeof ERROR_CODES)['ConfigError'][number], message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

export class ContractError extends EdgeledgerError {
  override readonly recovery = 'inspect';
  declare readonly code: (typeof ERROR_CODES)['ContractError'][number];

  constructor(code: (typeof ERROR_CODES)['ContractError'][number], message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

export class InvariantError extends EdgeledgerError {
  override readonly recovery = 'report-bug';

  constructor(message: string, options?: ErrorOptions) {
    super('internal.invariant', message, options);
  }
}

/** Any thrown value as one of ours; what we do not know is our bug, never silently retried as transient. */
export function toEdgeledgerError(thrown: unknown): EdgeledgerError {
  if (thrown instanceof EdgeledgerError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (isConnectionLoss(thrown)) {
    return new TransientError(
      'warehouse.unavailable',
      `The connection to Postgres was lost: ${message}. Check that the server runs and accepts connections.`,
      { cause: thrown },
    );
  }
  return new InvariantError(`Unexpected error: ${message}. Please report it with the log.`, {
    cause: thrown,
  });
}

/**
 * Whoever asks Postgres says what an error of it means. Where one passes that nobody saw, an outage must still not end
 * work for good: the classes 08, 53 and 57P, and 25006, of https://www.postgresql.org/docs/current/errcodes-appendix.html,
 * and the driver's own words.
 */
function isConnectionLoss(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  return (
    /^(08...|53...|57P..|25006|ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT)$/.test(code) ||
    /^(Connection terminated|terminating connection)/.test(thrown.message)
  );
}

export function assertNever(value: never): never {
  throw new InvariantError(`Unexpected value ${JSON.stringify(value)}.`);
}

/** True for the reason of an aborted signal, so that a shutdown is not recorded as a failure. */
export function isAbortError(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown.name === 'AbortError' || thrown.name === 'ShutdownError');
}

/** The abort reason of a graceful shutdown. */
export class ShutdownError extends Error {
  constructor(message = 'shutting down') {
    super(message);
    this.name = 'ShutdownError';
  }
}
