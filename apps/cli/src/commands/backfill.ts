import { HOUR_MS, toUnitId } from '@edgeledger/core';
import { type PlannedUnit, planSource, recordPlan } from '@edgeledger/pipeline';
import { createProducer, type Producer, toUnitPayload } from '@edgeledger/queue';
import { type DayRange, toDayRange } from '../day-range.ts';
import { withDemoVendors } from '../demo-vendors.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine } from '../io.ts';
import { openQueue, openSources, readSetup, type Setup, selectSources, withServices } from '../services.ts';
import { traceCommand } from '../traced-command.ts';
import type { RangeOptions } from './plan.ts';

/**
 * Plans and enqueues for the running workers. What already waits or runs is not enqueued again; what waits for a later
 * time runs now, because the vendor may list today what it did not list when the job began to wait.
 */
export async function runBackfillCommand(io: Io, options: RangeOptions): Promise<number> {
  await using vendors = await withDemoVendors(readSetup(io), { servesPages: false });
  const { setup } = vendors;
  const range = toDayRange(options, setup.config.backfillDays, io.clock.now());
  return traceCommand(setup, 'backfill', (traced) => enqueueRange(traced, range, options));
}

async function enqueueRange(setup: Setup, range: DayRange, options: RangeOptions): Promise<number> {
  const { io } = setup;
  const selected = selectSources(openSources(setup), options);
  return withServices(setup, { role: 'backfill' }, async (services) => {
    await using stack = new AsyncDisposableStack();
    const backend = stack.adopt(await openQueue(services), (opened) => opened.close());
    const producer = stack.adopt(createProducer(backend, { clock: io.clock }), (opened) => opened.close());
    const found = {
      from: range.from,
      to: range.to,
      enqueued: 0,
      alreadyQueued: 0,
      promoted: 0,
      waiting: 0,
      lost: 0,
      covered: 0,
    };
    for (const { source, datasets } of selected) {
      stack.defer(() => source.close());
      const now = io.clock.now();
      const context = { now, signal: io.signal, logger: services.logger, isManual: true };
      const planned = await planSource(
        source,
        services.warehouse.ledger,
        { ...range, ...(datasets && { datasets }) },
        context,
      );
      await recordPlan(planned, source, services.warehouse.ledger, {
        now,
        lateAfterMs: services.config.schedule.lateAfterHours * HOUR_MS,
      });
      const load = await leaveOutBegun(planned.load, producer);
      const { added, alreadyQueued, promoted } = await producer.enqueueUnits(
        load.map(({ unit, seenLoadId }) => toUnitPayload(source.id, unit, seenLoadId)),
        { isUrgent: true },
      );
      found.enqueued += added;
      found.alreadyQueued += alreadyQueued + planned.load.length - load.length;
      found.promoted += promoted ?? 0;
      found.waiting += planned.waiting.length;
      found.lost += planned.lost.length;
      found.covered += planned.covered.length;
    }
    if (options.json) printJson(io, found);
    else {
      printLine(
        io,
        `Enqueued ${found.enqueued} units of ${found.from} to ${found.to} (${found.alreadyQueued} were queued already` +
          `${found.promoted > 0 ? `, ${found.promoted} of them run now instead of later` : ''}, ` +
          `${found.covered} are covered, ${found.waiting} wait for the vendor, ${found.lost} are lost).`,
      );
      if (found.enqueued + found.promoted > 0)
        printLine(io, 'Running workers load them; `edgeledger up` or `edgeledger worker` starts one.');
    }
    return EXIT.done;
  });
}

/**
 * Without reports whose parts are jobs already: the ledger says of them only that somebody is at it, which a killed worker
 * leaves behind, too, and begun again they would be read twice.
 */
async function leaveOutBegun(
  load: readonly PlannedUnit[],
  producer: Pick<Producer, 'findBegunReports'>,
): Promise<readonly PlannedUnit[]> {
  if (!load.some(({ reason }) => reason === 'interrupted')) return load;
  const begun = await producer.findBegunReports();
  return load.filter(({ unit, reason }) => reason !== 'interrupted' || !begun.has(toUnitId(unit)));
}
