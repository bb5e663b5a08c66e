import { expect, test } from 'vitest';
import { findOldestObstacle } from '../src/oldest-postgres.ts';

const obstacle = findOldestObstacle() ?? 'nobody said why';

if (process.env.CI === 'true') {
  test('the oldest PostgreSQL is there in CI', () => {
    expect.fail(obstacle);
  });
} else {
  console.warn(`Service tests on the oldest PostgreSQL: SKIPPED: ${obstacle}.`);
  test.skip(`SKIPPED: ${obstacle}`, () => undefined);
}
