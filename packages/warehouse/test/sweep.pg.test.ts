import { HOUR_MS } from '@edgeledger/core';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWarehouse, type Warehouse } from '../src/index.ts';
import { LOGS, partOf, publishRequest, unitOf } from './sample-reports.ts';

let database: TestDatabase;
let warehouse: Warehouse;
beforeAll(async () => {
  database = await createTestDatabase();
  warehouse = await createWarehouse({ connectionString: database.connectionString });
});
afterAll(async () => {
  await warehouse.close();
  await database.drop();
});

const tables = async () =>
  (await database.query(`SELECT FROM pg_tables WHERE schemaname = 'staging' AND tablename LIKE 'load\\_%'`))
    .length;
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS);

it('clears what nobody touched for a day, and only that', async () => {
  const load = await warehouse.loader.begin(unitOf(LOGS, '2026-11-01'), LOGS);
  await load.stagePart(0, 'a', partOf({ columns: [['url', 'text']], rows: [['/a']] }));
  await database.query('CREATE UNLOGGED TABLE staging.load_999999_part_3 (a int)');
  expect(await warehouse.sweepStaging(inHours(23))).toEqual({ loads: 0, tables: 1 });
  expect(await tables()).toBe(1);
  expect(await warehouse.sweepStaging(inHours(25))).toEqual({ loads: 1, tables: 0 });
  expect(await tables()).toBe(0);
  expect(await warehouse.ledger.findUnit(load.unit)).toMatchObject({ state: 'expected', attempts: 0 });
  await expect(load.publish(publishRequest())).rejects.toMatchObject({ code: 'load.superseded' });
});

it('goes on without a load whose unit somebody else holds', async () => {
  const held = await warehouse.loader.begin(unitOf(LOGS, '2026-10-01'), LOGS);
  const other = await warehouse.loader.begin(unitOf(LOGS, '2026-10-02'), LOGS);
  await using holder = await holdUnit(held.loadId);
  expect(await warehouse.sweepStaging(inHours(25))).toEqual({ loads: 1, tables: 0 });
  await holder.release();
  expect(await warehouse.sweepStaging(inHours(25))).toEqual({ loads: 1, tables: 0 });
  expect((await warehouse.ledger.findUnit(other.unit))?.state).toBe('expected');
});

/** Locks the unit of a load, as publishing does. */
async function holdUnit(loadId: string) {
  const client = new pg.Client({ connectionString: database.connectionString });
  await client.connect();
  await client.query('BEGIN');
  await client.query(
    'SELECT FROM ledger.units JOIN ledger.loads USING (unit_id) WHERE loads.load_id = $1 FOR UPDATE OF units',
    [loadId],
  );
  let isOver = false;
  const release = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    await client.end();
  };
  return { release, [Symbol.asyncDispose]: release };
}

it('leaves a load alone whose part is still streaming', async () => {
  const load = await warehouse.loader.begin(unitOf(LOGS, '2026-11-02'), LOGS);
  const part = partOf({ columns: [['url', 'text']], rows: [['/a']] });
  const swept = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const slow = {
    ...part,
    batches: (async function* () {
      started.resolve();
      await swept.promise;
      yield* part.batches;
    })(),
  };
  const staging = load.stagePart(0, 'a', slow);
  await started.promise;
  expect(await warehouse.sweepStaging(inHours(25))).toEqual({ loads: 0, tables: 0 });
  swept.resolve();
  await staging;
  expect((await load.publish(publishRequest())).rowsInserted).toBe(1);
});

it('stops a part whose load was abandoned meanwhile, without leaving its table', async () => {
  const load = await warehouse.loader.begin(unitOf(LOGS, '2026-11-03'), LOGS);
  const part = partOf({ columns: [['url', 'text']], rows: [['/a']] });
  const slow = {
    ...part,
    batches: (async function* () {
      await load.abandon();
      yield* part.batches;
    })(),
  };
  await expect(load.stagePart(0, 'a', slow)).rejects.toMatchObject({ code: 'load.superseded' });
  expect(await tables()).toBe(0);
});

it('takes a part over from a process that is frozen in the middle of its COPY', async () => {
  const silenceMs = 300;
  const other = await createWarehouse({ connectionString: database.connectionString, silenceMs });
  const load = await warehouse.loader.begin(unitOf(LOGS, '2026-11-04'), LOGS);
  const part = partOf({ columns: [['url', 'text']], rows: [['/a']] });
  const started = Promise.withResolvers<void>();
  const thawed = Promise.withResolvers<void>();
  const frozen = {
    ...part,
    batches: (async function* () {
      started.resolve();
      await thawed.promise;
      yield* part.batches;
    })(),
  };
  const first = load.stagePart(1, 'a', frozen);
  first.catch(() => undefined);
  await started.promise;
  const again = await other.loader.resume(load.loadId, LOGS);
  expect(await again.stagePart(1, 'a', part)).toMatchObject({ rows: 1 });
  expect((await again.publish(publishRequest())).rowsInserted).toBe(1);
  thawed.resolve();
  await expect(first).rejects.toMatchObject({ code: 'warehouse.unavailable' });
  expect(await tables()).toBe(0);
  await other.close();
});

it('marks the loads that a published one has overtaken in the same transaction, so that a sweep clears them', async () => {
  const target = unitOf(LOGS, '2026-11-05');
  const part = () => partOf({ columns: [['url', 'text']], rows: [['/a']] });
  const dead = await warehouse.loader.begin(target, LOGS);
  await dead.stagePart(1, 'a', part());
  const killed = await createWarehouse({
    connectionString: database.connectionString,
    passing: (milestone) => {
      if (milestone === 'publish.committed') throw new Error('killed');
    },
  });
  const load = await killed.loader.begin(target, LOGS);
  await load.stagePart(1, 'a', part());
  await expect(load.publish(publishRequest())).rejects.toThrow('killed');
  await killed.close();
  expect(await tables()).toBe(1);
  expect(await warehouse.sweepStaging(new Date())).toEqual({ loads: 1, tables: 0 });
  expect(await tables()).toBe(0);
  expect(await database.query('SELECT FROM staging.loads')).toEqual([]);
});
