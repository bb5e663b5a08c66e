import type { Dataset } from '@edgeledger/core';
import { normalizeHeader } from '@edgeledger/sources';
import type { AppliedMapping, ColumnMapping, UnmappedColumn } from '@edgeledger/warehouse';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine, printNote, terminalWidth } from '../io.ts';
import { openSources, readSetup, type Setup, withServices } from '../services.ts';
import { renderTable } from '../text-table.ts';

export interface SchemaOptions {
  readonly json?: boolean;
  readonly force?: boolean;
}

/** Columns that no mapping knows, with a suggested type from the data that is there. */
export async function runSchemaCommand(io: Io, options: SchemaOptions): Promise<number> {
  const setup = readSetup(io);
  const datasets = listDatasets(setup);
  return withServices(setup, { role: 'schema' }, async ({ warehouse }) => {
    const unmapped = await warehouse.mapping.unmapped(datasets);
    if (options.json) printJson(io, { unmapped });
    else printUnmapped(io, unmapped);
    return EXIT.done;
  });
}

/** Brings the tables in line with the column mapping of edgeledger.yaml. Exit 4 when something stayed as it was. */
export async function runSchemaApplyCommand(io: Io, options: SchemaOptions): Promise<number> {
  const setup = readSetup(io);
  const mappings = toMappings(setup, listDatasets(setup));
  return withServices(setup, { role: 'schema' }, async ({ warehouse }) => {
    const applied = await warehouse.mapping.apply(mappings, { force: options.force === true });
    if (options.json) printJson(io, { applied });
    else printApplied(io, applied);
    return applied.every((one) => one.isApplied) ? EXIT.done : EXIT.incomplete;
  });
}

/** Accounts share tables: a column is known when one of them knows it. */
function listDatasets(setup: Setup): Dataset[] {
  const byName = Map.groupBy(
    openSources(setup).flatMap((source) => source.datasets),
    (dataset) => dataset.name,
  );
  return [...byName.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const columns = new Map(
      [first, ...others].flatMap((dataset) => dataset.columns.map((column) => [column.name, column])),
    );
    return [{ ...first, columns: [...columns.values()] }];
  });
}

function toMappings({ config }: Setup, datasets: readonly Dataset[]): ColumnMapping[] {
  return config.sources.flatMap((source) => {
    if (source.vendor !== 'imgix') return [];
    return Object.entries(source.datasets ?? {}).flatMap(([report, setting]) => {
      const dataset = datasets.find((one) => one.vendor === 'imgix' && one.report === report);
      if (dataset === undefined) return [];
      return Object.entries(setting.columns ?? {}).map(([column, { header, aliases, drop }]) => ({
        dataset,
        column,
        otherNames: [...(header === undefined ? [] : [header]), ...(aliases ?? [])].map(normalizeHeader),
        drop: drop === true,
      }));
    });
  });
}

function printUnmapped(io: Io, unmapped: readonly UnmappedColumn[]): void {
  if (unmapped.length === 0) {
    printLine(io, 'Every column of the data tables is mapped.');
    return;
  }
  const header = ['dataset', 'column', 'type', 'values', 'fits', 'would be refused', 'for example'];
  const rows = unmapped.map((one) => [
    one.dataset,
    one.column,
    one.type,
    one.values,
    one.suggestedType,
    Object.entries(one.refused)
      .map(([type, count]) => `${type} ${count}`)
      .join(', '),
    one.examples.join(' | '),
  ]);
  printLine(io, renderTable(header, rows, Math.max(160, terminalWidth(io))));
  printLine(
    io,
    '\nTo map them, in edgeledger.yaml under the imgix source, then `edgeledger schema apply`:\n',
  );
  printLine(io, '    datasets:');
  for (const [dataset, columns] of Map.groupBy(unmapped, (one) => one.dataset)) {
    printLine(io, `      ${dataset.split('.')[1]}:\n        columns:`);
    for (const { column, header: text, suggestedType } of columns) {
      printLine(io, `          ${column}: { header: ${JSON.stringify(text)}, type: ${suggestedType} }`);
    }
  }
}

function printApplied(io: Io, applied: readonly AppliedMapping[]): void {
  if (applied.length === 0) printLine(io, 'The tables are in line with the mapping already.');
  for (const one of applied) {
    const what =
      one.action === 'dropped'
        ? `${one.dataset}.${one.from} dropped`
        : `${one.dataset}.${one.column} ${one.action}: ${one.from} -> ${one.to}`;
    printLine(io, one.isApplied ? what : `NOT ${what}: ${one.reason}`);
    if (one.refusedUnits.length > 0) {
      const keys = one.refusedUnits.map(({ reportKey }) => reportKey);
      const more = keys.length > 10 ? ' …' : '';
      printNote(
        io,
        `  ${one.refusedValues} values refused; edgeledger replay ${keys.slice(0, 10).join(' ')}${more}`,
      );
    }
  }
}
