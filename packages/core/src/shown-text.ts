/**
 * What a terminal or a reader does not show as what it is: control characters (C0, DEL, C1), marks that change the direction
 * or have no width, separators of lines, lone surrogates, and what Unicode has not assigned.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;
const PLAIN = /^[\x20-\x7e]*$/;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text of others as it may be shown and stored: nothing in it moves a cursor, begins a line, turns the rest around or is refused
 * by Postgres. Doing it twice changes nothing.
 */
export function toShownText(text: string, options: { readonly keepLines?: boolean } = {}): string {
  if (PLAIN.test(text)) return text;
  return text.replaceAll(UNSEEN, (char) => {
    if (options.keepLines === true && (char === '\n' || char === '\t')) return char;
    return SHORT_ESCAPES[char] ?? `\\u{${char.codePointAt(0)?.toString(16)}}`;
  });
}

/** The same of JSON, whose own escapes are visible, too, and mean what was there. Its line breaks stay. */
export function toShownJson(json: string): string {
  if (PLAIN.test(json)) return json;
  return json.replaceAll(UNSEEN, (char) => {
    if (char === '\n') return char;
    const units = Array.from({ length: char.length }, (_, index) => char.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}

/** A word that the limit falls into goes with it, up to this long. */
const LONGEST_WORD = 1_024;
/** Of a text that is one word, most is kept all the same. */
const MOST_OF_WORD = 0.25;

/** Where to cut a text so that no word is cut: half of a link or a credential would pass for something else. */
export function findCut(text: string, limit: number): number {
  if (text.length <= limit) return text.length;
  const furthest = limit - Math.min(LONGEST_WORD, limit * MOST_OF_WORD);
  let end = limit;
  while (end > furthest && !/[\s"'<>`,;]/.test(text.charAt(end))) end -= 1;
  return end;
}
