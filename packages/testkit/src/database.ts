import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject, onTestFailed } from 'vitest';
import { toDatabaseUrl, withClient } from './test-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The test server; any database of it is reached with this user. Provided by global-setup.ts. */
    testPostgresUrl: string;
    testPostgresTemplate: string;
    /** A Redis to share, provided by container-setup.ts; absent: each suite starts its own. */
    testRedisUrl: string | undefined;
  }
}

export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  readonly connectionString: string;
  /** Rows of one statement, each as an object. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    text: string,
    parameters?: readonly unknown[],
  ): Promise<Row[]>;
  /** Call it at the start of a test: when the test fails, the database stays and its name is printed. */
  keepOnFailure(): void;
  /** Drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** True: without our schemas, for tests of the migrations themselves. */
  readonly empty?: boolean;
}

/**
 * A database of its own for a test file, cloned from the migrated template in a few dozen milliseconds. The project
 * needs `globalSetup: ['packages/testkit/src/global-setup.ts']`.
 */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = inject('testPostgresUrl');
  const template = options.empty === true ? 'template1' : inject('testPostgresTemplate');
  const name = `test_${Math.floor(Date.now() / 1000)}_${randomBytes(5).toString('hex')}`;
  const onServer = (sql: string): Promise<unknown> =>
    withClient(toDatabaseUrl(server, 'postgres'), (client) => client.query(sql));
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const connectionString = toDatabaseUrl(server, name);
  const pool = new pg.Pool({ connectionString, max: 2, allowExitOnIdle: true });
  pool.on('error', () => undefined);
  let kept = false;
  const drop = async (): Promise<void> => {
    if (!pool.ended) await pool.end();
    if (!kept) await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
  return {
    name,
    connectionString,
    query: async <Row extends pg.QueryResultRow>(text: string, parameters: readonly unknown[] = []) =>
      (await pool.query<Row>(text, [...parameters])).rows,
    keepOnFailure: () =>
      onTestFailed(() => {
        kept = true;
        process.stderr.write(`The database of the failed test is kept for a day: ${name}\n`);
      }),
    drop,
    [Symbol.asyncDispose]: drop,
  };
}
