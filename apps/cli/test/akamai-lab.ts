import { addDays, DAY_MS, Secret, type Source, silentLogger, toUtcDay } from '@edgeledger/core';
import { createEmulator, createManualClock, type Emulator, type EmulatorOptions } from '@edgeledger/emulator';
import { planSource, recordPlan, runPlan, type UnitEnd } from '@edgeledger/pipeline';
import { type AkamaiStream, createSources } from '@edgeledger/sources';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { createWarehouse } from '@edgeledger/warehouse';
import { onTestFinished } from 'vitest';

export interface AkamaiLab {
  readonly emulator: Emulator;
  readonly database: TestDatabase;
  readonly source: Source;
  /** Plans and loads the last days, today included, at the emulator's time. */
  run(days: number): Promise<readonly UnitEnd[]>;
}

/** The emulator, a database and the pipeline on one clock that only tests move. */
export async function openAkamaiLab(
  start: Date,
  streams: readonly AkamaiStream[],
  options: EmulatorOptions = {},
): Promise<AkamaiLab> {
  const emulator = await createEmulator({
    historyDays: 100,
    clock: createManualClock(start),
    ...options,
    akamai: { requestsPerMinute: 0, v2RequestsPerMinute: 0, ...options.akamai },
  });
  const database = await createTestDatabase();
  const warehouse = await createWarehouse({ connectionString: database.connectionString });
  const { akamai } = emulator.credentials;
  const clock = { now: () => emulator.now() };
  const [source] = createSources(
    [
      {
        vendor: 'akamai',
        account: 'default',
        clientToken: new Secret(akamai.clientToken),
        clientSecret: new Secret(akamai.clientSecret),
        accessToken: new Secret(akamai.accessToken),
        apiUrl: new URL(emulator.akamaiUrl),
        streams,
      },
    ],
    {
      clock,
      logger: silentLogger,
      rateBudget: () => warehouse.rateBudget,
      http: { rateLimit: { requests: 500, perMs: 100 } },
    },
  );
  if (source === undefined) throw new Error('no source');
  onTestFinished(async () => {
    await source.close();
    await warehouse.close();
    await database.drop();
    await emulator.close();
  });
  const signal = new AbortController().signal;
  return {
    emulator,
    database,
    source,
    async run(days) {
      const now = emulator.now();
      const range = {
        from: addDays(toUtcDay(new Date(now.getTime() - DAY_MS)), 1 - days),
        to: toUtcDay(now),
      };
      const context = { now, signal, logger: silentLogger, isManual: false };
      const planned = await planSource(source, warehouse.ledger, range, context);
      await recordPlan(planned, source, warehouse.ledger, { now, lateAfterMs: 8 * 3_600_000 });
      const services = {
        source,
        ledger: warehouse.ledger,
        loader: warehouse.loader,
        clock,
        logger: silentLogger,
      };
      return runPlan(planned.load, services, {
        signal,
        concurrency: 4,
        attempts: 2,
        pause: async () => undefined,
      });
    },
  };
}
