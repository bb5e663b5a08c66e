import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '@edgeledger/core';
import {
  createWarehouse,
  type EmbeddedPostgres,
  migrationsFolder,
  openEmbeddedPostgres,
  readMigrations,
} from '@edgeledger/warehouse';
import pg from 'pg';

/** Test files run at the same time, and some of them start several workers; without a place they would wait for each other. */
const CONNECTIONS = 300;
const CLONE_LIFETIME_S = 24 * 60 * 60;

/** One server for this checkout, shared by all test files and by test runs at the same time. */
export function testServerHome(): string {
  const checkout = createHash('sha256').update(migrationsFolder()).digest('hex').slice(0, 12);
  return path.join(tmpdir(), `edgeledger-test-${process.getuid?.() ?? 0}-${checkout}`);
}

/** The server is not durable: when a crash of the machine spoilt its data, it begins anew. */
export async function openTestServer(): Promise<EmbeddedPostgres> {
  const options = {
    home: testServerHome(),
    logger: silentLogger,
    durable: false,
    maxConnections: CONNECTIONS,
  };
  try {
    return await openEmbeddedPostgres(options);
  } catch {
    await rm(path.join(options.home, 'postgres', 'data'), { recursive: true, force: true });
    return await openEmbeddedPostgres(options);
  }
}

/** The same server and user, another database. */
export function toDatabaseUrl(connectionString: string, database: string): string {
  const url = new URL(connectionString);
  url.pathname = `/${database}`;
  return url.href;
}

export async function withClient<Result>(
  connectionString: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs statements as whoever the URL names; gives `done`, or the SQLSTATE of the first refusal. */
export async function trySql(connectionString: string, ...statements: readonly string[]): Promise<string> {
  try {
    await withClient(connectionString, async (client) => {
      for (const statement of statements) await client.query(statement);
    });
    return 'done';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

/**
 * Gives the name of a migrated database to clone. Its name holds a hash of all migrations, so a changed file means a new
 * one; outdated templates, and clones that were kept more than a day ago, are dropped on the way.
 */
export async function ensureTemplate(connectionString: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await readMigrations(migrationsFolder())) hash.update(file.checksum);
  const template = `template_${hash.digest('hex').slice(0, 16)}`;
  await withClient(toDatabaseUrl(connectionString, 'postgres'), async (client) => {
    await client.query(`SELECT pg_advisory_lock(hashtextextended('edgeledger.template', 0))`);
    const databases = await client.query<{ name: string }>('SELECT datname AS name FROM pg_database');
    const names = databases.rows.map((row) => row.name);
    for (const name of names.filter((candidate) => isOutdated(candidate, template))) {
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    }
    if (names.includes(template)) return;
    const draft = `draft_${template}`;
    await client.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${draft}`);
    const warehouse = await createWarehouse({ connectionString: toDatabaseUrl(connectionString, draft) });
    try {
      await warehouse.migrate();
    } finally {
      await warehouse.close();
    }
    await client.query(`ALTER DATABASE ${draft} RENAME TO ${template}`);
  });
  return template;
}

function isOutdated(name: string, template: string): boolean {
  if (name.startsWith('template_')) return name !== template;
  const madeAtS = /^test_(\d+)_/.exec(name)?.[1];
  return madeAtS !== undefined && Date.now() / 1000 - Number(madeAtS) > CLONE_LIFETIME_S;
}
