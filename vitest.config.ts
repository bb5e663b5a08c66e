import { defineConfig } from 'vitest/config';

/**
 * The suffix of a test file names the service it needs: none, `.pg` (embedded Postgres), `.queue` (Postgres
 * and, when there is one, Redis), `.e2e` (everything, over sockets).
 */
const project = (name: string, include: string[], timeoutMs: number, globalSetup: string[] = []) => ({
  test: { name, include, testTimeout: timeoutMs, hookTimeout: 60_000, globalSetup },
});

/** Starts one Postgres for the whole run; `createTestDatabase` of the testkit clones a database of it. */
const POSTGRES = ['packages/testkit/src/global-setup.ts'];

export default defineConfig({
  test: {
    projects: [
      project(
        'unit',
        [
          '{apps,packages}/*/src/**/*.test.ts',
          'packages/*/test/**/*.contract.test.ts',
          'packages/emulator/test/**/*.test.ts',
          'packages/http/test/**/*.test.ts',
          'packages/archive/test/**/*.test.ts',
        ],
        20_000,
      ),
      project('architecture', ['packages/testkit/test/architecture.test.ts'], 20_000),
      project('postgres', ['{apps,packages}/*/test/**/*.pg.test.ts'], 60_000, POSTGRES),
      project('queue', ['{apps,packages}/*/test/**/*.queue.test.ts'], 60_000, POSTGRES),
      project(
        'e2e',
        ['{apps,packages}/*/test/**/*.e2e.test.ts', 'bench/test/**/*.e2e.test.ts'],
        120_000,
        POSTGRES,
      ),
    ],
  },
});
