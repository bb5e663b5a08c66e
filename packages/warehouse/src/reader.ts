import { ConfigError } from '@edgeledger/core';
import type { Connection } from './connect.ts';
import { fromPostgresError } from './pg-errors.ts';
import { assertReads } from './readable-statement.ts';

export interface ReaderAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const READER = 'edgeledger_reader';

/** SQLSTATE classes that are about the statement, not about the server: its own words help most. */
const ABOUT_THE_STATEMENT = /^(0A|21|22|25|2B|42)/;

/**
 * Runs one statement that a person wrote and that reads: in a transaction that is read-only and rolled back, as edgeledger_reader
 * where the connection's user may become that. The extended protocol takes one statement only, so none can end
 * the transaction and go on.
 *
 * @throws ConfigError `config.invalid-query` with Postgres's own words when the statement is wrong
 */
export async function queryAsReader(connection: Connection, text: string): Promise<ReaderAnswer> {
  assertReads(text);
  const client = await connection.queries.connect();
  try {
    await client.query('BEGIN READ ONLY');
    await client.query(
      `DO $$ BEGIN
         IF EXISTS (SELECT FROM pg_roles WHERE rolname = '${READER}' AND pg_has_role(current_user, oid, 'MEMBER'))
         THEN SET LOCAL ROLE ${READER}; END IF;
       END $$`,
    );
    const query = { text, values: [], rowMode: 'array' as const, queryMode: 'extended' };
    const result = await client.query<unknown[]>(query);
    return { columns: result.fields.map((field) => field.name), rows: result.rows };
  } catch (error) {
    throw toStatementError(error) ?? fromPostgresError(error, 'Running a query', connection.label);
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}

function toStatementError(error: unknown): ConfigError | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (!ABOUT_THE_STATEMENT.test(String(error.code))) return undefined;
  const hint = 'hint' in error && typeof error.hint === 'string' ? ` Hint: ${error.hint}` : '';
  return new ConfigError('config.invalid-query', `Postgres says: ${error.message}.${hint}`, { cause: error });
}
