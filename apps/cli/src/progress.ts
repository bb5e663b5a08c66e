import { type Clock, toUnitId } from '@edgeledger/core';
import type { PlanWatcher, UnitEnd } from '@edgeledger/pipeline';
import type { StatusLine } from './status-line.ts';

export interface ProgressCounts {
  readonly total: number;
  readonly ended: number;
  readonly failed: number;
  readonly waiting: number;
  readonly rows: number;
  readonly rejects: number;
}

const REDRAW_MS = 120;
const PLAIN_LINE_MS = 5_000;
const RATE_SPAN_MS = 10_000;
const SHORTEST_SPAN_MS = 200;

/**
 * Shows how a plan runs: one line that is redrawn on a terminal, a plain line every five seconds and for
 * every failure otherwise. Rows per second are of the last ten seconds, in the last line of the whole time.
 */
export function createProgress(line: StatusLine, clock: Clock) {
  let counts: ProgressCounts = { total: 0, ended: 0, failed: 0, waiting: 0, rows: 0, rejects: 0 };
  let lastShownAt = 0;
  const startedAtMs = clock.now().getTime();
  const samples: { atMs: number; rows: number }[] = [];

  const toRate = (rows: number, spanMs: number): number =>
    spanMs < SHORTEST_SPAN_MS ? 0 : Math.round((rows * 1000) / spanMs);
  const rowsPerSecond = (nowMs: number): number => {
    samples.push({ atMs: nowMs, rows: counts.rows });
    while (samples.length > 2 && nowMs - (samples[0]?.atMs ?? nowMs) > RATE_SPAN_MS) samples.shift();
    const first = samples[0];
    return first === undefined ? 0 : toRate(counts.rows - first.rows, nowMs - first.atMs);
  };
  const meanRate = (nowMs: number): number => toRate(counts.rows, nowMs - startedAtMs);
  const show = (force: boolean, rateAt = rowsPerSecond): void => {
    if (counts.total === 0 && counts.ended === 0) return;
    const nowMs = clock.now().getTime();
    if (!force && nowMs - lastShownAt < (line.isTerminal ? REDRAW_MS : PLAIN_LINE_MS)) return;
    lastShownAt = nowMs;
    line.show(renderProgress(counts, rateAt(nowMs), line.columns));
  };

  const watcher: PlanWatcher = {
    onProgress: (delta) => {
      counts = { ...counts, rows: counts.rows + delta.rows, rejects: counts.rejects + delta.rejects };
      show(false);
    },
    onEnd: (planned, end) => {
      counts = countEnd(counts, end);
      if (end.kind === 'failed') line.print(`failed   ${toUnitId(planned.unit)}: ${end.error.message}`);
      show(false);
    },
  };
  return {
    watcher,
    /** More units to come. */
    expect: (units: number): void => {
      counts = { ...counts, total: counts.total + units };
      show(true);
    },
    /** For units whose end is not told through the watcher, because a worker ran them. */
    end: (failure?: string): void => {
      counts = {
        ...counts,
        ended: counts.ended + 1,
        failed: counts.failed + (failure === undefined ? 0 : 1),
      };
      if (failure !== undefined) line.print(`failed   ${failure}`);
      show(false);
    },
    print: (text: string): void => line.print(text),
    finish: (): void => {
      show(true, meanRate);
      line.end();
    },
    counts: (): ProgressCounts => counts,
  };
}

export type Progress = ReturnType<typeof createProgress>;

function countEnd(counts: ProgressCounts, end: UnitEnd): ProgressCounts {
  return {
    ...counts,
    ended: counts.ended + 1,
    failed: counts.failed + (end.kind === 'failed' || end.kind === 'skipped' ? 1 : 0),
    waiting: counts.waiting + (end.kind === 'waiting' ? 1 : 0),
  };
}

/** One line that fits `width`; what matters least goes first. */
export function renderProgress(counts: ProgressCounts, rowsPerSecond: number, width: number): string {
  // a scheduler's tick may end units that were not counted in
  const total = Math.max(counts.total, counts.ended);
  const filled = total === 0 ? 20 : Math.round((20 * counts.ended) / total);
  const bar = `[${'█'.repeat(filled)}${'░'.repeat(20 - filled)}]`;
  const number = (value: number): string => value.toLocaleString('en-US');
  const essential = `${number(counts.ended)}/${number(total)} units`;
  const details = [
    `${number(counts.rows)} rows`,
    `${number(rowsPerSecond)} rows/s`,
    `${number(counts.rejects)} rejects`,
    `${number(total - counts.ended)} remaining`,
    ...(counts.waiting > 0 ? [`${number(counts.waiting)} waiting`] : []),
    ...(counts.failed > 0 ? [`${number(counts.failed)} failed`] : []),
  ];
  const full = [bar, essential, ...details].join('  ');
  if (full.length < width) return full;
  const withoutBar = [essential, ...details].join('  ');
  return withoutBar.length < width ? withoutBar : withoutBar.slice(0, Math.max(0, width - 1));
}
