import { silentLogger } from '@edgeledger/core';
import { createTestDatabase, until } from '@edgeledger/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { openConnection } from '../src/connect.ts';
import { createRateBudget } from '../src/rate-budget.ts';

const LEASE_MS = 600;
const LIMIT = { key: 'imgix/default/reports', requests: 1, perMs: 10 };
const REQUEST = { lane: 'live', maxPauseMs: 1_000 } as const;

/** Two processes, as far as the budget can tell. */
async function openBudgets() {
  const database = await createTestDatabase();
  const open = () =>
    openConnection({
      connectionString: database.connectionString,
      applicationName: 'test',
      maxConnections: 6,
      logger: silentLogger,
    });
  const [one, other] = [await open(), await open()];
  onTestFinished(async () => {
    await Promise.all([one.close(), other.close()]);
    await database.drop();
  });
  const freeAt = async (): Promise<number> => {
    const [row] = await database.query<{ free_at: Date }>('SELECT free_at FROM staging.rate_places');
    return row?.free_at.getTime() ?? 0;
  };
  return {
    one: createRateBudget(one, silentLogger, LEASE_MS),
    other: createRateBudget(other, silentLogger, LEASE_MS),
    kill: () => one.close(),
    freeAt,
  };
}

it('a request that takes longer than a lease keeps its place until it is released', async () => {
  const { one, other, freeAt } = await openBudgets();
  const place = await one.take(LIMIT, REQUEST);
  const first = await freeAt();
  let isTaken = false;
  const second = other.take(LIMIT, REQUEST).then((taken) => {
    isTaken = true;
    return taken;
  });
  await until('the place was kept past its lease', async () => (await freeAt()) > first + 2 * LEASE_MS);
  expect(isTaken).toBe(false);
  place.release();
  (await second).release();
});

it('the place of a killed process is free once its lease is over', async () => {
  const { one, other, kill } = await openBudgets();
  await one.take(LIMIT, REQUEST);
  await kill();
  (await other.take(LIMIT, REQUEST)).release();
});
