/** Column-aligned text: numbers to the right, the rest to the left, nothing wider than the terminal. */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly unknown[])[],
  maxWidth = 110,
): string {
  const cells = rows.map((row) => row.map(toCell));
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  shrinkToFit(widths, maxWidth);
  const isNumeric = header.map(
    (_, column) => cells.length > 0 && cells.every((row) => isNumber(row[column] ?? '')),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const text = cell.length > width ? `${cell.slice(0, Math.max(0, width - 1))}…` : cell;
        return isNumeric[column] ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [line(header), rule, ...cells.map(line)].join('\n');
}

const SHORTEST_COLUMN = 8;

/** Takes the missing width from the widest columns. */
function shrinkToFit(widths: number[], maxWidth: number): void {
  for (;;) {
    const total = widths.reduce((sum, width) => sum + width + 2, -2);
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest];
    if (total <= maxWidth || width === undefined || width <= SHORTEST_COLUMN) return;
    widths[widest] = Math.max(SHORTEST_COLUMN, width - (total - maxWidth));
  }
}

function isNumber(cell: string): boolean {
  return cell === '' || /^-?[\d,]+(\.\d+)?$/.test(cell);
}

function toCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return toInstantText(value);
  if (typeof value === 'number') return value.toLocaleString('en-US', { maximumFractionDigits: 3 });
  // control characters would break the alignment or the terminal
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is taken out
  return String(value).replaceAll(/[\u0000-\u001f\u007f]/g, ' ');
}

/** `2026-11-20` for a midnight, `2026-11-20 04:05Z` otherwise: always UTC. */
export function toInstantText(instant: Date): string {
  const text = instant.toISOString();
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : `${text.slice(0, 16).replace('T', ' ')}Z`;
}
