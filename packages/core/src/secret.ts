import { InvariantError } from './errors.ts';

const MASK = '[secret]';

/**
 * A credential that does not print itself: string conversion, JSON and util.inspect give a mask.
 * Only {@link Secret.reveal}, called where the credential goes on the wire, gives the text.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    if (text === '') throw new InvariantError('A secret must not be empty.');
    this.#text = text;
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

/** A URL without user, password, query and fragment: fit for messages, logs and the ledger. */
export function redactUrl(url: string | URL): string {
  try {
    const parsed = new URL(url);
    return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  } catch {
    return '[unparsable URL]';
  }
}
