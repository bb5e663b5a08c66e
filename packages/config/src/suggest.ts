/** Number of single-character changes from one text to the other (Levenshtein). */
function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const swap = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(swap, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}

const MAX_LENGTH = 64;

/** The allowed word that was probably meant, if one is close. */
export function findSuggestion(given: string, allowed: readonly string[]): string | undefined {
  if (given.length > MAX_LENGTH) return undefined;
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const scored = allowed
    .map((word) => ({ word, changes: distance(plain(given), plain(word)) }))
    .sort((a, b) => a.changes - b.changes);
  const best = scored[0];
  return best !== undefined && best.changes <= Math.max(1, Math.floor(best.word.length / 3))
    ? best.word
    : undefined;
}

/** ` (did you mean "x"?)`, or nothing. */
export function didYouMean(given: string, allowed: readonly string[]): string {
  const suggestion = findSuggestion(given, allowed);
  return suggestion === undefined ? '' : ` (did you mean "${suggestion}"?)`;
}
