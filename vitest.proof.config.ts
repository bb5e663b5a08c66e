import { defineConfig } from 'vitest/config';

/**
 * The whole table of crashes and faults on every queue that is there: `pnpm proof`. Apart from the other tests, because it takes
 * some ten minutes of two cores and its deadlines want a machine that does nothing else.
 */
export default defineConfig({
  test: {
    name: 'proof',
    include: ['apps/*/test/**/*.proof.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    globalSetup: ['packages/testkit/src/global-setup.ts'],
  },
});
