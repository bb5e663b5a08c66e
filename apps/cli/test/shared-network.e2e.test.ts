import { createEmulator } from '@edgeledger/emulator';
import { createTestDatabase, findFreePort, until } from '@edgeledger/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { toEnvironment } from './tables.ts';
import { startRole } from './worker-fleet.ts';

test('two workers with one METRICS_PORT both run; the second does without metrics and says so', async () => {
  const emulator = await createEmulator({ historyDays: 2 });
  const database = await createTestDatabase();
  onTestFinished(async () => {
    await emulator.close();
    await database.drop();
  });
  const port = String(await findFreePort());
  const environment = { ...toEnvironment(emulator, database), METRICS_PORT: port };
  const first = startRole('worker', environment);
  await until('the first serves metrics', () => first.output().includes('Metrics: '), 30_000);
  const second = startRole('worker', environment);
  await until('the second runs', () => second.output().includes('Running: worker'), 30_000);
  expect(second.output()).toContain('METRICS_PORT is in use by another process');
  expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
  expect(await Promise.all([first.stop('SIGTERM'), second.stop('SIGTERM')])).toEqual([0, 0]);
});
