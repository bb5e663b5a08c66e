import { HOUR_MS } from '@edgeledger/core';
import { planSource, recordPlan } from '@edgeledger/pipeline';
import { createProducer, toUnitPayload } from '@edgeledger/queue';
import { toDayRange } from '../day-range.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printJson, printLine } from '../io.ts';
import { openQueue, openSources, readSetup, selectSources, withServices } from '../services.ts';
import type { RangeOptions } from './plan.ts';

/** Plans and enqueues for the running workers. What already waits or runs is not enqueued again. */
export async function runBackfillCommand(io: Io, options: RangeOptions): Promise<number> {
  const setup = readSetup(io);
  const range = toDayRange(options, setup.config.backfillDays, io.clock.now());
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
      const { added, alreadyQueued } = await producer.enqueueUnits(
        planned.load.map(({ unit, seenLoadId }) => toUnitPayload(source.id, unit, seenLoadId)),
      );
      found.enqueued += added;
      found.alreadyQueued += alreadyQueued;
      found.waiting += planned.waiting.length;
      found.lost += planned.lost.length;
      found.covered += planned.covered.length;
    }
    if (options.json) printJson(io, found);
    else {
      printLine(
        io,
        `Enqueued ${found.enqueued} units of ${found.from} to ${found.to} (${found.alreadyQueued} were queued already, ` +
          `${found.covered} are covered, ${found.waiting} wait for the vendor, ${found.lost} are lost).`,
      );
      if (found.enqueued > 0)
        printLine(io, 'Running workers load them; `edgeledger up` or `edgeledger worker` starts one.');
    }
    return EXIT.done;
  });
}
