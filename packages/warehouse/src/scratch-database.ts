import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database of its own on a server, to be thrown away. */
export interface ScratchDatabase extends AsyncDisposable {
  readonly name: string;
  readonly connectionString: string;
  /** Runs statements on a connection of their own, in this database. */
  execute(sql: string): Promise<void>;
  /** Drops it, whoever is still connected. */
  drop(): Promise<void>;
}

export interface ScratchDatabaseOptions {
  /** Any database of the server, with a user who may create databases. */
  readonly connectionString: string;
  /** A database to copy, to which nobody is connected. Default: an empty one. */
  readonly template?: string;
}

/** For proofs and benchmarks; nothing of the product's own work needs it. */
export async function createScratchDatabase(options: ScratchDatabaseOptions): Promise<ScratchDatabase> {
  const name = `edgeledger_scratch_${randomBytes(6).toString('hex')}`;
  await runOn(
    options.connectionString,
    `CREATE DATABASE ${name} TEMPLATE ${pg.escapeIdentifier(options.template ?? 'template1')}`,
  );
  const url = new URL(options.connectionString);
  url.pathname = `/${name}`;
  const drop = () => runOn(options.connectionString, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  return {
    name,
    connectionString: url.href,
    execute: (sql) => runOn(url.href, sql),
    drop,
    [Symbol.asyncDispose]: drop,
  };
}

async function runOn(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
