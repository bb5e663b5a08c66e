import { createHmac } from 'node:crypto';
import type pg from 'pg';
import { makeRole, READER_COMMENT, READER_ROLE } from '../assign-roles.ts';
import { DATABASE } from './cluster.ts';
import { toConnectionString } from './server.ts';

/*
 * The embedded server has one user, who may do everything, and whoever is that can go back to being it from any role. Queries that
 * people type are asked by a login of their own, which has nothing to go back to.
 */

const LOGIN = 'edgeledger_sql';

/** Follows from the superuser's, so that there is no second secret to keep. */
function toReaderPassword(password: string): string {
  return createHmac('sha256', password).update(LOGIN).digest('base64url');
}

export function toReaderConnectionString(port: number, password: string): string {
  return toConnectionString(port, toReaderPassword(password), DATABASE, LOGIN);
}

/** Makes the login unless it is there. The caller holds the folder's lock, so nobody else makes it meanwhile. */
export async function ensureReader(client: pg.Client, password: string): Promise<void> {
  const found = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [LOGIN]);
  if (found.rows.length > 0) return;
  await client.query(makeRole(READER_ROLE, READER_COMMENT));
  // the server's log quotes statements that fail
  await client.query('SET log_min_error_statement = panic');
  await client.query(
    `CREATE ROLE ${LOGIN} LOGIN PASSWORD '${toReaderPassword(password)}' IN ROLE ${READER_ROLE}`,
  );
  await client.query(`ALTER ROLE ${LOGIN} SET default_transaction_read_only = on`);
}
