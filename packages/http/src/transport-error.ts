import { ContractError, type EdgeledgerError, TransientError } from '@edgeledger/core';
import { FORBIDDEN_ADDRESS } from './guarded-lookup.ts';
import { redactText } from './vendor-message.ts';

export interface Attempted {
  readonly what: string;
  readonly url: URL;
}

const TIMEOUT_CODES: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

/** Trying again within seconds does not help these; they are still transient for a later attempt. */
const SLOW_TO_HEAL: Readonly<Record<string, string>> = {
  ENOTFOUND: 'The host name is not known: check it in the configuration, and the DNS of this machine.',
  [FORBIDDEN_ADDRESS]:
    'Its name leads to an address that no vendor has (link-local, multicast, or not this machine): check the DNS.',
};

const ADVICE: Readonly<Record<string, string>> = {
  ...SLOW_TO_HEAL,
  ECONNREFUSED: 'Nothing listens there: check host and port in the configuration.',
  EAI_AGAIN: 'The DNS of this machine does not answer.',
  EHOSTUNREACH: 'There is no route to the host: check network and firewall.',
  ENETUNREACH: 'There is no network.',
};

function isTlsCode(code: string): boolean {
  return /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_/.test(code);
}

export function codeOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return codeOf(thrown.errors[0]);
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  if (thrown instanceof Error && thrown.cause !== undefined) return codeOf(thrown.cause);
  return '';
}

export function isWorthRetryingNow(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return SLOW_TO_HEAL[code] === undefined && !isTlsCode(code) && !code.startsWith('UND_ERR_INVALID');
}

/** A failure before the response's headers came. */
export function toConnectError(thrown: unknown, attempted: Attempted): EdgeledgerError {
  const code = codeOf(thrown);
  const start = `Could not ${attempted.what}: ${attempted.url.host}`;
  if (TIMEOUT_CODES.has(code)) {
    const message = `${start} did not answer in time (${code}). It is tried again; check the network if it stays.`;
    return new TransientError('source.timeout', message, { cause: thrown });
  }
  const advice = isTlsCode(code)
    ? 'Its certificate is not accepted: check the host name, the clock and any proxy in between.'
    : (ADVICE[code] ?? 'It is tried again; check host, network and proxy if it stays.');
  const found = code === '' ? redactText(thrown instanceof Error ? thrown.message : String(thrown)) : code;
  return new TransientError('source.unavailable', `${start} cannot be reached (${found}). ${advice}`, {
    cause: thrown,
  });
}

/** A failure while the body was being read: it ended early, or came too slowly. */
export function toBodyError(thrown: unknown, attempted: Attempted): EdgeledgerError {
  const code = codeOf(thrown);
  const start = `Could not ${attempted.what}: the answer of ${attempted.url.host}`;
  if (TIMEOUT_CODES.has(code)) {
    return new TransientError('source.timeout', `${start} stopped coming (${code}). It is tried again.`, {
      cause: thrown,
    });
  }
  const message = `${start} was cut before its end (${code === '' ? 'connection lost' : code}). It is tried again.`;
  return new TransientError('source.truncated', message, { cause: thrown });
}

export function toTooLargeError(attempted: Attempted, limitBytes: number): EdgeledgerError {
  const message = `Could not ${attempted.what}: ${attempted.url.host} sent more than ${limitBytes} bytes, which is not the answer we know.`;
  return new ContractError('file.too-large', message);
}
