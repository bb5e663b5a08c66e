import { ConfigError } from '@edgeledger/core';
import type pg from 'pg';
import type { Connection } from './connect.ts';
import { fromPostgresError } from './pg-errors.ts';
import { connectQueryLogin, isPowerful } from './query-login.ts';
import { assertReads } from './readable-statement.ts';

export interface ReaderAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const READER = 'edgeledger_reader';

/** SQLSTATE classes that are about the statement, not about the server: its own words help most. */
const ABOUT_THE_STATEMENT = /^(0A|21|22|25|26|2B|2F|34|42|54|55000|P0)/;

const MAY_BECOME_READER_SQL = `
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = '${READER}' AND pg_has_role(current_user, oid, 'MEMBER')) AS may`;

/**
 * Runs one statement that a person wrote and that reads: in a transaction that is read-only and rolled back, as edgeledger_reader
 * where the connection's user may become that. The extended protocol takes one statement only, so none can end
 * the transaction and go on. Never with the rights of a superuser, to which a view could go back; another user could go back to
 * being itself, and what would do that is refused by {@link assertReads}.
 *
 * @throws ConfigError `config.invalid-query` with Postgres's own words when the statement is wrong
 */
export async function queryAsReader(connection: Connection, text: string): Promise<ReaderAnswer> {
  assertReads(text);
  const asker = await connectAsker(connection);
  try {
    return await answer(asker.client, text);
  } catch (error) {
    throw toStatementError(error) ?? fromPostgresError(error, 'Running a query', connection.label);
  } finally {
    // with its connection, because a session's advisory locks outlive the transaction, and loads wait for such
    await asker.end();
  }
}

async function answer(client: pg.ClientBase, text: string): Promise<ReaderAnswer> {
  // so that the server does not go on with a long query whose asker has gone; not every system can tell
  await client.query(`SET client_connection_check_interval = '2s'`).catch(() => undefined);
  await client.query('BEGIN READ ONLY');
  const found = await client.query<{ may: boolean }>(MAY_BECOME_READER_SQL);
  if (found.rows[0]?.may === true) await client.query(`SET LOCAL ROLE ${READER}`);
  const query = { text, values: [], rowMode: 'array' as const, queryMode: 'extended' };
  const result = await client.query<unknown[]>(query);
  return { columns: result.fields.map((field) => field.name), rows: result.rows };
}

interface Asker {
  readonly client: pg.ClientBase;
  end(): Promise<void>;
}

async function connectAsker(connection: Connection): Promise<Asker> {
  const { readers, queries, label } = connection;
  try {
    if (readers === undefined && (await isPowerful(queries))) {
      const client = await connectQueryLogin(connection);
      return { client, end: () => client.end().catch(() => undefined) };
    }
    const client = await (readers ?? queries).connect();
    return { client, end: async () => client.release(true) };
  } catch (error) {
    throw fromPostgresError(error, 'Running a query', label);
  }
}

function toStatementError(error: unknown): ConfigError | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (!ABOUT_THE_STATEMENT.test(String(error.code))) return undefined;
  const hint = 'hint' in error && typeof error.hint === 'string' ? ` Hint: ${error.hint}` : '';
  return new ConfigError('config.invalid-query', `Postgres says: ${error.message}.${hint}`, { cause: error });
}
