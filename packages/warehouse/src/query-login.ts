import { createHmac, randomBytes } from 'node:crypto';
import { ConfigError } from '@edgeledger/core';
import pg from 'pg';
import { makeRole, READER_COMMENT, READER_ROLE } from './assign-roles.ts';
import { type Connection, SESSION_SQL } from './connect.ts';
import { findSqlState } from './pg-errors.ts';
import { toScramVerifier } from './scram-verifier.ts';

/*
 * Whoever is a superuser can go back to being one from any role, and so can a view or a function that is only read. So where
 * DATABASE_URL is a superuser's, queries that people type are asked by a login of their own, as on the embedded server.
 */

const LOGIN = 'edgeledger_query';
const LOGIN_COMMENT =
  'Asks what people type into edgeledger sql; made by it, for a DATABASE_URL of a superuser.';

/** insufficient_privilege, and read_only_sql_transaction: a standby. */
const MAY_NOT_MAKE = ['42501', '25006'];

/** A superuser, or who may become one, or may run programs or reach files on the server. */
const IS_POWERFUL_SQL = `
SELECT EXISTS (
  SELECT FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER') AND (rolsuper OR rolname IN
    ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
) AS is_powerful`;

export async function isPowerful(client: pg.Pool | pg.Client): Promise<boolean> {
  const found = await client.query<{ is_powerful: boolean }>(IS_POWERFUL_SQL);
  return found.rows[0]?.is_powerful !== false;
}

/**
 * Connects as a login that is a member of edgeledger_reader and of nothing else, and makes it when it does not get in.
 *
 * @throws ConfigError when the server does not let that one in
 */
export async function connectQueryLogin(connection: Connection): Promise<pg.Client> {
  const password = toPassword(connection);
  const known = await connectAs(connection, password).catch(() => undefined);
  if (known !== undefined) return known;
  const obstacle = await makeLogin(connection, password).then(
    () => undefined,
    (error: unknown) => error,
  );
  // another process may have made it at the same moment, which is an obstacle and does no harm
  return await connectAs(connection, password).catch((error: unknown) => {
    if (obstacle !== undefined && !MAY_NOT_MAKE.includes(findSqlState(obstacle) ?? '')) throw obstacle;
    throw toRefusal(obstacle ?? error, connection);
  });
}

/** Follows from the superuser's, so that there is no second secret to keep; where that one has none, a new one each time. */
function toPassword({ target }: Connection): string {
  const key =
    typeof target.password === 'string' && target.password !== '' ? target.password : randomBytes(24);
  return createHmac('sha256', key).update(LOGIN).digest('base64url');
}

async function connectAs({ target }: Connection, password: string): Promise<pg.Client> {
  const client = new pg.Client({ ...target, user: LOGIN, password });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(SESSION_SQL);
    const found = await client.query<{ me: string }>('SELECT session_user::text AS me');
    // a pooler may have let us in as somebody else, or somebody may have given the login more
    if (found.rows[0]?.me === LOGIN && !(await isPowerful(client))) return client;
    throw new Error('it has more rights there than to read');
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

async function makeLogin({ queries }: Connection, password: string): Promise<void> {
  const rights = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';
  for (const statement of [
    makeRole(READER_ROLE, READER_COMMENT),
    makeRole(LOGIN, LOGIN_COMMENT),
    `ALTER ROLE ${LOGIN} ${rights} PASSWORD '${toScramVerifier(password)}'`,
    `ALTER ROLE ${LOGIN} SET default_transaction_read_only = on`,
    `GRANT ${READER_ROLE} TO ${LOGIN}`,
  ])
    await queries.query(statement);
}

function toRefusal(error: unknown, { label }: Connection): ConfigError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ConfigError(
    'warehouse.auth-rejected',
    `Running a query: the user of DATABASE_URL may do everything on the server of ${label}, and a view or a function that is read could make use of that. The login ${LOGIN}, which may only read, was not let in there: ${reason}. For this command, set DATABASE_URL to a login that may only read; docs/reader-role.md says how to make one.`,
    { cause: error },
  );
}
