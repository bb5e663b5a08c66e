import { defineConfig } from 'vitest/config';

/** `pnpm screenshots`: no test, but it needs what tests need. */
export default defineConfig({
  test: {
    include: ['apps/cli/test/browser/*.screenshots.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    globalSetup: ['packages/testkit/src/global-setup.ts'],
  },
});
