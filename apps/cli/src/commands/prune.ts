import { ConfigError, DAY_MS, dayStart, toUtcDay } from '@edgeledger/core';
import { findDataset } from '@edgeledger/sources';
import type { PrunedDay } from '@edgeledger/warehouse';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine, terminalWidth } from '../io.ts';
import { matchesDataset, readSetup, type Setup, withServices } from '../services.ts';
import { renderTable } from '../text-table.ts';

interface PruneOptions {
  readonly dataset?: string;
  readonly account?: string;
  readonly keepDays?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

interface Rule {
  readonly dataset: string;
  readonly account: string;
  readonly keepDays: number;
}

/** Drops what is older than the datasets keep. Asks nothing, prints what went; the ledger keeps the units. */
export async function runPruneCommand(io: Io, options: PruneOptions): Promise<number> {
  const setup = readSetup(io);
  const rules = toRules(setup, options);
  const dryRun = options.dryRun === true;
  return withServices(setup, { role: 'prune' }, async ({ warehouse }) => {
    const now = io.clock.now();
    const today = dayStart(toUtcDay(now)).getTime();
    const pruned: PrunedDay[] = [];
    for (const { dataset: name, account, keepDays } of rules) {
      const dataset = findDataset(name);
      if (dataset === undefined) continue;
      const before = new Date(today - keepDays * DAY_MS);
      pruned.push(...(await warehouse.prune({ dataset, account, before, now, dryRun })));
    }
    if (options.json === true) printJson(io, { dryRun, pruned });
    else printPruned(io, pruned, dryRun);
    return EXIT.done;
  });
}

function printPruned(io: Io, pruned: readonly PrunedDay[], dryRun: boolean): void {
  if (pruned.length === 0) {
    printLine(io, 'Nothing to prune.');
    return;
  }
  const rows = pruned.map((one) => [one.dataset, one.account, one.day, one.rows, one.reportKeys.join(', ')]);
  printLine(io, renderTable(['dataset', 'account', 'day', 'rows', 'reports'], rows, terminalWidth(io)));
  printLine(
    io,
    dryRun ? 'Nothing was dropped: --dry-run.' : 'Dropped. The ledger keeps these reports, marked as pruned.',
  );
}

/** `keepDays` of the configuration, or the one rule that the options give. */
function toRules({ config }: Setup, options: PruneOptions): Rule[] {
  const isWanted = (name: string): boolean => {
    const dataset = findDataset(name);
    return (
      dataset !== undefined && (options.dataset === undefined || matchesDataset(dataset, options.dataset))
    );
  };
  if (options.keepDays !== undefined) {
    const dataset = ['imgix.cdn_logs', 'imgix.image_analytics'].find(
      (name) => options.dataset !== undefined && isWanted(name),
    );
    if (dataset === undefined) {
      throw new ConfigError(
        'config.unknown-dataset',
        '--keep-days needs --dataset cdn_logs or --dataset image_analytics: only these are kept by day and can be pruned.',
      );
    }
    return [{ dataset, account: options.account ?? 'default', keepDays: options.keepDays }];
  }
  const rules = config.sources.flatMap((source) =>
    source.vendor !== 'imgix'
      ? []
      : Object.entries(source.datasets ?? {}).flatMap(([report, setting]): Rule[] =>
          setting.keepDays === undefined || (options.account ?? source.account) !== source.account
            ? []
            : [{ dataset: `imgix.${report}`, account: source.account, keepDays: setting.keepDays }],
        ),
  );
  const wanted = rules.filter((rule) => isWanted(rule.dataset));
  if (wanted.length > 0) return wanted;
  throw new ConfigError(
    'config.missing',
    'Nothing says how long to keep rows. Set datasets.cdn_logs.keepDays (or image_analytics) of an imgix source in edgeledger.yaml, or give --dataset and --keep-days.',
  );
}
