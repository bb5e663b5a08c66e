import { type EdgeledgerError, ERROR_CODES } from '@edgeledger/core';
import type { Plan, UnitEnd } from '@edgeledger/pipeline';
import type { DayRange } from './day-range.ts';
import { EXIT } from './exit-codes.ts';
import { type Io, printLine, printNote } from './io.ts';
import { toInstantText } from './text-table.ts';

/** What a run did, for `--json` and the closing lines. */
export interface RunSummary {
  loaded: number;
  unchanged: number;
  covered: number;
  rows: { inserted: number; updated: number; unchanged: number; deleted: number };
  rejects: number;
  waiting: { reportKey: string; until: string; reason: string }[];
  /** Issued again much smaller: read, but not published until confirmed. */
  held: { reportKey: string; until: string; reason: string }[];
  lost: string[];
  /** Datasets of which the vendor lists nothing in these days. */
  absent: string[];
  failed: { reportKey: string; code: string; message: string }[];
  errors: { source: string; code: string; message: string }[];
}

export function createRunSummary(): RunSummary {
  return {
    loaded: 0,
    unchanged: 0,
    covered: 0,
    rows: { inserted: 0, updated: 0, unchanged: 0, deleted: 0 },
    rejects: 0,
    waiting: [],
    held: [],
    lost: [],
    absent: [],
    failed: [],
    errors: [],
  };
}

export function notePlan(planned: Plan, summary: RunSummary): void {
  summary.covered += planned.covered.length;
  summary.lost.push(...planned.lost.map((unit) => unit.reportKey));
  for (const { unit, until, reason } of planned.waiting) {
    summary.waiting.push({ reportKey: unit.reportKey, until: until.toISOString(), reason });
  }
}

/** Without a listing a report type is not expected: plans differ. That is said, so that a wrong key does not hide it. */
export function findAbsent(planned: Plan, wanted: readonly string[], before: readonly string[]): string[] {
  const { load, waiting, lost, covered, running } = planned;
  const units = [
    ...load.map((item) => item.unit),
    ...waiting.map((item) => item.unit),
    ...lost,
    ...covered,
    ...running.map((item) => item.unit),
  ];
  const found = new Set(units.map((unit) => unit.dataset));
  return [...new Set([...before, ...wanted.filter((name) => !found.has(name))])];
}

export function noteEnd(reportKey: string, end: UnitEnd, summary: RunSummary): void {
  if (end.kind === 'waiting') {
    summary.waiting.push({ reportKey, until: end.until.toISOString(), reason: end.reason });
  } else if (end.kind === 'held') {
    summary.held.push({ reportKey, until: end.until.toISOString(), reason: end.reason });
  } else if (end.kind === 'lost') {
    summary.lost.push(reportKey);
  } else if (end.kind === 'failed' || end.kind === 'skipped') {
    summary.failed.push({ reportKey, code: end.error.code, message: end.error.message });
  } else {
    if (end.result.outcome === 'unchanged') summary.unchanged += 1;
    else summary.loaded += 1;
    summary.rows.inserted += end.result.rowsInserted;
    summary.rows.updated += end.result.rowsUpdated;
    summary.rows.unchanged += end.result.rowsUnchanged;
    summary.rows.deleted += end.result.rowsDeleted;
    summary.rejects += end.result.rejects;
  }
}

export function toRunExitCode(summary: RunSummary, errors: readonly EdgeledgerError[]): number {
  // a setting that keeps everything out is the configuration's fault; one report that fails is one that failed
  const loadedNothing = summary.loaded + summary.unchanged === 0;
  const configurationCodes: readonly string[] = ERROR_CODES.ConfigError;
  const needsConfiguration =
    errors.some((error) => error.recovery === 'fix-configuration') ||
    (loadedNothing && summary.failed.some((failure) => configurationCodes.includes(failure.code)));
  if (needsConfiguration) return EXIT.configuration;
  if (errors.length > 0 || summary.failed.length > 0) return EXIT.failed;
  const isKnown = summary.covered + summary.loaded + summary.unchanged > 0;
  const left = summary.waiting.length + summary.held.length + summary.lost.length;
  return left === 0 && isKnown ? EXIT.done : EXIT.incomplete;
}

export function printRunSummary(io: Io, summary: RunSummary & DayRange): void {
  const number = (value: number): string => value.toLocaleString('en-US');
  const { rows } = summary;
  const { loaded, unchanged, failed, errors, held } = summary;
  const tried = loaded + unchanged + failed.length + errors.length + held.length;
  if (tried + summary.covered + summary.waiting.length + summary.lost.length === 0) {
    printLine(
      io,
      `Nothing is known of ${summary.from} to ${summary.to}: the vendor lists no report of these days.`,
    );
  } else if (tried === 0) {
    printLine(
      io,
      `Nothing to load: ${number(summary.covered)} ${summary.covered === 1 ? 'unit' : 'units'} of ${summary.from} to ${summary.to} ${summary.covered === 1 ? 'is' : 'are'} covered.`,
    );
  } else {
    printLine(
      io,
      `Loaded ${number(summary.loaded)} units (${number(summary.unchanged)} unchanged, ${number(summary.covered)} covered before): ` +
        `${number(rows.inserted)} rows inserted, ${number(rows.updated)} updated, ${number(rows.deleted)} deleted, ` +
        `${number(summary.rejects)} rejects.`,
    );
  }
  if (summary.absent.length > 0) {
    printNote(
      io,
      `absent   ${summary.absent.join(', ')}: the vendor lists none in these days (does the plan include them?)`,
    );
  }
  printEnds(io, summary);
}

/** What was not loaded, and why. */
export function printEnds(io: Io, summary: RunSummary): void {
  for (const { reportKey, until, reason } of summary.waiting.slice(0, 10)) {
    printNote(io, `waiting  ${reportKey} until ${toInstantText(new Date(until))}: ${reason}`);
  }
  if (summary.waiting.length > 10)
    printNote(io, `waiting  and ${summary.waiting.length - 10} more; see \`edgeledger gaps\``);
  for (const { reportKey, reason } of summary.held) printNote(io, `held     ${reportKey}: ${reason}`);
  if (summary.lost.length > 0)
    printNote(
      io,
      `lost     ${summary.lost.length} units that the vendor no longer keeps; see \`edgeledger gaps\``,
    );
  if (summary.failed.length > 0)
    printNote(io, `failed   ${summary.failed.length} units; see \`edgeledger gaps\``);
}
