import { expect, test } from 'vitest';
import { createManualClock } from '../clock.ts';
import { toSettings } from '../options.ts';
import { createReportCalendar } from './reports.ts';

const clock = createManualClock(new Date('2026-11-20T12:00:00Z'));
const calendar = createReportCalendar(toSettings({ clock, firstDay: '2026-08-01' }));

function stateAt(instant: string, reportKey: string): string {
  clock.set(new Date(instant));
  const report = calendar.findByKey(reportKey);
  return report === undefined ? 'unknown' : report.completed ? 'completed' : 'incomplete';
}

test('a report is unlisted until 00:40, incomplete until the publishing hour, then completed', () => {
  const key = 'cdn_logs_20261119';
  expect(stateAt('2026-11-19T23:00:00Z', key)).toBe('unknown');
  expect(stateAt('2026-11-20T00:39:59Z', key)).toBe('unknown');
  expect(stateAt('2026-11-20T00:40:00Z', key)).toBe('incomplete');
  expect(stateAt('2026-11-20T02:59:59Z', key)).toBe('incomplete');
  expect(stateAt('2026-11-20T03:00:00Z', key)).toBe('completed');
});

test('a report vanishes 90 days after it was finalized', () => {
  const key = 'source_analytics_20260820';
  expect(stateAt('2026-11-18T23:59:59Z', key)).toBe('completed');
  expect(stateAt('2026-11-19T00:00:00Z', key)).toBe('unknown');
});

test('there are no reports of days before the account existed', () => {
  expect(stateAt('2026-08-05T12:00:00Z', 'cdn_logs_20260801')).toBe('completed');
  expect(stateAt('2026-08-05T12:00:00Z', 'cdn_logs_20260731')).toBe('unknown');
});

test('the id starts with the creation time, on the day after the covered one', () => {
  clock.set(new Date('2026-11-20T12:00:00Z'));
  const id = calendar.findByKey('cdn_logs_20261119')?.id ?? '';
  expect(id).toMatch(/^[0-9a-f]{24}$/);
  const created = new Date(Number.parseInt(id.slice(0, 8), 16) * 1000).toISOString();
  expect(created.slice(0, 16)).toBe('2026-11-20T00:37');
});

test('a report that is issued again has a new id and the old one is gone', () => {
  clock.set(new Date('2026-11-20T12:00:00Z'));
  const before = calendar.findByKey('mild_errors_20261110');
  const after = calendar.reissue('mild_errors_20261110');
  expect(after.id).not.toBe(before?.id);
  expect(calendar.findById(before?.id ?? '')).toBeUndefined();
  expect(calendar.findById(after.id)).toMatchObject({ reportKey: 'mild_errors_20261110', revision: 1 });
  expect(() => calendar.reissue('mild_errors_20261120')).toThrow('no completed report');
});
