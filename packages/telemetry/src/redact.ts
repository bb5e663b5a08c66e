import { redactUrl } from '@edgeledger/core';

/** What stands in the log in place of a credential. */
export const MASK = '[secret]';

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

/**
 * Forms in which a credential shows up inside text, each with what to put in its place: the pairs of a
 * query string, header dump or connection string, and the value of an Authorization header.
 */
const CREDENTIALS_IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [
    /\b([\w-]*(?:api[_-]?key|secret|token|password|signature|credential))=(?!\[secret\])[^\s&;,"'<>)]+/gi,
    `$1=${MASK}`,
  ],
  [/\bEG1-HMAC-SHA256\s+\S+/g, `EG1-HMAC-SHA256 ${MASK}`],
  // a digit, `=` or upper case after the first letter tells a credential from the prose "Basic authentication"
  [/\b(Bearer|Basic)\s+(?=\S+[\dA-Z=])[\w.~+/=-]{8,}/g, `$1 ${MASK}`],
];

/**
 * Text fit for a log: URLs lose user, password, query and fragment (the link to a report file is signed in its
 * query), and credentials in the usual `name=value` and header forms are masked.
 */
export function redactText(text: string): string {
  let redacted = text.includes('://') ? text.replace(URL_IN_TEXT, redactOneUrl) : text;
  for (const [pattern, replacement] of CREDENTIALS_IN_TEXT) redacted = redacted.replace(pattern, replacement);
  return redacted;
}
