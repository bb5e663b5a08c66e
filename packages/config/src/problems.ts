import { ConfigError, redactUrl } from '@edgeledger/core';
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

export function createProblems(): Problems {
  const found: string[] = [];
  const add = (label: string, sentence: string): void => {
    const line = `${label}: ${sentence}`;
    if (!found.includes(line)) found.push(line);
  };
  return {
    add,
    reject: (given, sentence) => {
      // a variable that is not set was already reported where it is used
      if (!hasUnsetVariable(given.text)) add(given.label, `${show(given)} ${sentence}`);
      return undefined;
    },
    count: () => found.length,
    throwIfAny: () => {
      if (found.length === 0) return;
      const text =
        found.length === 1
          ? `Configuration problem: ${found[0]}`
          : `${found.length} configuration problems:\n${found.map((line) => `  - ${line}`).join('\n')}`;
      throw new ConfigError('config.invalid', text, { context: { problems: [...found] } });
    },
  };
}
