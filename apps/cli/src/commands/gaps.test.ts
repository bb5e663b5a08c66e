import type { GapsView } from '@edgeledger/warehouse';
import { expect, test } from 'vitest';
import { createPaint } from '../style.ts';
import { renderColumns } from '../text-table.ts';
import { renderGaps } from './gaps.ts';

const plain = createPaint({ stdout: { write: () => undefined } }, true);
const WHY =
  'Could not read endpoint-usage-by-time: Akamai answers 403. The API client needs access to every object id.';
const gapOf = (report_key: string, change: Partial<GapsView> = {}) =>
  ({
    account: 'default',
    report_key,
    state: 'failed',
    days_left: '12.34',
    error_message: WHY,
    ...change,
  }) as GapsView;
const GAPS = [
  gapOf('endpoint-usage-by-time_default_20261119'),
  gapOf('endpoint-usage-by-time_default_20261120'),
  gapOf('cdn_logs_20261120', { state: 'waiting', error_message: null, days_left: null }),
];

test.each([40, 60, 80, 200])('gaps fit %i columns, and a shared reason is told once, whole', (width) => {
  const text = renderGaps(GAPS, width, plain);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
  expect(text.replaceAll(/\s+/g, ' ').split(WHY)).toHaveLength(2);
  expect(text).toContain('12.3 days left');
});

test('without a terminal every gap is one line with its reason', () => {
  const lines = renderGaps(GAPS, Number.POSITIVE_INFINITY, plain).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/^endpoint.*_20261120 {2}failed {4}12\.3 days left {2}Could not .* object id\.$/);
});

test('several accounts are told apart', () => {
  expect(renderGaps([gapOf('a'), gapOf('a', { account: 'shop' })], 80, plain)).toContain('shop/a');
});

test('a table leaves out what matters least until it fits, and colours only on a terminal that wants them', () => {
  const columns = [
    { title: 'dataset', value: () => 'akamai.endpoint_usage_by_time' },
    { title: 'missing', value: () => 3, style: () => 'red' as const },
    { title: 'rows', value: () => 123_456_789, dropOrder: 1 },
    { title: 'last load', value: () => '2026-11-21 04:05Z', dropOrder: 2 },
  ];
  const render = (width: number, paint = plain) => renderColumns(columns, [0], { width, paint });
  expect(render(80)).toContain('last load');
  expect(render(60)).not.toContain('last load');
  expect(render(60)).toContain('rows');
  expect(render(40)).not.toContain('rows');
  for (const width of [30, 40, 60, 80])
    for (const line of render(width).split('\n')) expect(line.length).toBeLessThanOrEqual(width);
  const terminal = { stdout: { isTTY: true, write: () => undefined } };
  expect(render(80, createPaint(terminal, true))).toContain('\u001b[31m3\u001b[0m');
  expect(render(80, createPaint(terminal, false))).not.toContain('\u001b');
  expect(render(80)).not.toContain('\u001b');
});
