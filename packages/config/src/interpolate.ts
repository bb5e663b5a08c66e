/**
 * `${VAR}` in the configuration file, and `$${` for the text `${` itself.
 *
 * Braces mean something in YAML (`{ webhook: ${URL} }` is a flow mapping), so the marks are hidden before
 * parsing and resolved in the parsed scalars: a variable's value is never read as YAML, and a reference in a
 * comment costs nothing. The stand-ins are Unicode noncharacters, each as long as what it stands for, so that
 * line and column stay true.
 */
const DOLLAR = '\uFDD0';
const OPEN = '\uFDD1';
const CLOSE = '\uFDD2';
const SKIP = '\uFDD3';
const UNSET = '\uFDD4';

/** Text from outside must not bring stand-ins along: an "unset" one would hide what is wrong with a value. */
export function withoutStandIns(text: string): string {
  return text.replace(/[\uFDD0-\uFDD4]/g, '\uFFFD');
}

export function hideReferences(text: string): string {
  return text.replace(
    /\$\$\{([^}\n]{0,200})\}|\$\{([^}\n]{0,200})\}/g,
    (_match, escaped?: string, name?: string) =>
      escaped === undefined ? `${DOLLAR}${OPEN}${name}${CLOSE}` : `${SKIP}${DOLLAR}${OPEN}${escaped}${CLOSE}`,
  );
}

const ESCAPED = new RegExp(`${SKIP}${DOLLAR}${OPEN}([^${CLOSE}]*)${CLOSE}`, 'g');
const REFERENCE = new RegExp(`${DOLLAR}${OPEN}([^${CLOSE}]*)${CLOSE}`, 'g');

/** The text as the person wrote it, for messages and for places where references mean nothing. */
export function showReferences(text: string): string {
  return text
    .replaceAll(SKIP, '$')
    .replaceAll(DOLLAR, '$')
    .replaceAll(OPEN, '{')
    .replaceAll(CLOSE, '}')
    .replaceAll(UNSET, '');
}

/** Resolves the references of one scalar; `find` gives a variable's text, or undefined after reporting it. */
export function resolveReferences(text: string, find: (name: string) => string | undefined): string {
  // escapes are cut out first: their inside must not be looked up
  return text
    .split(ESCAPED)
    .map((piece, index) =>
      index % 2 === 1
        ? `\${${piece}}`
        : piece.replace(REFERENCE, (_match, name: string) => find(name) ?? UNSET),
    )
    .join('');
}

/** True for text in which a variable stayed unset: it is reported already and must not be judged further. */
export function hasUnsetVariable(text: string): boolean {
  return text.includes(UNSET);
}
