import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureReader, toReaderConnectionString } from '../src/embedded/reader-login.ts';
import { createWarehouse, type Warehouse } from '../src/index.ts';

/** Statements that pass for reading, or bring reading along, and do something else. */
const ATTACKS = [
  'SELECT 1; UPDATE ledger.units SET rows = 7',
  "COMMIT; UPDATE ledger.units SET state = 'lost'",
  'WITH gone AS (DELETE FROM ledger.units RETURNING 1) SELECT * FROM gone',
  'EXPLAIN ANALYZE UPDATE ledger.units SET rows = 7',
  'EXPLAIN (ANALYZE) CREATE TABLE imgix.mine AS SELECT 1',
  'SELECT * INTO imgix.mine FROM ledger.units',
  'SELECT * FROM ledger.units FOR UPDATE',
  "EXPLAIN ANALYZE UPDATE pg_settings SET setting = 'none' WHERE name = 'role'",
  'INSERT INTO ledger.findings SELECT 1',
  "COPY (SELECT 1) TO PROGRAM 'touch /tmp/edgeledger-was-here'",
  "COPY ledger.units TO '/tmp/edgeledger-was-here'",
  "COPY ledger.units FROM PROGRAM 'id'",
  'DO $$ BEGIN DELETE FROM ledger.units; END $$',
  'RESET ROLE',
  'SET ROLE edgeledger',
  'SET SESSION AUTHORIZATION edgeledger',
  "SELECT set_config('role', 'none', false)",
  "SELECT pg_catalog.\"set_config\"('role', 'edgeledger', true)",
  "SELECT U&\"s\\0065t_config\"('role', 'none', true)",
  "SELECT query_to_xml('SELECT set_' || 'config(''role'', ''none'', true)', true, true, '')",
  "SELECT pg_read_file('/etc/passwd')",
  "SELECT pg_read_binary_file('/etc/passwd')",
  "SELECT pg_ls_dir('/')",
  "SELECT lo_import('/etc/passwd')",
  "SELECT lo_export(1, '/tmp/edgeledger-was-here')",
  "SELECT dblink('dbname=postgres', 'DROP SCHEMA ledger CASCADE')",
  'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
  'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
  'SELECT pg_reload_conf()',
  'SELECT pg_switch_wal()',
  "SELECT nextval('ledger.loads_load_id_seq')",
  "SELECT setval('ledger.loads_load_id_seq', 1)",
  'SELECT * FROM pg_authid',
  'SELECT * FROM pg_shadow',
  'SELECT * FROM pg_hba_file_rules',
  'SHOW data_directory',
  "ALTER SYSTEM SET archive_command = 'id'",
  "LOAD '/tmp/evil.so'",
  'CREATE EXTENSION dblink',
  'VACUUM ledger.units',
  'EXECUTE anything',
];

let database: TestDatabase;
let readerUrl: string;
const opened: Warehouse[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(
    `INSERT INTO ledger.units (account, dataset, report_key, period_start, period_end, state, rows)
     VALUES ('default', 'imgix.cdn_logs', 'cdn_logs_20261120', '2026-11-20Z', '2026-11-21Z', 'loaded', 1)`,
  );
  await database.query(
    `CREATE FUNCTION imgix.take_power() RETURNS text LANGUAGE plpgsql AS $$
     BEGIN PERFORM set_config('role', 'none', true); RETURN current_setting('is_superuser'); END $$`,
  );
  await database.query('CREATE VIEW imgix.planted AS SELECT imgix.take_power() AS power');
  await database.query('GRANT SELECT ON imgix.planted TO edgeledger_reader');
  const url = new URL(database.connectionString);
  const password = decodeURIComponent(url.password);
  const administrator = new pg.Client({ connectionString: database.connectionString });
  await administrator.connect();
  // there already, unless the tests use a server that is not the embedded one
  await ensureReader(administrator, password);
  await administrator.end();
  const login = new URL(toReaderConnectionString(1, password));
  url.username = login.username;
  url.password = login.password;
  readerUrl = url.href;
});
afterAll(async () => {
  for (const warehouse of opened) await warehouse.close();
  await database.drop();
});

const open = async (url?: string): Promise<Warehouse> => {
  const warehouse = await createWarehouse({
    connectionString: database.connectionString,
    readerConnectionString: url,
  });
  opened.push(warehouse);
  return warehouse;
};

async function expectNothingChanged(): Promise<void> {
  expect(await database.query('SELECT state, rows FROM ledger.units')).toEqual([
    { state: 'loaded', rows: '1' },
  ]);
  expect(await database.query(`SELECT to_regclass('imgix.mine') AS mine`)).toEqual([{ mine: null }]);
}

describe('a query that a person wrote', () => {
  it.each([
    ['of a superuser', () => undefined, 'edgeledger_query'],
    ['of the embedded server', () => readerUrl, 'edgeledger_sql'],
  ])('with the login %s does nothing but read', async (_login, url, login) => {
    const { questions } = await open(url());
    for (const attack of ATTACKS) {
      const answered = await questions.ask(attack).then(
        () => 'answered',
        (error: { code?: string }) => error.code,
      );
      expect([attack, answered]).toEqual([attack, 'config.invalid-query']);
      await expectNothingChanged();
    }
    expect((await questions.ask('SELECT report_key FROM ledger.units')).rows).toEqual([
      ['cdn_logs_20261120'],
    ]);
    const who = await questions.ask(`SELECT session_user, current_user, current_setting('is_superuser')`);
    expect(who.rows).toEqual([[login, 'edgeledger_reader', 'off']]);
    // no text of a query shows what a view does that somebody planted
    expect((await questions.ask('SELECT power FROM imgix.planted')).rows).toEqual([['off']]);
  });

  it.each([
    ['of a superuser', () => undefined],
    ['of the embedded server', () => readerUrl],
  ])('with the login %s leaves no lock behind that loads would wait for', async (_login, url) => {
    const { questions } = await open(url());
    await questions.ask('SELECT pg_advisory_lock(4711)');
    await expect
      .poll(() => database.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711`), {
        timeout: 60_000,
      })
      .toEqual([]);
  });
});

describe('a superuser whose server lets in no login that only reads', () => {
  it('is refused its queries, and told what to do', async () => {
    const other = await createTestDatabase();
    await other.query(`REVOKE CONNECT ON DATABASE ${other.name} FROM PUBLIC`);
    const warehouse = await createWarehouse({ connectionString: other.connectionString });
    try {
      await expect(warehouse.questions.ask('SELECT 1')).rejects.toMatchObject({
        code: 'warehouse.auth-rejected',
        message: expect.stringMatching(/edgeledger_query.*permission denied.*docs\/reader-role\.md/),
      });
      await other.query(`GRANT CONNECT ON DATABASE ${other.name} TO edgeledger_reader`);
      expect((await warehouse.questions.ask('SELECT 1')).rows).toEqual([[1]]);
    } finally {
      await warehouse.close();
      await other.drop();
    }
  });
});

describe('the login of the embedded server for such queries', () => {
  it('has nothing to go back to, when every check of the text is passed over', async () => {
    const client = new pg.Client({ connectionString: readerUrl });
    await client.connect();
    try {
      for (const attack of ATTACKS) {
        await client
          .query(`ROLLBACK; RESET ROLE; SET default_transaction_read_only = off; ${attack}`)
          .catch(() => undefined);
        const { rows } = await client
          .query(`ROLLBACK; SELECT current_user AS me, current_setting('is_superuser') AS power`)
          .then((results) => (Array.isArray(results) ? results[1] : results));
        expect([attack, rows[0]]).toEqual([attack, { me: 'edgeledger_sql', power: 'off' }]);
        await expectNothingChanged();
      }
    } finally {
      await client.end();
    }
  });
});
