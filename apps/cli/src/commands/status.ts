import { toShownText } from '@edgeledger/core';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine, terminalWidth } from '../io.ts';
import { readSetup, type Services, withServices } from '../services.ts';
import { createPaint } from '../style.ts';
import { renderColumns, type TableColumn, toInstantText } from '../text-table.ts';

export interface StatusOptions {
  readonly json?: boolean;
}

/** Coverage and freshness of every dataset, and what a person should know about. Exit 4 while there are gaps. */
export async function runStatusCommand(io: Io, options: StatusOptions): Promise<number> {
  return withServices(readSetup(io), { role: 'status' }, async (services) => {
    const status = await readStatus(services);
    if (options.json) printJson(io, status);
    else printStatus(services, status);
    return status.datasets.some((dataset) => dataset.missing > 0) ? EXIT.incomplete : EXIT.done;
  });
}

async function readStatus({ warehouse }: Services) {
  const [totals, freshness, schemaChanges, revisions, findings] = await Promise.all([
    warehouse.questions.totals(),
    warehouse.questions.freshness(),
    warehouse.questions.schemaChanges(),
    warehouse.questions.revisions(100),
    warehouse.questions.openFindings(),
  ]);
  const fresh = new Map(freshness.map((row) => [`${row.account}/${row.dataset}`, row]));
  const datasets = totals.map((total) => {
    const row = fresh.get(`${total.account}/${total.dataset}`);
    return {
      ...total,
      missing: total.units - total.loaded,
      completeThrough: row?.complete_through ?? null,
      newestLoadedAt: row?.newest_loaded_at ?? null,
    };
  });
  return { datasets, schemaChanges, revisions, findings };
}

type Status = Awaited<ReturnType<typeof readStatus>>;
type DatasetStatus = Status['datasets'][number];

function toColumns(datasets: readonly DatasetStatus[]): readonly TableColumn<DatasetStatus>[] {
  const isOneAccount = new Set(datasets.map((one) => one.account)).size < 2;
  return [
    ...(isOneAccount ? [] : [{ title: 'account', value: (one: DatasetStatus) => one.account }]),
    { title: 'dataset', value: (one) => one.dataset },
    {
      title: 'complete to',
      value: (one) => (one.completeThrough === null ? 'nothing yet' : toInstantText(one.completeThrough)),
      style: (one) => (one.completeThrough === null ? 'yellow' : undefined),
    },
    {
      title: 'missing',
      value: (one) => one.missing,
      style: (one) => (one.missing > 0 ? 'red' : 'green'),
    },
    { title: 'loaded', value: (one) => one.loaded, dropOrder: 1 },
    { title: 'rows', value: (one) => one.rows, dropOrder: 2 },
    {
      title: 'rejects',
      value: (one) => one.rejects,
      dropOrder: 3,
      style: (one) => (one.rejects > 0 ? 'yellow' : undefined),
    },
    {
      title: 'last load',
      value: (one) => (one.newestLoadedAt === null ? '' : toInstantText(one.newestLoadedAt)),
      dropOrder: 4,
    },
    { title: 'units', value: (one) => one.units, dropOrder: 5 },
  ];
}

function printStatus({ io, config: { isColorWanted } }: Services, status: Status): void {
  if (status.datasets.length === 0) {
    printLine(
      io,
      'The warehouse is empty. `edgeledger plan` shows what there is to load, `edgeledger run` loads it.',
    );
    return;
  }
  const { width, paint } = { width: terminalWidth(io), paint: createPaint(io, isColorWanted) };
  printLine(io, renderColumns(toColumns(status.datasets), status.datasets, { width, paint }));
  for (const change of status.schemaChanges) printLine(io, toShownText(toChangeText(change)));
  for (const revision of status.revisions.slice(0, 10)) {
    printLine(
      io,
      `revision    ${revision.report_key}: issued again, ${revision.rows} rows instead of ${revision.previous_rows} (${revision.outcome})`,
    );
  }
  if (status.revisions.length > 10)
    printLine(io, `revision    and ${status.revisions.length - 10} more in ledger.revisions`);
  for (const finding of status.findings.slice(0, 20)) {
    printLine(io, toShownText(`finding     ${finding.report_key}: ${finding.kind}: ${finding.message}`));
  }
  if (status.findings.length > 20)
    printLine(io, `finding     and ${status.findings.length - 20} more in ledger.findings`);
  if (status.datasets.some((one) => one.missing > 0))
    printLine(io, '\nUnits are missing; `edgeledger gaps` lists them.');
}

function toChangeText(change: {
  readonly dataset: string;
  readonly column_name: string;
  readonly header: string;
  readonly action: string;
  readonly type: string;
  readonly report_key: string;
}): string {
  const column = `${change.dataset}.${change.column_name}`;
  if (change.action === 'renamed')
    return `mapping     ${column} (${change.type}) was called ${change.header}`;
  if (change.action === 'retyped') return `mapping     ${column} is ${change.type} now`;
  if (change.action === 'dropped') return `mapping     ${column} was dropped`;
  return `new column  ${column} (${change.type}), first seen in ${change.report_key} as "${change.header}"`;
}
