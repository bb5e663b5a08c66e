import { createHmac } from 'node:crypto';
import type pg from 'pg';
import { makeRole, READER_COMMENT, READER_ROLE } from '../assign-roles.ts';
import { toScramVerifier } from '../scram-verifier.ts';
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
  const verifier = toScramVerifier(toReaderPassword(password));
  await client.query(`CREATE ROLE ${LOGIN} LOGIN PASSWORD '${verifier}' IN ROLE ${READER_ROLE}`);
  await client.query(`ALTER ROLE ${LOGIN} SET default_transaction_read_only = on`);
}

/*
 * What Postgres lets everybody do: large objects and temporary tables fill a disk, an advisory lock holds up loads. The name of the
 * database is last, so that its right tells whether all of it was taken.
 */
const TAKE_FROM_EVERYBODY = `
DO $$
DECLARE
  found regprocedure;
BEGIN
  FOR found IN
    SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
      AND (proname ~ '^pg_(try_)?advisory_' OR proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lowrite'))
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', found);
  END LOOP;
END
$$;
REVOKE ALL ON DATABASE postgres, template1, ${DATABASE} FROM PUBLIC;
GRANT CONNECT ON DATABASE ${DATABASE} TO ${READER_ROLE}`;

/** Whether the login may do more than read, because nobody took from everybody what Postgres gives. */
export async function hasSpareRights(client: pg.Client): Promise<boolean> {
  const sql = `SELECT has_database_privilege('${LOGIN}', '${DATABASE}', 'TEMPORARY') AS spare`;
  return (await client.query<{ spare: boolean }>(sql)).rows[0]?.spare === true;
}

/** By a superuser, in the database itself: rights on functions are those of a database. */
export async function takeSpareRights(client: pg.Client): Promise<void> {
  await client.query(TAKE_FROM_EVERYBODY);
}
