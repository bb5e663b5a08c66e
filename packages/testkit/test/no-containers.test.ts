import { expect, inject, test } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Why the service tests do not run in containers; from vitest.config.ts. */
    containerObstacle: string | undefined;
  }
}

const obstacle = inject('containerObstacle') ?? 'nobody said why';

if (process.env.TEST_CONTAINERS === 'required') {
  test('the service tests run in containers, as TEST_CONTAINERS=required promises', () => {
    expect.fail(obstacle);
  });
} else {
  console.warn(`Service tests in containers: SKIPPED: ${obstacle}. They ran on the embedded Postgres.`);
  test.skip(`SKIPPED: ${obstacle}`, () => undefined);
}
