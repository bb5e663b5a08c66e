import { toShownText } from '@edgeledger/core';
import type { Paint, Style } from './style.ts';
import { wrapText } from './wrap-text.ts';

export interface TableColumn<Row> {
  readonly title: string;
  readonly value: (row: Row) => unknown;
  /** Left out where the terminal is too narrow, the highest number first; 0 or absent: never. */
  readonly dropOrder?: number;
  readonly style?: (row: Row) => Style | undefined;
}

/** A table of as many of the columns as fit, painted cell by cell. */
export function renderColumns<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string {
  const shown = [...columns];
  const widthOf = (column: TableColumn<Row>): number =>
    Math.max(column.title.length, ...rows.map((row) => toCell(column.value(row)).length));
  const total = (): number => shown.reduce((sum, column) => sum + widthOf(column) + 2, -2);
  while (total() > width) {
    const next = Math.max(...shown.map((column) => column.dropOrder ?? 0));
    if (next === 0) break;
    shown.splice(
      shown.findIndex((column) => (column.dropOrder ?? 0) === next),
      1,
    );
  }
  const cells = rows.map((row) => shown.map((column) => column.value(row)));
  const titles = shown.map((column) => column.title);
  return renderTable(titles, cells, width, (text, { row, column }) => {
    const data = rows[row];
    return data === undefined ? paint(text, 'dim') : paint(text, shown[column]?.style?.(data));
  });
}

/**
 * Column-aligned text: numbers to the right, the rest to the left, nothing wider than the terminal. Where that would
 * cut everything to pieces, row by row, one line a column.
 */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly unknown[])[],
  maxWidth = 110,
  /** Row -1 is the header. */
  paint: (text: string, at: { readonly row: number; readonly column: number }) => string = (text) => text,
): string {
  const cells = rows.map((row) => row.map(toCell));
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const stiff = header.map((_, column) => {
    const values = cells.map((row) => row[column] ?? '');
    return values.every(isExact) ? Math.max(0, ...values.map((value) => value.length)) : 0;
  });
  if (!shrinkToFit(widths, stiff, maxWidth)) return renderBlocks(header, cells, maxWidth, paint);
  const isNumeric = header.map(
    (_, column) => cells.length > 0 && cells.every((row) => isNumber(row[column] ?? '')),
  );
  const line = (row: readonly string[], rowNo: number): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const text = cutTo(cell, width);
        const isLast = column === row.length - 1;
        const padding = ' '.repeat(width - text.length);
        const painted = paint(text, { row: rowNo, column });
        return isNumeric[column] ? `${padding}${painted}` : isLast ? painted : `${painted}${padding}`;
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [line(header, -1), paint(rule, { row: -1, column: 0 }), ...cells.map(line)].join('\n');
}

/** Sentences lose their end; names lose their middle, because many begin alike. */
function cutTo(cell: string, width: number): string {
  if (cell.length <= width) return cell;
  const kept = Math.max(0, width - 1);
  if (cell.includes(' ')) return `${cell.slice(0, kept)}…`;
  const tail = Math.floor(kept / 2);
  return `${cell.slice(0, kept - tail)}…${tail === 0 ? '' : cell.slice(-tail)}`;
}

const SHORTEST_COLUMN = 8;

/** Takes the missing width from the widest columns; false when it cannot be had. Days and figures stay whole. */
function shrinkToFit(widths: number[], stiff: readonly number[], maxWidth: number): boolean {
  for (;;) {
    const total = widths.reduce((sum, width) => sum + width + 2, -2);
    if (total <= maxWidth) return true;
    const spare = widths.map((width, column) => width - Math.max(SHORTEST_COLUMN, stiff[column] ?? 0));
    const widest = widths.reduce(
      (found, width, column) =>
        (spare[column] ?? 0) > 0 && (found === -1 || width > (widths[found] ?? 0)) ? column : found,
      -1,
    );
    if (widest === -1) return false;
    widths[widest] = (widths[widest] ?? 0) - Math.min(spare[widest] ?? 0, total - maxWidth);
  }
}

function renderBlocks(
  header: readonly string[],
  cells: readonly (readonly string[])[],
  maxWidth: number,
  paint: (text: string, at: { readonly row: number; readonly column: number }) => string,
): string {
  const names = Math.min(Math.floor(maxWidth / 2), Math.max(...header.map((title) => title.length)));
  const room = Math.max(SHORTEST_COLUMN, maxWidth - names - 2);
  const block = (row: readonly string[], rowNo: number): string =>
    header
      .map((title, column) => {
        const name = paint(cutTo(title, names), { row: -1, column });
        const padding = ' '.repeat(Math.max(0, names - title.length));
        const cell = row[column] ?? '';
        const lines = cell.length <= room ? [cell] : wrapText(cell, room);
        const value = lines
          .map((line) => paint(line, { row: rowNo, column }))
          .join(`\n${' '.repeat(names + 2)}`);
        return `${name}${padding}  ${value}`.trimEnd();
      })
      .join('\n');
  return cells.length === 0 ? header.join('\n') : cells.map(block).join('\n\n');
}

/** A figure, a day or an instant: half of one is worth nothing. */
function isExact(cell: string): boolean {
  return isNumber(cell) || /^\d{4}-\d\d-\d\d(?: \d\d:\d\dZ)?$/.test(cell);
}

function isNumber(cell: string): boolean {
  return cell === '' || /^-?[\d,]+(\.\d+)?$/.test(cell);
}

function toCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return toInstantText(value);
  if (typeof value === 'number') return value.toLocaleString('en-US', { maximumFractionDigits: 3 });
  // what is not shown would break the alignment or the terminal
  return toShownText(String(value));
}

/** `2026-11-20` for a midnight, `2026-11-20 04:05Z` otherwise: always UTC. */
export function toInstantText(instant: Date): string {
  const text = instant.toISOString();
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : `${text.slice(0, 16).replace('T', ' ')}Z`;
}
