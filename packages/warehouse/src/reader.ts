import { ConfigError } from '@edgeledger/core';
import type pg from 'pg';
import type { Connection } from './connect.ts';
import { fromPostgresError } from './pg-errors.ts';
import { assertReads } from './readable-statement.ts';

export interface ReaderAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const READER = 'edgeledger_reader';

/** SQLSTATE classes that are about the statement, not about the server: its own words help most. */
const ABOUT_THE_STATEMENT = /^(0A|21|22|25|26|2B|2F|34|42|54|55000|P0)/;

/** So that the server does not go on with a long query whose asker has gone. Not every system can tell. */
const BECOME_READER = `
DO $$
BEGIN
  BEGIN
    PERFORM set_config('client_connection_check_interval', '2s', true);
  EXCEPTION WHEN OTHERS THEN NULL;
  END;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = '${READER}' AND pg_has_role(current_user, oid, 'MEMBER'))
  THEN SET LOCAL ROLE ${READER}; END IF;
END $$`;

/**
 * Runs one statement that a person wrote and that reads: in a transaction that is read-only and rolled back, as edgeledger_reader
 * where the connection's user may become that. The extended protocol takes one statement only, so none can end
 * the transaction and go on. On the embedded server the connection itself has no other rights; elsewhere its user
 * could go back to being itself, and what would do that is refused by {@link assertReads}.
 *
 * @throws ConfigError `config.invalid-query` with Postgres's own words when the statement is wrong
 */
export async function queryAsReader(connection: Connection, text: string): Promise<ReaderAnswer> {
  assertReads(text);
  const client = await connectReader(connection);
  try {
    await client.query('BEGIN READ ONLY');
    await client.query(BECOME_READER);
    const query = { text, values: [], rowMode: 'array' as const, queryMode: 'extended' };
    const result = await client.query<unknown[]>(query);
    return { columns: result.fields.map((field) => field.name), rows: result.rows };
  } catch (error) {
    throw toStatementError(error) ?? fromPostgresError(error, 'Running a query', connection.label);
  } finally {
    // with its connection, because a session's advisory locks outlive the transaction, and loads wait for such
    client.release(true);
  }
}

async function connectReader({ readers, queries, label }: Connection): Promise<pg.PoolClient> {
  try {
    return await (readers ?? queries).connect();
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
