import { ConfigError, type Dataset, dayPeriod, findDayInReportKey, type UnitRef } from '@edgeledger/core';
import { runUnit } from '@edgeledger/pipeline';
import { createFileSource, DATASETS } from '@edgeledger/sources';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine } from '../io.ts';
import { createProgress } from '../progress.ts';
import { matchesDataset, type Services, withServices } from '../services.ts';

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
  const unit: UnitRef = {
    account: options.account,
    dataset: dataset.name,
    reportKey: options.reportKey,
    period: dayPeriod(dayOf(options.reportKey)),
  };
  return withServices(io, { role: 'import', announce: true }, async (services) => {
    const source = createFileSource({
      dataset,
      account: options.account,
      reportKey: options.reportKey,
      files,
      columns: findColumns(services, dataset, options.account),
    });
    const progress = createProgress(io.stderr, io.clock);
    progress.expect(1);
    const outcome = await runUnit(
      unit,
      {
        source,
        ledger: services.warehouse.ledger,
        loader: services.warehouse.loader,
        clock: io.clock,
        logger: services.logger,
        thresholds: services.config.rejects,
      },
      { signal: io.signal, onProgress: (delta) => progress.watcher.onProgress?.(delta) },
    );
    progress.end();
    progress.finish();
    if (outcome.kind !== 'loaded') {
      printLine(io, `Not loaded: ${outcome.reason}`);
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

function findDataset(text: string) {
  const dataset = DATASETS.find((candidate) => matchesDataset(candidate, text));
  if (dataset !== undefined) return dataset;
  const known = DATASETS.map((candidate) => candidate.name).join(', ');
  throw new ConfigError(
    'config.unknown-dataset',
    `--dataset: there is no dataset "${text}". Known: ${known}.`,
  );
}

function dayOf(reportKey: string) {
  const day = findDayInReportKey(reportKey);
  if (day !== undefined) return day;
  throw new ConfigError(
    'config.invalid-day',
    `--report-key: "${reportKey}" does not end in a day. Give the vendor's key, for example cdn_logs_20261120.`,
  );
}

/** The column mapping of edgeledger.yaml holds for saved files, too. */
function findColumns({ config }: Services, dataset: Dataset, account: string) {
  const source = config.sources.find((one) => one.vendor === dataset.vendor && one.account === account);
  return source?.vendor === 'imgix' ? source.datasets?.[dataset.report]?.columns : undefined;
}
