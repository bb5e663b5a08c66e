import { redactCredentials, redactUrl } from '@edgeledger/core';

const SENSITIVE_ANYWHERE = /password|passwd|passphrase|secret|authorization|apikey|privatekey|credential/;
const SENSITIVE_AT_END = /(?:tokens?|cookies?|signature)$/;

/** True for a field whose value is a credential by its name, whatever its spelling: `apiKey`, `API_KEY`, `x-api-key`. */
export function isSensitiveName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z]/g, '');
  return SENSITIVE_ANYWHERE.test(plain) || SENSITIVE_AT_END.test(plain);
}

/** Without a word boundary in front: a link that follows other letters is one all the same. */
const URL_IN_TEXT = /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"<>`]+/gi;
const PUNCTUATION = ")]}'.,;:!?";

function redactOneUrl(match: string): string {
  let end = match.length;
  while (end > 0 && PUNCTUATION.includes(match[end - 1] ?? '')) end -= 1;
  const [url, after] = [match.slice(0, end), match.slice(end)];
  // parsing also rewrites what is harmless (a trailing slash, upper case): leave plain URLs as written
  return /[?#@]/.test(url) ? redactUrl(url) + after : match;
}

/** Longer text is cut. What is logged is for people, and its patterns take long on text that is made for them. */
const LONGEST_TEXT = 4_096;
/** A stack holds the message, and has to keep its lines. */
export const LONGEST_STACK = 16_384;

/**
 * Text fit for a log: secrets that are known and what looks like one are masked, and URLs lose user, password, query and
 * fragment (the link to a report file is signed in its query).
 */
export function redactText(text: string, limit = LONGEST_TEXT): string {
  const redacted = redactCredentials(text, limit);
  return redacted.includes('://') ? redacted.replace(URL_IN_TEXT, redactOneUrl) : redacted;
}
