import { InvariantError } from './errors.ts';
import { rememberSecret } from './redact.ts';
import { MASK } from './secret-registry.ts';

/**
 * A credential that does not print itself: string conversion, JSON and util.inspect give a mask.
 * Only {@link Secret.reveal}, called where the credential goes on the wire, gives the text. Once it is made, its text is
 * masked wherever this process shows something, whoever says it.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    if (text === '') throw new InvariantError('A secret must not be empty.');
    this.#text = text;
    rememberSecret(text);
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return MASK;
  }
}

/** A host is at most so long; one that is longer is somebody's who wants a long message. */
const LONGEST_HOST = 255;
const LONGEST_PATH = 1_024;

/** A URL without user, password, query and fragment: fit for messages, logs and the ledger. */
export function redactUrl(url: string | URL): string {
  try {
    const parsed = new URL(url);
    return `${parsed.protocol}//${toShownHost(parsed)}${shorten(parsed.pathname, LONGEST_PATH)}`;
  } catch {
    return '[unparsable URL]';
  }
}

/** `host:port` of a URL as a message names it. */
export function toShownHost(url: URL): string {
  return shorten(url.host, LONGEST_HOST);
}

function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`;
}
