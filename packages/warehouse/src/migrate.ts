import { ConfigError, InvariantError, type Logger, type PassMilestone } from '@edgeledger/core';
import type pg from 'pg';
import type { Connection } from './connect.ts';
import { type MigrationFile, readMigrations } from './migrations-folder.ts';
import { findSqlState, fromPostgresError } from './pg-errors.ts';

/** Oldest server the SQL is written for. */
export const MINIMUM_SERVER_VERSION = 15;

export interface MigrationReport {
  /** Names of the migrations that were applied now, in order; empty when there was nothing to do. */
  readonly applied: readonly string[];
  /** Version the database has now. */
  readonly version: number;
}

interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

const LOCK_SQL = `pg_advisory_lock(hashtextextended('edgeledger.migrate', 0))`;

const BOOTSTRAP_SQL = `
CREATE SCHEMA IF NOT EXISTS ledger;
CREATE TABLE IF NOT EXISTS ledger.migrations (
  version integer NOT NULL,
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT migrations_version_pkey PRIMARY KEY (version)
)`;

/**
 * Applies what is missing in one transaction. Under one advisory lock, so that several processes
 * may start at once; the session's lock goes with the connection, whatever happens.
 */
export async function migrateDatabase(
  connection: Connection,
  folder: string,
  logger: Logger,
): Promise<MigrationReport> {
  const files = await readMigrations(folder);
  const client = await connection.loads.connect();
  try {
    await assertServerVersion(client, connection.label);
    await client.query(`SELECT ${LOCK_SQL}`);
    await client.query(BOOTSTRAP_SQL);
    const applied = await readApplied(client);
    assertCompatible(files, applied, connection.label);
    const missing = files.filter((file) => !applied.some((one) => one.version === file.version));
    await applyMigrations(client, missing, connection.passing);
    connection.passing?.('migration.committed');
    for (const file of missing) {
      logger.info({ migration: file.name, database: connection.label }, 'migration applied');
    }
    return { applied: missing.map((file) => file.name), version: files.at(-1)?.version ?? 0 };
  } catch (error) {
    throw fromPostgresError(error, 'Migrating the warehouse', connection.label);
  } finally {
    client.release(true);
  }
}

export interface MigrationStatus {
  /** Migrations the database has; 0 for one that was never set up. */
  readonly applied: number;
  /** Names of those it lacks, in order. */
  readonly missing: readonly string[];
}

/** What the database has and lacks; refuses one that is newer than this program. */
export async function readMigrationStatus(connection: Connection, folder: string): Promise<MigrationStatus> {
  const files = await readMigrations(folder);
  const applied = await findApplied(connection);
  assertCompatible(files, applied, connection.label);
  const missing = files.filter((file) => !applied.some((one) => one.version === file.version));
  return { applied: applied.length, missing: missing.map((file) => file.name) };
}

/** Refuses to go on against a database that is older or newer than this program. */
export async function assertMigrated(connection: Connection, folder: string): Promise<void> {
  const { applied, missing } = await readMigrationStatus(connection, folder);
  if (missing.length === 0) return;
  throw new ConfigError(
    'warehouse.not-migrated',
    `The warehouse at ${connection.label} lacks ${missing.length} of ${applied + missing.length} migrations ` +
      `(first: ${missing[0]}). Run \`edgeledger migrate\`.`,
  );
}

/** The migrations the database has; none when it was never set up. */
async function findApplied(connection: Connection): Promise<readonly AppliedMigration[]> {
  try {
    return await readApplied(connection.queries);
  } catch (error) {
    const state = findSqlState(error);
    if (state === '42P01' || state === '3F000') return [];
    throw fromPostgresError(error, 'Looking at the migrations of the warehouse', connection.label);
  }
}

async function readApplied(client: pg.PoolClient | pg.Pool): Promise<readonly AppliedMigration[]> {
  const sql = 'SELECT version, name, checksum FROM ledger.migrations ORDER BY version';
  return (await client.query<AppliedMigration>(sql)).rows;
}

async function assertServerVersion(client: pg.PoolClient, label: string): Promise<void> {
  const result = await client.query<{ number: number; name: string }>(
    `SELECT current_setting('server_version_num')::integer AS number, current_setting('server_version') AS name`,
  );
  const version = result.rows[0];
  if (version !== undefined && version.number < MINIMUM_SERVER_VERSION * 10_000) {
    throw new ConfigError(
      'config.invalid',
      `DATABASE_URL: ${label} is PostgreSQL ${version.name}; edgeledger needs ${MINIMUM_SERVER_VERSION} or newer.`,
    );
  }
}

function assertCompatible(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
  label: string,
): void {
  for (const one of applied) {
    const file = files.find((candidate) => candidate.version === one.version);
    if (file === undefined) {
      throw new ConfigError(
        'warehouse.schema-too-new',
        `The warehouse at ${label} has migration ${one.name}, which this version of edgeledger does not know. Upgrade edgeledger; an older version must not write to a newer schema.`,
      );
    }
    if (file.checksum !== one.checksum) {
      throw new InvariantError(
        `migrations/${file.name}.sql is not the file that was applied to the warehouse at ${label}. A landed migration never changes: restore it and put the change into a new file.`,
      );
    }
  }
}

/** All or nothing: being killed in between leaves the database as it was, not half way. */
async function applyMigrations(
  client: pg.PoolClient,
  files: readonly MigrationFile[],
  passing: PassMilestone | undefined,
): Promise<void> {
  let doing = 'Applying migrations';
  try {
    await client.query('BEGIN');
    for (const file of files) {
      doing = `Applying migrations/${file.name}.sql`;
      await client.query(file.sql);
      await client.query('INSERT INTO ledger.migrations (version, name, checksum) VALUES ($1, $2, $3)', [
        file.version,
        file.name,
        file.checksum,
      ]);
    }
    passing?.('migration.applying');
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw fromPostgresError(error, doing, 'the warehouse');
  }
}
