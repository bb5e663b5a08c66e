import { defineConfig } from 'vitest/config';
import { CONTAINER_IMAGES, findContainerObstacle } from './packages/testkit/src/container-engine.ts';
import { findOldestObstacle } from './packages/testkit/src/oldest-postgres.ts';

/**
 * The suffix of a test file names the service it needs: none, `.pg` (embedded Postgres), `.queue` (Postgres
 * and, when there is one, Redis), `.e2e` (everything, over sockets).
 */
const project = (name: string, include: string[], timeoutMs: number, globalSetup: string[] = []) => ({
  test: { name, include, testTimeout: timeoutMs, hookTimeout: 60_000, globalSetup },
});

/** Starts one Postgres for the whole run; `createTestDatabase` of the testkit clones a database of it. */
const POSTGRES = ['packages/testkit/src/global-setup.ts'];

/** What depends on the version of a server. */
const SERVICE_TESTS = [
  'packages/{warehouse,queue}/test/*.{pg,queue}.test.ts',
  'apps/worker/test/*.e2e.test.ts',
];

/**
 * The service tests once more, on the oldest and the newest servers in containers, where an engine has the images. Where it
 * has not, one test is skipped, saying why; it fails where TEST_CONTAINERS=required promises them.
 */
const containers = await Promise.all(
  (['oldest', 'newest'] as const).map(async (age) => {
    const obstacle = await findContainerObstacle(CONTAINER_IMAGES[age], process.env.DOCKER_HOST);
    const include = obstacle === undefined ? SERVICE_TESTS : ['packages/testkit/test/no-containers.test.ts'];
    const setup = obstacle === undefined ? ['packages/testkit/src/container-setup.ts'] : [];
    const { test } = project(`containers-${age}`, include, 120_000, setup);
    return { test: { ...test, provide: { containerObstacle: obstacle } } };
  }),
);

/** The same on the oldest Postgres from Debian, where it is installed (CI installs it), and what needs its pg_dump. */
const oldest = project(
  'oldest-postgres',
  findOldestObstacle() === undefined
    ? [
        'packages/warehouse/test/*.pg.test.ts',
        'apps/worker/test/*.e2e.test.ts',
        'apps/cli/test/backup.e2e.test.ts',
      ]
    : ['packages/testkit/test/no-oldest-postgres.test.ts'],
  120_000,
  findOldestObstacle() === undefined ? ['packages/testkit/src/oldest-postgres.ts'] : [],
);

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
      project('deploy', ['packages/testkit/test/deploy/**/*.test.ts'], 60_000),
      project('postgres', ['{apps,packages}/*/test/**/*.pg.test.ts'], 60_000, POSTGRES),
      project('queue', ['{apps,packages}/*/test/**/*.queue.test.ts'], 60_000, POSTGRES),
      project(
        'e2e',
        ['{apps,packages}/*/test/**/*.e2e.test.ts', 'bench/test/**/*.e2e.test.ts'],
        120_000,
        POSTGRES,
      ),
      oldest,
      ...containers,
    ],
  },
});
