import { type Clock, toUnitId } from '@edgeledger/core';
import type { PlanWatcher, UnitEnd } from '@edgeledger/pipeline';

/** Where the display goes; `columns` is undefined when it is no terminal. */
export interface ProgressOutput {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

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

/**
 * Shows how a plan runs: one line that is redrawn on a terminal, a plain line every five seconds and for
 * every failure otherwise. Rows per second are of the last ten seconds.
 */
export function createProgress(output: ProgressOutput, clock: Clock) {
  let counts: ProgressCounts = { total: 0, ended: 0, failed: 0, waiting: 0, rows: 0, rejects: 0 };
  let lastShownAt = 0;
  let isDrawn = false;
  const samples: { atMs: number; rows: number }[] = [];

  const rowsPerSecond = (nowMs: number): number => {
    samples.push({ atMs: nowMs, rows: counts.rows });
    while (samples.length > 2 && nowMs - (samples[0]?.atMs ?? nowMs) > 10_000) samples.shift();
    const first = samples[0];
    const spanMs = first === undefined ? 0 : nowMs - first.atMs;
    return first === undefined || spanMs < 200 ? 0 : Math.round(((counts.rows - first.rows) * 1000) / spanMs);
  };
  const clear = (): void => {
    if (isDrawn) output.write('\r\u001b[2K');
    isDrawn = false;
  };
  const show = (force: boolean): void => {
    const nowMs = clock.now().getTime();
    if (!force && nowMs - lastShownAt < (output.isTTY ? REDRAW_MS : PLAIN_LINE_MS)) return;
    lastShownAt = nowMs;
    const line = renderProgress(counts, rowsPerSecond(nowMs), output.isTTY ? (output.columns ?? 80) : 1_000);
    if (!output.isTTY) {
      output.write(`${line}\n`);
      return;
    }
    clear();
    output.write(line);
    isDrawn = true;
  };
  const print = (line: string): void => {
    clear();
    output.write(`${line}\n`);
    if (output.isTTY) show(true);
  };

  const watcher: PlanWatcher = {
    onProgress: (delta) => {
      counts = { ...counts, rows: counts.rows + delta.rows, rejects: counts.rejects + delta.rejects };
      show(false);
    },
    onEnd: (planned, end) => {
      counts = countEnd(counts, end);
      if (end.kind === 'failed') print(`failed   ${toUnitId(planned.unit)}: ${end.error.message}`);
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
      if (failure !== undefined) print(`failed   ${failure}`);
      show(false);
    },
    print,
    finish: (): void => {
      show(true);
      if (output.isTTY) output.write('\n');
      isDrawn = false;
    },
    counts: (): ProgressCounts => counts,
  };
}

export type Progress = ReturnType<typeof createProgress>;

function countEnd(counts: ProgressCounts, end: UnitEnd): ProgressCounts {
  return {
    ...counts,
    ended: counts.ended + 1,
    failed: counts.failed + (end.kind === 'failed' ? 1 : 0),
    waiting: counts.waiting + (end.kind === 'waiting' ? 1 : 0),
  };
}

/** One line that fits `width`; what matters least goes first. */
export function renderProgress(counts: ProgressCounts, rowsPerSecond: number, width: number): string {
  const share = counts.total === 0 ? 1 : counts.ended / counts.total;
  const filled = Math.round(share * 20);
  const bar = `[${'█'.repeat(filled)}${'░'.repeat(20 - filled)}]`;
  const number = (value: number): string => value.toLocaleString('en-US');
  const essential = `${number(counts.ended)}/${number(counts.total)} units`;
  const details = [
    `${number(counts.rows)} rows`,
    `${number(rowsPerSecond)} rows/s`,
    `${number(counts.rejects)} rejects`,
    `${number(counts.total - counts.ended)} remaining`,
    ...(counts.waiting > 0 ? [`${number(counts.waiting)} waiting`] : []),
    ...(counts.failed > 0 ? [`${number(counts.failed)} failed`] : []),
  ];
  const full = [bar, essential, ...details].join('  ');
  if (full.length < width) return full;
  const withoutBar = [essential, ...details].join('  ');
  return withoutBar.length < width ? withoutBar : withoutBar.slice(0, Math.max(0, width - 1));
}
