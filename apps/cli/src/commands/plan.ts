import type { Ledger } from '@edgeledger/core';
import { planSource } from '@edgeledger/pipeline';
import { toDayRange } from '../day-range.ts';
import { withDemoVendors } from '../demo-vendors.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine, terminalWidth } from '../io.ts';
import {
  openSources,
  readSetup,
  type Selection,
  type Services,
  selectSources,
  withServices,
} from '../services.ts';
import { renderTable } from '../text-table.ts';

export interface RangeOptions extends Selection {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

/** Prints what a run would pull, and about how many vendor requests it takes. Changes nothing. */
export async function runPlanCommand(io: Io, options: RangeOptions): Promise<number> {
  await using vendors = await withDemoVendors(readSetup(io), { servesPages: false });
  const { setup } = vendors;
  const range = toDayRange(options, setup.config.backfillDays, io.clock.now());
  const selected = selectSources(openSources(setup), options);
  return withServices(setup, { role: 'plan', skipSchema: true }, async (services) => {
    const ledger = await openLedgerToRead(services);
    const rows = [];
    for (const { source, datasets } of selected) {
      const context = { now: io.clock.now(), signal: io.signal, logger: services.logger, isManual: true };
      const planned = await planSource(source, ledger, { ...range, ...(datasets && { datasets }) }, context);
      await source.close();
      for (const dataset of source.datasets) {
        if (datasets !== undefined && !datasets.includes(dataset.name)) continue;
        const of = <T extends { unit: { dataset: string } }>(items: readonly T[]): T[] =>
          items.filter((item) => item.unit.dataset === dataset.name);
        const units = of(planned.load).map((item) => item.unit);
        rows.push({
          source: source.id,
          dataset: dataset.name,
          toLoad: units.length,
          requests: source.estimateRequests(units),
          minutes: source.estimateMinutes?.(units),
          waiting: of(planned.waiting).length,
          lost: planned.lost.filter((unit) => unit.dataset === dataset.name).length,
          covered: planned.covered.filter((unit) => unit.dataset === dataset.name).length,
          units: units.map((unit) => unit.reportKey),
        });
      }
    }
    if (options.json) {
      printJson(io, { from: range.from, to: range.to, datasets: rows });
      return EXIT.done;
    }
    printLine(io, `Plan for ${range.from} to ${range.to} (UTC, both included)\n`);
    const header = [
      'source',
      'dataset',
      'to load',
      'requests about',
      'minutes about',
      'waiting',
      'lost',
      'covered',
    ];
    const cells = rows.map((row) => [
      row.source,
      row.dataset,
      row.toLoad,
      row.requests,
      row.minutes ?? '',
      row.waiting,
      row.lost,
      row.covered,
    ]);
    printLine(io, renderTable(header, cells, terminalWidth(io)));
    const total = rows.reduce((sum, row) => sum + row.toLoad, 0);
    printLine(
      io,
      total === 0 ? '\nNothing to load.' : `\n${total} units to load. \`edgeledger run\` loads them.`,
    );
    return EXIT.done;
  });
}

/** Planning changes nothing, so a database that was never set up stays so and counts as empty. */
async function openLedgerToRead({
  warehouse,
}: Services): Promise<Pick<Ledger, 'findUnits' | 'findFirstDays'>> {
  const { applied } = await warehouse.migrationStatus();
  if (applied === 0) return { findUnits: async () => [], findFirstDays: async () => new Map() };
  await warehouse.assertMigrated();
  return warehouse.ledger;
}
