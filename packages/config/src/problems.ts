import { ConfigError, redactUrl, toShownText } from '@edgeledger/core';
import { hasUnsetVariable } from './interpolate.ts';

/** A value and where a person wrote it: a variable's name, or a place in the file. */
export interface Given {
  readonly label: string;
  readonly text: string;
  readonly secret: boolean;
}

/** Collects everything that is wrong, so that a person sees it all at once. */
export interface Problems {
  add(label: string, sentence: string): void;
  /** The value is not allowed: `sentence` follows it ("is not a port. Give …"). */
  reject(given: Given, sentence: string): undefined;
  count(): number;
  /** Throws one ConfigError that lists all problems, if there are any. */
  throwIfAny(): void;
}

const SHOWN_LENGTH = 60;
/** Problems that are listed, and characters of each: a wrong file altogether has no end of both. */
const MAX_PROBLEMS = 100;
const MAX_LABEL = 200;
const MAX_SENTENCE = 1500;

/** What was given, in quotes; never a secret, nor the password inside a URL. */
export function show(given: Given): string {
  if (given.secret) {
    const scheme = /^[a-z][a-z0-9+.-]{1,20}:\/\//i.exec(given.text)?.[0];
    return scheme === undefined ? '[secret]' : `"${scheme}…"`;
  }
  const isUrl = given.text.includes('://');
  const plain = isUrl ? redactUrl(given.text) : given.text.replace(/^.*@/s, '[secret]@');
  return JSON.stringify(plain.length > SHOWN_LENGTH ? `${plain.slice(0, SHOWN_LENGTH)}…` : plain);
}

function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`;
}

export function createProblems(): Problems {
  const found: string[] = [];
  let omitted = 0;
  const add = (label: string, sentence: string): void => {
    const line = toShownText(`${shorten(label, MAX_LABEL)}: ${shorten(sentence, MAX_SENTENCE)}`);
    if (found.includes(line)) return;
    if (found.length < MAX_PROBLEMS) found.push(line);
    else omitted += 1;
  };
  return {
    add,
    reject: (given, sentence) => {
      // a variable that is not set was already reported where it is used
      if (!hasUnsetVariable(given.text)) add(given.label, `${show(given)} ${sentence}`);
      return undefined;
    },
    count: () => found.length + omitted,
    throwIfAny: () => {
      if (found.length === 0) return;
      const rest = omitted === 0 ? [] : [`and ${omitted} more`];
      const text =
        found.length === 1
          ? `Configuration problem: ${found[0]}`
          : `${found.length + omitted} configuration problems:\n${[...found, ...rest].map((line) => `  - ${line}`).join('\n')}`;
      throw new ConfigError('config.invalid', text, { context: { problems: [...found] }, keepLines: true });
    },
  };
}
