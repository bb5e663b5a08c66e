import { expect, test } from 'vitest';
import { renderTable } from './text-table.ts';

test('numbers stand to the right, text to the left', () => {
  expect(
    renderTable(
      ['day', 'rows'],
      [
        ['2026-11-20', 1234],
        ['2026-11-21', 7],
      ],
    ),
  ).toBe(['day          rows', '──────────  ─────', '2026-11-20  1,234', '2026-11-21      7'].join('\n'));
});

test('a wide cell is cut so that the table fits the terminal', () => {
  const lines = renderTable(['dataset', 'message'], [['imgix.cdn_logs', 'x'.repeat(300)]], 60).split('\n');
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  expect(lines[2]).toContain('…');
});

test('line feeds and escape sequences in data do not reach the terminal', () => {
  const table = renderTable(['a'], [['x\n\u001b[31my']]);
  expect(table).not.toContain('\u001b');
  expect(table).not.toContain('x\n');
});

test('a name is cut in its middle, so that names that begin alike stay apart; a sentence loses its end', () => {
  const names = [
    ['imgix.credit_analytics_daily'],
    ['imgix.credit_analytics_mtd'],
    ['Could not do what was asked'],
  ];
  const [, , ...cells] = renderTable(['dataset'], names, 18).split('\n');
  expect(cells).toEqual(['imgix.cre…cs_daily', 'imgix.cre…tics_mtd', 'Could not do what…']);
});

test('days, instants and figures are never cut; names beside them are', () => {
  const rows = [['2026-11-20 13:00Z', 'imgix.credit_analytics_daily', 1234567]];
  const lines = renderTable(['hour', 'dataset', 'rows'], rows, 45).split('\n');
  expect(lines[2]).toBe('2026-11-20 13:00Z  imgix.c…s_daily  1,234,567');
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(45);
});

test('a table that no narrow terminal takes is shown row by row', () => {
  const rows = [
    ['2026-11-20 13:00Z', 1415, 'x'.repeat(50), 12],
    ['2026-11-20 17:00Z', 1393, 'y', 12],
  ];
  const text = renderTable(['hour', 'hits', 'message', 'intervals'], rows, 40);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(40);
  expect(text).toBe(
    [
      'hour       2026-11-20 13:00Z',
      'hits       1,415',
      `message    ${'x'.repeat(29)}`,
      `           ${'x'.repeat(21)}`,
      'intervals  12',
      '',
      'hour       2026-11-20 17:00Z',
      'hits       1,393',
      'message    y',
      'intervals  12',
    ].join('\n'),
  );
  expect(renderTable(['a-long-title', 'another-one'], [], 10)).toBe('a-long-title\nanother-one');
});
