import { once } from 'node:events';
import { createServer } from 'node:net';
import { createEmulator } from '@edgeledger/emulator';
import { createTestDatabase, findFreePort, findRedisServer, startRedisServer } from '@edgeledger/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { toEnvironment } from './tables.ts';

const redisBinary = await findRedisServer(process.env.PATH ?? '');
const ROLES = ['scheduler', 'worker', 'dashboard'] as const;
/** `docker stop` kills after ten seconds where nothing else is said. */
const GRACE_MS = 10_000;

async function openWorld() {
  const emulator = await createEmulator({ historyDays: 3 });
  const database = await createTestDatabase();
  onTestFinished(async () => {
    await emulator.close();
    await database.drop();
  });
  const environment: Record<string, string> = {
    ...toEnvironment(emulator, database),
    BACKFILL_DAYS: '1',
    PORT: String(await findFreePort()),
  };
  return environment;
}

/** Runs a role until its output holds a text, does what is to be done then, and sends SIGTERM. */
async function stopRole(
  role: string,
  environment: Record<string, string>,
  given: { readonly once: string; readonly act?: () => Promise<unknown> },
) {
  let isDue = false;
  let stoppedAt = 0;
  let acting: Promise<unknown> | undefined;
  const ended = await runCli([role], environment, {
    signal: 'SIGTERM',
    when: (output) => {
      if (acting === undefined && output.includes(given.once)) {
        acting = (given.act?.() ?? Promise.resolve()).then(() => {
          isDue = true;
        });
      }
      if (isDue) stoppedAt = performance.now();
      return isDue;
    },
  });
  return { ...ended, tookMs: performance.now() - stoppedAt };
}

test.each(ROLES)('a %s ends with 0 on SIGTERM', async (role) => {
  const environment = await openWorld();
  const { exitCode, tookMs, stderr } = await stopRole(role, environment, { once: 'Running: ' });
  expect(exitCode, stderr).toBe(0);
  expect(tookMs).toBeLessThan(GRACE_MS);
});

/** From when on the program listens depends on the machine; before that the signal ends node itself, by its own doing. */
const STOP_AFTER_MS = [400, 800, 1_600, 3_200, 6_400];

test.each(ROLES)('a %s that is stopped while the program is still being read ends with 0', async (role) => {
  const environment = await openWorld();
  for (const afterMs of STOP_AFTER_MS) {
    const bornAt = performance.now();
    const when = () => performance.now() - bornAt > afterMs;
    const { exitCode, stderr } = await runCli([role], environment, { signal: 'SIGTERM', when });
    if (exitCode === null) continue;
    expect(exitCode, stderr).toBe(0);
    return;
  }
  expect.fail('it was ended by the signal each time');
});

test.skipIf(redisBinary === undefined).each(ROLES)(
  'a %s ends with 0 in time though Redis went first (needs redis-server)',
  async (role) => {
    const redis = await startRedisServer(redisBinary ?? '');
    onTestFinished(() => redis.stop());
    const environment = { ...(await openWorld()), REDIS_URL: redis.url };
    const act = () => redis.stop();
    const { exitCode, tookMs, stderr } = await stopRole(role, environment, { once: 'Running: ', act });
    expect(exitCode, stderr).toBe(0);
    expect(tookMs).toBeLessThan(GRACE_MS);
  },
);

test.each(ROLES)(
  'a %s that is still starting, against a server that never answers, ends with 0',
  async (role) => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const environment = { ...(await openWorld()), DATABASE_URL: `postgres://a:b@127.0.0.1:${port}/c` };
    const connected = once(silent, 'connection');
    let hasConnected = false;
    void connected.then(() => {
      hasConnected = true;
    });
    let stoppedAt = 0;
    const ended = await runCli([role], environment, {
      signal: 'SIGTERM',
      when: () => {
        if (hasConnected) stoppedAt = performance.now();
        return hasConnected;
      },
    });
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(GRACE_MS);
  },
);
