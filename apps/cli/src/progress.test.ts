import { createManualClock, TransientError } from '@edgeledger/core';
import type { PlannedUnit } from '@edgeledger/pipeline';
import { expect, test } from 'vitest';
import { createProgress, renderProgress } from './progress.ts';
import { createStatusLine } from './status-line.ts';

const counts = { total: 720, ended: 123, failed: 1, waiting: 2, rows: 1_234_567, rejects: 3 };
const unit = {
  unit: { account: 'default', dataset: 'imgix.cdn_logs', reportKey: 'cdn_logs_20261120' },
  reason: 'new',
} as PlannedUnit;

function capture(isTTY: boolean) {
  const written: string[] = [];
  const line = createStatusLine({ isTTY, columns: 60, write: (text: string) => written.push(text) });
  return { written, line };
}

test('a progress line says units, rows, rate, rejects and what remains', () => {
  expect(renderProgress(counts, 9_876, 200)).toBe(
    '[███░░░░░░░░░░░░░░░░░]  123/720 units  1,234,567 rows  9,876 rows/s  3 rejects  597 remaining  2 waiting  1 failed',
  );
});

test.each([100, 60, 20, 3])('a progress line never wraps on a terminal of %i columns', (width) => {
  expect(renderProgress(counts, 1, width).length).toBeLessThan(width);
});

test('on a terminal the line is redrawn in place, at most eight times a second', () => {
  const clock = createManualClock(new Date(0));
  const { written, line } = capture(true);
  const progress = createProgress(line, clock);
  clock.advance(1_000);
  progress.expect(2);
  for (let i = 0; i < 100; i += 1) progress.watcher.onProgress?.({ rows: 1, rejects: 0, bytes: 1 });
  expect(written).toHaveLength(1);
  clock.advance(200);
  progress.watcher.onProgress?.({ rows: 1, rejects: 0, bytes: 1 });
  expect(written.join('')).toContain('\r\u001b[2K');
});

test('without a terminal there are plain lines and no control characters', () => {
  const clock = createManualClock(new Date(10_000));
  const { written, line } = capture(false);
  const progress = createProgress(line, clock);
  progress.expect(1);
  const error = new TransientError('source.timeout', 'Listing reports: no answer.');
  progress.watcher.onEnd?.(unit, { kind: 'failed', error });
  progress.finish();
  expect(written.join('')).toContain(
    'failed   default/imgix.cdn_logs/cdn_logs_20261120: Listing reports: no answer.',
  );
  expect(written.join('')).toContain('1/1 units');
  expect(written.join('')).not.toContain('\u001b');
});

test('the rate is that of the last seconds, and at the end that of the whole time', () => {
  const clock = createManualClock(new Date(0));
  const { written, line } = capture(false);
  const progress = createProgress(line, clock);
  progress.expect(1);
  clock.advance(10_000);
  progress.watcher.onProgress?.({ rows: 30_000, rejects: 0, bytes: 1 });
  expect(written.at(-1)).toContain('3,000 rows/s');
  // a key is built meanwhile
  clock.advance(20_000);
  progress.watcher.onProgress?.({ rows: 0, rejects: 0, bytes: 1 });
  expect(written.at(-1)).toContain('  0 rows/s');
  progress.finish();
  expect(written.at(-1)).toContain('1,000 rows/s');
});

test('units that a tick added do not break the line', () => {
  expect(renderProgress({ ...counts, ended: 900 }, 0, 200)).toContain('900/900 units');
});

test('a log line scrolls by above the status line', () => {
  const { written, line } = capture(true);
  line.show('status');
  line.stream.write('log line\n');
  expect(written.join('')).toBe('status\r\u001b[2Klog line\nstatus');
});
