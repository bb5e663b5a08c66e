/**
 * Splits SQL at the semicolons that end statements: not those in strings, quoted names, dollar quotes and comments.
 * `rest` is what no semicolon has ended yet.
 */
export function splitStatements(text: string): {
  readonly statements: readonly string[];
  readonly rest: string;
} {
  const statements: string[] = [];
  let start = 0;
  let at = 0;
  while (at < text.length) {
    const skipped = skipQuoted(text, at);
    if (skipped !== undefined) {
      at = skipped;
      continue;
    }
    if (text[at] === ';') {
      const statement = text.slice(start, at).trim();
      if (statement !== '') statements.push(statement);
      start = at + 1;
    }
    at += 1;
  }
  return { statements, rest: text.slice(start).trim() };
}

/** Where the quoted thing that starts at `at` ends, or undefined when none starts there. */
function skipQuoted(text: string, at: number): number | undefined {
  const two = text.slice(at, at + 2);
  if (two === '--') return endOf(text, '\n', at + 2);
  if (two === '/*') return endOf(text, '*/', at + 2);
  const character = text[at];
  if (character === "'" || character === '"') return endOf(text, character, at + 1);
  const dollar = /^\$[A-Za-z_]*\$/.exec(text.slice(at, at + 64))?.[0];
  return dollar === undefined ? undefined : endOf(text, dollar, at + dollar.length);
}

/** Behind the closing mark; without one the rest of the text belongs to it. A doubled quote closes and opens again. */
function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found === -1 ? text.length : found + mark.length;
}
