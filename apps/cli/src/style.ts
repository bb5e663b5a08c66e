import type { Io } from './io.ts';

const CODES = { red: 31, yellow: 33, green: 32, dim: 2, bold: 1 } as const;
export type Style = keyof typeof CODES;
export type Paint = (text: string, style: Style | undefined) => string;

/** Colours for a terminal whose user wants them, plain text everywhere else. */
export function createPaint(io: Pick<Io, 'stdout'>, isColorWanted: boolean): Paint {
  if (!isColorWanted || io.stdout.isTTY !== true) return (text) => text;
  return (text, style) => (style === undefined ? text : `\u001b[${CODES[style]}m${text}\u001b[0m`);
}
