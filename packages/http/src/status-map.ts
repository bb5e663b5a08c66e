import {
  ConfigError,
  ContractError,
  type EdgeledgerError,
  redactUrl,
  ThrottledError,
  TransientError,
} from '@edgeledger/core';

export interface FailedResponse {
  readonly status: number;
  /** What was being done: "list imgix reports". */
  readonly what: string;
  readonly url: string | URL;
  /** The vendor's own words, already redacted; may be empty. */
  readonly vendorMessage: string;
  readonly retryAfterMs?: number | undefined;
  /** What to do about a status, where the caller knows better than the table. */
  readonly advice?: Readonly<Partial<Record<number, string>>> | undefined;
}

/** Told to wait, without a time: both vendors count per minute at the longest. */
const DEFAULT_THROTTLE_MS = 60_000;

type StatusRule = (message: string, failed: FailedResponse, context: { status: number }) => EdgeledgerError;

const refused: StatusRule = (message, _failed, context) =>
  new ConfigError('source.request-refused', message, { context });

/** The one place where a final status becomes an error. Statuses that are not here go by their class. */
const STATUS_RULES: Readonly<Record<number, { readonly advice: string; readonly toError: StatusRule }>> = {
  401: {
    advice: 'Check the credential: it is wrong, expired or revoked.',
    toError: (message, _failed, context) => new ConfigError('source.auth-rejected', message, { context }),
  },
  403: {
    advice: 'The credential lacks a permission for this; grant it at the vendor, or stop asking for it.',
    toError: (message, _failed, context) => new ConfigError('source.forbidden', message, { context }),
  },
  404: {
    advice: 'The vendor does not have it: expired, or of another account.',
    toError: (message, _failed, context) => new ContractError('source.gone', message, { context }),
  },
  410: {
    advice: 'The vendor has withdrawn it.',
    toError: (message, _failed, context) => new ContractError('source.gone', message, { context }),
  },
  429: {
    advice: 'It is asked again when the vendor allows it.',
    toError: (message, failed, context) =>
      new ThrottledError(message, failed.retryAfterMs ?? DEFAULT_THROTTLE_MS, { context }),
  },
};

const CLASS_RULES: Readonly<Record<number, { readonly advice: string; readonly toError: StatusRule }>> = {
  3: {
    advice: 'Redirects are not followed here. Check the API URL in the configuration.',
    toError: (message, _failed, context) =>
      new ContractError('source.response-malformed', message, { context }),
  },
  4: {
    advice: 'The request is wrong for this API; check the configuration of the source.',
    toError: refused,
  },
  5: {
    advice: "It is tried again; if it stays, look at the vendor's status page.",
    toError: (message, _failed, context) => new TransientError('source.unavailable', message, { context }),
  },
};

const UNEXPECTED = {
  advice: 'Please report it.',
  toError: ((message, _failed, context) =>
    new ContractError('source.response-malformed', message, { context })) satisfies StatusRule,
};

export function toStatusError(failed: FailedResponse): EdgeledgerError {
  const timedOut = failed.status === 408 || failed.status === 425;
  const statusClass = timedOut ? 5 : Math.floor(failed.status / 100);
  const rule = STATUS_RULES[failed.status] ?? CLASS_RULES[statusClass] ?? UNEXPECTED;
  const said = failed.vendorMessage === '' ? '' : ` (${failed.vendorMessage})`;
  const advice = failed.advice?.[failed.status] ?? rule.advice;
  const message = `Could not ${failed.what}: ${redactUrl(failed.url)} answered ${failed.status}${said}. ${advice}`;
  return rule.toError(message, failed, { status: failed.status });
}
