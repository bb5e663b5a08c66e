import { createSecretRegistry, MASK } from './secret-registry.ts';
import { findCut, toShownText } from './shown-text.ts';

/**
 * The one thing that a process shares without being handed it: a secret is made in one place, and text that repeats it comes up
 * in any other. It is bounded, and holds nothing that the process does not hold anyway.
 */
const registry = createSecretRegistry();

/** From now on the text is masked wherever something is shown. A password in an address is enough of it. */
export const rememberSecret = registry.rememberSecret;

/** The same of what signs a link, while it is one of the last that were used. */
export const rememberLink = registry.rememberLink;

/** Masks what is known to be secret, in whatever words it stands, and nothing else. */
export const maskSecrets = registry.mask;

/** All problems of a configuration fit; what a vendor says at length does not. */
const LONGEST_MESSAGE = 32_768;

const QUOTE = String.raw`(?:\\{0,2}["'])?`;
const NAME = String.raw`(?:api[_-]?key|secret|token|password|passwd|signature|credential|nonce|\bsig)${QUOTE}`;
const VALUE = String.raw`[^\s&;,"'<>)\\]`;

/** What a credential looks like in text. Of `name: value` only what has a digit: sentences begin like that, too. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(String.raw`(${NAME}(?:=|%3D)${QUOTE})(?!\[secret\])${VALUE}+`, 'gi'), `$1${MASK}`],
  [
    new RegExp(String.raw`(${NAME}(?::|%3A)\s{0,2}${QUOTE})(?=${VALUE}{0,100}\d)${VALUE}{8,}`, 'gi'),
    `$1${MASK}`,
  ],
  [/\bEG1-HMAC-SHA256\s{1,3}\S+/g, `EG1-HMAC-SHA256 ${MASK}`],
  // a digit, `=` or upper case after the first letter tells a credential from the prose "Basic authentication"
  [
    /\b(Bearer|bearer|BEARER|Basic|basic|BASIC)((?:[\s:"']|%20){1,4})(?=[\w.~+/=-]{1,100}[\dA-Z=])[\w.~+/=-]{8,}/g,
    `$1$2${MASK}`,
  ],
];

/** So much more than what is shown is looked through, since masked text is shorter. */
const LOOKED_THROUGH = 4;

/**
 * Text of unknown origin, fit to be shown: what is known to be secret is masked, then what looks like a credential. Known
 * secrets come first, because half of one is not known any more; the patterns see bounded text, because others choose it.
 */
export function redactCredentials(text: string, limit = LONGEST_MESSAGE): string {
  const masked = maskSecrets(text.slice(0, findCut(text, LOOKED_THROUGH * limit)));
  const end = findCut(masked, limit);
  let redacted = masked.slice(0, end);
  for (const [pattern, replacement] of FORMS) redacted = redacted.replace(pattern, replacement);
  const isWhole = end === masked.length && text.length <= LOOKED_THROUGH * limit;
  return isWhole ? redacted : `${redacted}… (cut: ${text.length} characters)`;
}

/** A vendor's own words for a message: redacted, cut and on one line. A caller that cuts by itself would leave halves of secrets. */
export function quoteText(text: string, limit: number): string {
  return toShownText(redactCredentials(text, limit));
}
