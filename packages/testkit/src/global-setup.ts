import type { TestProject } from 'vitest/node';
import type {} from './database.ts';
import { ensureTemplate, openTestServer } from './test-server.ts';

/** Vitest's global setup: one Postgres for the whole run, stopped when the last project that uses it is done. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await openTestServer();
  project.provide('testPostgresUrl', server.connectionString);
  project.provide('testPostgresTemplate', await ensureTemplate(server.connectionString));
  return () => server.close();
}
