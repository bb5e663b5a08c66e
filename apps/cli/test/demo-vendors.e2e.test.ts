import { createEmulator } from '@edgeledger/emulator';
import { createTestDatabase, findFreePort, until } from '@edgeledger/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { startRole } from './worker-fleet.ts';

/* What `docker compose --profile demo up` does: emulated vendors on another host, here another loopback address. */

async function openWorld() {
  // as in the compose file: it listens elsewhere, and its links name 127.0.0.1
  const emulator = await createEmulator({ host: '127.0.0.2', publicHost: '127.0.0.1', historyDays: 5 });
  const database = await createTestDatabase();
  onTestFinished(async () => {
    await emulator.close();
    await database.drop();
  });
  const place = `127.0.0.2:${new URL(emulator.filesUrl).port}`;
  const environment: Record<string, string> = {
    DATABASE_URL: database.connectionString,
    EDGELEDGER_DEMO: place,
    BACKFILL_DAYS: '2',
    PORT: String(await findFreePort()),
  };
  return { emulator, database, environment };
}

test('without a source, the emulated vendors of another host are loaded through a relay on loopback', async () => {
  const { emulator, database, environment } = await openWorld();
  // nobody is on loopback but the relay
  await expect(fetch(`${emulator.imgixUrl}/api/v1/reports`)).rejects.toThrow();
  const up = startRole('up', environment);
  await until(
    'two days of both vendors are loaded',
    async () => {
      const [row] = await database.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM ledger.units WHERE state = 'loaded' AND account = 'demo'`,
      );
      return row?.n === 16;
    },
    60_000,
  );
  expect(up.output()).toContain('Sign in to the dashboard as demo / demo.');
  expect(await up.stop('SIGTERM')).toBe(0);
  expect(emulator.requests.some((one) => one.server === 'files')).toBe(true);
});

test('a configured source always wins over the demo', async () => {
  const { emulator, environment } = await openWorld();
  const worker = startRole('worker', {
    ...environment,
    IMGIX_API_KEY: 'a-real-one',
    IMGIX_API_URL: 'http://127.0.0.1:9',
  });
  await until('it runs', () => worker.output().includes('Running: worker'), 30_000);
  expect(worker.output()).not.toContain('emulated vendors');
  expect(emulator.requests).toEqual([]);
  expect(await worker.stop('SIGTERM')).toBe(0);
});

test('with nobody at the address of the demo, the missing sources are told as always', async () => {
  const { environment } = await openWorld();
  const EDGELEDGER_DEMO = `127.0.0.1:${await findFreePort()}`;
  const { exitCode, stderr } = await runCli(['worker'], { ...environment, EDGELEDGER_DEMO });
  expect(stderr).toContain('No source is configured.');
  expect(exitCode).toBe(3);
});
