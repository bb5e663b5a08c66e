import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  ConfigError,
  type Dataset,
  dayPeriod,
  findDayInReportKey,
  toShownText,
  type UnitRef,
} from '@edgeledger/core';
import { runUnit, withArchive } from '@edgeledger/pipeline';
import { createFileSource, DATASETS } from '@edgeledger/sources';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine } from '../io.ts';
import { createProgress } from '../progress.ts';
import { matchesDataset, openArchive, readSetup, type Setup, withServices } from '../services.ts';
import { toTracedLoader, traceCommand } from '../traced-command.ts';

export interface ImportOptions {
  readonly dataset: string;
  readonly reportKey: string;
  readonly account: string;
  readonly json?: boolean;
}

/** Loads report files that a person saved, as one unit, through the same checks as the vendor's own. */
export async function runImportCommand(
  io: Io,
  files: readonly string[],
  options: ImportOptions,
): Promise<number> {
  const dataset = findDataset(options.dataset);
  assertName(options.account);
  const setup = readSetup(io);
  const unit: UnitRef = {
    account: options.account,
    dataset: dataset.name,
    reportKey: options.reportKey,
    period: dayPeriod(dayOf(options.reportKey, dataset)),
  };
  return traceCommand(setup, 'import', (traced) => importUnit(traced, files, { options, dataset, unit }));
}

interface Import {
  readonly options: ImportOptions;
  readonly dataset: Dataset;
  readonly unit: UnitRef;
}

async function importUnit(
  setup: Setup,
  files: readonly string[],
  { options, dataset, unit }: Import,
): Promise<number> {
  const { io } = setup;
  const archive = openArchive(setup.config);
  const fileSource = createFileSource({
    dataset,
    account: options.account,
    reportKey: options.reportKey,
    files: files.map((file) => findGivenPath(file, setup.config.invokedFrom)),
    columns: findColumns(setup, dataset, options.account),
  });
  const source = archive === undefined ? fileSource : withArchive(fileSource, archive);
  return withServices(setup, { role: 'import', announce: true }, async (services) => {
    const progress = createProgress(io.status, io.clock);
    progress.expect(1);
    const outcome = await runUnit(
      unit,
      {
        source,
        ledger: services.warehouse.ledger,
        ...toTracedLoader(services),
        clock: io.clock,
        logger: services.logger,
        thresholds: services.config.rejects,
        // whoever names the files means them
        isConfirmed: true,
      },
      { signal: io.signal, onProgress: (delta) => progress.watcher.onProgress?.(delta) },
    );
    progress.end();
    progress.finish();
    if (outcome.kind !== 'loaded') {
      printLine(io, toShownText(`Not loaded: ${outcome.reason}`));
      return EXIT.incomplete;
    }
    const { result } = outcome;
    if (options.json) printJson(io, { ...unit, ...result });
    else {
      const what = result.outcome === 'unchanged' ? 'was loaded before, nothing changed' : 'is loaded';
      printLine(
        io,
        `${options.reportKey} ${what}: ${result.rowsInserted} rows inserted, ${result.rowsUpdated} updated, ` +
          `${result.rowsDeleted} deleted, ${result.rowsUnchanged} unchanged, ${result.rejects} rejects.`,
      );
    }
    return EXIT.done;
  });
}

/** `pnpm edgeledger` runs in the checkout, but a person means paths from where they stand. */
function findGivenPath(file: string, invokedFrom: string): string {
  const fromThere = resolve(invokedFrom, file);
  return !existsSync(file) && existsSync(fromThere) ? fromThere : file;
}

function findDataset(text: string) {
  // a report's summaries come with its rows, never as a file of their own
  const importable = DATASETS.filter((candidate) => candidate.accumulation !== 'window');
  const dataset = importable.find((candidate) => matchesDataset(candidate, text));
  if (dataset !== undefined) return dataset;
  const known = importable.map((candidate) => candidate.name).join(', ');
  throw new ConfigError(
    'config.unknown-dataset',
    `--dataset: there is no dataset "${text}". Known: ${known}.`,
  );
}

/** Accounts stand in keys of tables, names of partitions and paths of the archive. */
function assertName(account: string): void {
  if (/^[a-z0-9][a-z0-9_-]{0,62}$/.test(account)) return;
  throw new ConfigError(
    'config.invalid-range',
    `--account: ${JSON.stringify(account.slice(0, 60))} is not a name. Use lower-case letters, digits, "_" and "-".`,
  );
}

/** Partitions are named by their day: of four digits a year, and of years in which there were CDNs. */
const isPlausible = (day: string): boolean => day >= '1999-01-01' && day < '2100-01-01';

function dayOf(reportKey: string, dataset: Dataset) {
  if (!reportKey.startsWith(`${dataset.report}_`)) {
    throw new ConfigError(
      'config.unknown-report',
      `--report-key: "${reportKey}" is no key of ${dataset.name}; its keys begin with "${dataset.report}_". Check --dataset and --report-key.`,
    );
  }
  if (!/^[A-Za-z0-9_.-]{1,200}$/.test(reportKey) || reportKey.includes('..')) {
    throw new ConfigError(
      'config.unknown-report',
      `--report-key: ${JSON.stringify(reportKey.slice(0, 60))} is no key. Use letters, digits, "_", "-" and ".", at most 200.`,
    );
  }
  const day = findDayInReportKey(reportKey);
  if (day !== undefined && isPlausible(day)) return day;
  throw new ConfigError(
    'config.invalid-day',
    `--report-key: "${reportKey}" does not end in a day. Give the vendor's key, for example cdn_logs_20261120.`,
  );
}

/** The column mapping of edgeledger.yaml holds for saved files, too. */
function findColumns({ config }: Setup, dataset: Dataset, account: string) {
  const source = config.sources.find((one) => one.vendor === dataset.vendor && one.account === account);
  return source?.vendor === 'imgix' ? source.datasets?.[dataset.report]?.columns : undefined;
}
