import type { TestProject } from 'vitest/node';
import type {} from './database.ts';
import { ensureTemplate, openTestServer } from './test-server.ts';

/**
 * Vitest's global setup: one Postgres for the whole run, stopped when the last project that uses it is done; the server
 * that TEST_POSTGRES_URL names (a superuser of it) instead of the embedded one, to test on another version.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_POSTGRES_URL ?? '';
  const server =
    given === '' ? await openTestServer() : { connectionString: given, close: () => Promise.resolve() };
  project.provide('testPostgresUrl', server.connectionString);
  project.provide('testPostgresTemplate', await ensureTemplate(server.connectionString));
  return () => server.close();
}
