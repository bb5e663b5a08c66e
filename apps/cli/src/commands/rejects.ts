import { ConfigError, dayPeriod, toShownText, toUnitId, VENDORS } from '@edgeledger/core';
import type { RejectFilter, RejectsFound } from '@edgeledger/warehouse';
import { toDayRange } from '../day-range.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine, terminalWidth } from '../io.ts';
import { readSetup, type Setup, withServices } from '../services.ts';
import { renderTable } from '../text-table.ts';
import type { RangeOptions } from './plan.ts';
import { type ReplayOptions, replayUnits } from './replay.ts';

export interface RejectsOptions extends RangeOptions {
  readonly code?: readonly string[];
  readonly limit: number;
}

export type RetryOptions = RejectsOptions & ReplayOptions;

const EVERYTHING = { from: new Date(0), to: new Date(8.64e15) };

/** Quarantined records with their coordinates, the reason and the raw text. Exit 0 whether there are any or not. */
export async function runRejectsListCommand(
  io: Io,
  reportKeys: readonly string[],
  options: RejectsOptions,
): Promise<number> {
  const setup = readSetup(io);
  const filter = toFilter(setup, reportKeys, options);
  return withServices(setup, { role: 'rejects' }, async ({ warehouse }) => {
    const found = await warehouse.questions.findRejects(filter, options.limit);
    if (options.json) printJson(io, found);
    else printRejects(io, found);
    return EXIT.done;
  });
}

/** Loads the units again that have rejects: from the archive where it has them as a whole, else from the vendor. */
export async function runRejectsRetryCommand(
  io: Io,
  reportKeys: readonly string[],
  options: RetryOptions,
): Promise<number> {
  const setup = readSetup(io);
  const filter = toFilter(setup, reportKeys, options);
  return replayUnits(setup, options, async ({ warehouse }) => {
    const { units } = await warehouse.questions.findRejects(filter, 0);
    if (units.length === 0 && options.json !== true)
      printLine(io, 'No report has rejects: nothing to retry.');
    const unitIds = units.map((unit) => toUnitId({ ...unit, reportKey: unit.report_key }));
    return { ...EVERYTHING, unitIds: new Set(unitIds) };
  });
}

function toFilter(setup: Setup, reportKeys: readonly string[], options: RejectsOptions): RejectFilter {
  const { io, config } = setup;
  const hasDays = options.from !== undefined || options.to !== undefined;
  const range = hasDays ? toDayRange(options, config.backfillDays, io.clock.now()) : undefined;
  return {
    ...toSourceFilter(options.source),
    ...(options.dataset !== undefined && { datasets: options.dataset.flatMap(toDatasetNames) }),
    ...(reportKeys.length > 0 && { reportKeys }),
    ...(options.code !== undefined && { codes: options.code }),
    ...(range !== undefined && { from: dayPeriod(range.from).start, to: dayPeriod(range.to).end }),
  };
}

/** `imgix` or `imgix-<account>`: rejects are looked at without any credential, so no source is opened. */
function toSourceFilter(text: string | undefined): RejectFilter {
  if (text === undefined) return {};
  const vendor = VENDORS.find((name) => text === name || text.startsWith(`${name}-`));
  if (vendor === undefined) {
    const known = VENDORS.join(', ');
    throw new ConfigError(
      'config.unknown-dataset',
      `--source: there is no source "${text}". Known: ${known}.`,
    );
  }
  return text === vendor ? { vendor } : { vendor, account: text.slice(vendor.length + 1) };
}

/** A table's name, with its schema or without, or the vendor's name of the report. */
function toDatasetNames(text: string): string[] {
  const name = text.replaceAll('-', '_');
  return name.includes('.') ? [name] : VENDORS.map((vendor) => `${vendor}.${name}`);
}

function printRejects(io: Io, found: RejectsFound): void {
  if (found.total === 0) {
    printLine(io, 'No rejects.');
    return;
  }
  const header = ['report', 'part', 'line', 'column', 'why', 'raw'];
  const rows = found.rejects.map((reject) => [
    reject.report_key,
    reject.part,
    reject.line,
    reject.column_name ?? '',
    reject.code === 'type-mismatch' ? reject.message : reject.code,
    escapeRaw(reject.raw),
  ]);
  printLine(io, renderTable(header, rows, terminalWidth(io)));
  const more = found.total - found.rejects.length;
  printLine(
    io,
    `${found.total} rejects of ${found.units.length} reports${more > 0 ? `, ${more} not shown (--limit)` : ''}; ` +
      'all of it with --json. After a correction: edgeledger rejects retry',
  );
}

const SHOWN_RAW = 200;

/** One line whatever it holds, and a backslash of the file is told from one of an escape. */
function escapeRaw(raw: string): string {
  return toShownText(raw.slice(0, SHOWN_RAW).toWellFormed().replaceAll('\\', '\\\\'));
}
