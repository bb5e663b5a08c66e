import type { Clock, Load, Loader, PublishResult } from '@edgeledger/core';
import type { Instruments } from './instruments.ts';

export interface LoadMeasuring {
  readonly instruments: Instruments;
  /** Only to compare with the ledger's own times. */
  readonly clock: Clock;
}

/** A loader that counts how its loads end. Whatever else a load can do is passed through. */
export function createMeasuredLoader(loader: Loader, { instruments, clock }: LoadMeasuring): Loader {
  return {
    ...loader,
    begin: async (unit, dataset, expected) => {
      const beganMs = performance.now();
      const load = await loader.begin(unit, dataset, expected);
      return measure(load, instruments, () => performance.now() - beganMs);
    },
    resume: async (loadId, dataset, expected) => {
      const load = await loader.resume(loadId, dataset, expected);
      const { startedAt } = load;
      // another process began it, so its start is only known from the ledger
      const sinceStart = () =>
        startedAt === undefined ? undefined : clock.now().getTime() - startedAt.getTime();
      return measure(load, instruments, sinceStart);
    },
  };
}

function measure(load: Load, instruments: Instruments, elapsedMs: () => number | undefined): Load {
  const dataset = load.dataset.name;
  const end = (outcome: string): void => instruments.loads.inc({ dataset, outcome });
  return {
    ...load,
    publish: async (request) => {
      const result = await load.publish(request);
      end(result.outcome);
      countRows(result, dataset, instruments);
      const durationMs = elapsedMs();
      if (durationMs !== undefined)
        instruments.loadDuration.observe({ dataset }, Math.max(0, durationMs / 1000));
      return result;
    },
    fail: async (error, now) => {
      await load.fail(error, now);
      end('failed');
    },
    abandon: async () => {
      await load.abandon();
      end('abandoned');
    },
  };
}

function countRows(result: PublishResult, dataset: string, instruments: Instruments): void {
  const { loadedRows, rejectedRows, loadedBytes } = instruments;
  // what is held back is not there
  if (result.outcome !== 'held') {
    loadedRows.inc({ dataset, change: 'inserted' }, result.rowsInserted);
    loadedRows.inc({ dataset, change: 'updated' }, result.rowsUpdated);
    loadedRows.inc({ dataset, change: 'unchanged' }, result.rowsUnchanged);
    loadedRows.inc({ dataset, change: 'deleted' }, result.rowsDeleted);
    loadedBytes.inc({ dataset }, result.bytes);
  }
  rejectedRows.inc({ dataset }, result.rejects);
}
