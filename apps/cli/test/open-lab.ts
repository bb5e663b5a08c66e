import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLab, type Lab } from '@edgeledger/proof';
import { createTestDatabase, findRedisServer, type RedisServer, startRedisServer } from '@edgeledger/testkit';

export const SUBJECT = join(import.meta.dirname, '..', 'src', 'proof-subject.ts');

/** Redis databases that a test file may use, one for each bench. */
const REDIS_DATABASES = 512;

export interface TestLab extends Lab {
  readonly redis: RedisServer | undefined;
}

/** A lab on the test server unless it is given one, with a Redis where this machine has one. */
export async function openTestLab(seed = 11, server?: string): Promise<TestLab> {
  await using stack = new AsyncDisposableStack();
  const serverUrl = server ?? stack.use(await createTestDatabase({ empty: true })).connectionString;
  const folder = await mkdtemp(join(tmpdir(), 'edgeledger-proof-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const binary = await findRedisServer(process.env.PATH ?? '');
  const redis =
    binary === undefined ? undefined : await startRedisServer(binary, { databases: REDIS_DATABASES });
  if (redis !== undefined) stack.defer(() => redis.stop());
  let used = 0;
  const nextRedisUrl = (): string => {
    used += 1;
    return `${redis?.url}/${used % REDIS_DATABASES}`;
  };
  const lab = stack.use(
    await createLab({
      serverUrl,
      script: SUBJECT,
      folder,
      seed,
      ...(redis === undefined ? {} : { nextRedisUrl }),
    }),
  );
  const owned = stack.move();
  return { ...lab, redis, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
