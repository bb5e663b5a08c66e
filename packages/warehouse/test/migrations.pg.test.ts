import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTestDatabase, dumpSchema, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWarehouse, migrationsFolder, readMigrations } from '../src/index.ts';

let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'edgeledger-migrations-'));
  await cp(migrationsFolder(), folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  database = await createTestDatabase({ empty: true });
});
afterEach(() => database.drop());

const open = (migrations?: string) =>
  createWarehouse({
    connectionString: database.connectionString,
    ...(migrations === undefined ? {} : { migrations }),
  });

describe('migrate', () => {
  it('makes the schema once and has nothing to do the second time', async () => {
    await using warehouse = await open();
    const files = await readMigrations(migrationsFolder());
    expect((await warehouse.migrate()).applied).toEqual(files.map((file) => file.name));
    expect(await warehouse.migrate()).toEqual({ applied: [], version: files.at(-1)?.version });
    await warehouse.assertMigrated();
  });

  it('may run in several processes at once', async () => {
    const warehouses = await Promise.all([open(), open(), open(), open()]);
    const reports = await Promise.all(warehouses.map((one) => one.migrate()));
    expect(reports.filter((report) => report.applied.length > 0)).toHaveLength(1);
    await Promise.all(warehouses.map((one) => one.close()));
  });

  it('refuses a database that is newer than the program', async () => {
    await using warehouse = await open();
    await warehouse.migrate();
    await database.query(
      `INSERT INTO ledger.migrations (version, name, checksum) VALUES (999, '0999_future', '')`,
    );
    for (const step of [warehouse.migrate, warehouse.assertMigrated]) {
      await expect(step()).rejects.toMatchObject({
        code: 'warehouse.schema-too-new',
        message: expect.stringMatching(/0999_future.*Upgrade/),
      });
    }
  });

  it('refuses a landed file that was changed', async () => {
    await using warehouse = await open(folder);
    await warehouse.migrate();
    const file = path.join(folder, '0001_ledger.sql');
    const text = await readFile(file, 'utf8');
    await writeFile(file, `${text}-- one more word\n`);
    await expect(warehouse.migrate()).rejects.toThrow(/0001_ledger\.sql is not the file/);
    // line ends do not count: a checkout on Windows changes them
    await writeFile(file, text.replaceAll('\n', '\r\n'));
    await warehouse.migrate();
    await writeFile(file, text);
  });

  it('applies nothing at all when one file fails, and everything when it is repaired', async () => {
    const file = path.join(
      folder,
      `${String(((await readMigrations(folder)).at(-1)?.version ?? 0) + 1).padStart(4, '0')}_next.sql`,
    );
    await writeFile(file, 'CREATE TABLE ledger.half (a int); SELECT 1 / 0;');
    await using warehouse = await open(folder);
    await expect(warehouse.migrate()).rejects.toThrow(/_next\.sql.*division by zero/);
    expect(
      await database.query(
        `SELECT to_regclass('ledger.half') AS half, to_regclass('ledger.units')::text AS units`,
      ),
    ).toEqual([{ half: null, units: null }]);
    await expect(warehouse.assertMigrated()).rejects.toMatchObject({ code: 'warehouse.not-migrated' });
    await writeFile(file, 'CREATE TABLE ledger.half (a int);');
    expect((await warehouse.migrate()).applied).toHaveLength((await readMigrations(folder)).length);
    await rm(file);
  });

  it('applies a file that landed late beneath ones that are there already', async () => {
    await using warehouse = await open(folder);
    const [first, late, twin] = ['0900_first', '0800_late', '0800_twin'].map((name) =>
      path.join(folder, `${name}.sql`),
    );
    await writeFile(first ?? '', 'CREATE TABLE ledger.first (a int);');
    await warehouse.migrate();
    await writeFile(late ?? '', 'CREATE TABLE ledger.late (a int);');
    expect((await warehouse.migrate()).applied).toEqual(['0800_late']);
    await writeFile(twin ?? '', 'SELECT 1;');
    await expect(warehouse.migrate()).rejects.toThrow(/0800_twin\.sql is out of line/);
    await Promise.all([first, late, twin].map((file) => rm(file ?? '')));
  });

  it('is asked for when the database is empty', async () => {
    await using warehouse = await open();
    await expect(warehouse.assertMigrated()).rejects.toMatchObject({
      code: 'warehouse.not-migrated',
      message: expect.stringContaining('edgeledger migrate'),
    });
    await expect(
      warehouse.ledger.findUnit({ account: 'a', dataset: 'b.c', reportKey: 'd' }),
    ).rejects.toMatchObject({
      code: 'warehouse.not-migrated',
    });
  });
});

/** Versions print the same view in different ways. */
const DUMPED_ON = 18;

describe('migrations/schema.sql', () => {
  it('is what the migrations make', async (context) => {
    const [server] = await database.query(
      `SELECT current_setting('server_version_num')::int / 10000 AS version`,
    );
    if (server?.version !== DUMPED_ON) context.skip(`the dump is in the words of Postgres ${DUMPED_ON}`);
    await using warehouse = await open();
    await warehouse.migrate();
    const committed = await readFile(path.join(migrationsFolder(), 'schema.sql'), 'utf8');
    const actual = await dumpSchema(database.connectionString);
    expect(actual === committed, 'migrations/schema.sql is stale: run `pnpm db:dump`').toBe(true);
    await database.query('ALTER TABLE ledger.units ADD COLUMN one_more text');
    expect(await dumpSchema(database.connectionString)).not.toBe(committed);
  });
});
