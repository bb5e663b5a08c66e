import { randomBytes } from 'node:crypto';
import { createTestDatabase, type TestDatabase, trySql } from '@edgeledger/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWarehouse, type Warehouse } from '../src/index.ts';
import { CREDITS, LOGS, NOW, publishRequest, rejectOf, stageAll, unitOf } from './sample-reports.ts';

const PASSWORD = 'for-this-test-only';
const suffix = randomBytes(5).toString('hex');
const LOADERS = [`loader_one_${suffix}`, `loader_two_${suffix}`] as const;
const READER = `reader_${suffix}`;
const OWNER = `owner_${suffix}`;

let database: TestDatabase;
let one: Warehouse;
let two: Warehouse;

const urlOf = (user: string, from = database.connectionString): string => {
  const url = new URL(from);
  url.username = user;
  url.password = PASSWORD;
  return url.href;
};
const open = (user: string) => createWarehouse({ connectionString: urlOf(user) });

const as = (user: string, sql: string, on = database.connectionString): Promise<string> =>
  trySql(urlOf(user, on), sql);

beforeAll(async () => {
  database = await createTestDatabase();
  const owner = await createWarehouse({ connectionString: database.connectionString });
  // as a version gave it that had no ledger.make_report_table()
  await database.query('GRANT CREATE ON SCHEMA imgix, akamai TO edgeledger_loader');
  expect(await owner.assignRoles()).toEqual({ kind: 'assigned' });
  await owner.close();
  for (const name of LOADERS) {
    await database.query(`CREATE ROLE ${name} LOGIN PASSWORD '${PASSWORD}' IN ROLE edgeledger_loader`);
  }
  await database.query(`CREATE ROLE ${READER} LOGIN PASSWORD '${PASSWORD}' IN ROLE edgeledger_reader`);
  [one, two] = [await open(LOADERS[0]), await open(LOADERS[1])];
});
afterAll(async () => {
  await one.close();
  await two.close();
  for (const name of [...LOADERS, READER]) await database.query(`DROP ROLE ${name}`);
  await database.drop();
});

const PLAIN = [
  ['url', 'text'],
  ['bytes', 'bigint'],
] as const;

const DESCRIBED = {
  ...CREDITS,
  name: 'akamai.hits_by_something',
  vendor: 'akamai',
  report: 'hits-by-something',
  identity: ['something'],
  columns: [
    { name: 'something', type: 'text' },
    { name: 'hits', type: 'bigint' },
  ],
  generated: { comment: 'Hits by something.' },
} as const;

describe('a member of edgeledger_loader', () => {
  test('is told that the warehouse is migrated, and needs nothing for that', async () => {
    await expect(one.assertMigrated()).resolves.toBeUndefined();
    expect(await one.assignRoles()).toMatchObject({ kind: 'skipped' });
  });

  test('loads into a partitioned table, with a new column, rejects and findings, and replaces it as another login', async () => {
    const unit = unitOf(LOGS, '2026-11-20');
    const logs = { ...LOGS, strategy: 'partition' } as const;
    const first = await one.loader.begin(unit, logs);
    await stageAll(first, [{ columns: PLAIN, rows: [['/a', '1']], rejects: [rejectOf(3)] }]);
    const finding = { kind: 'duplicate', message: 'Twice.', details: {} } as const;
    expect(await first.publish(publishRequest({ findings: [finding] }))).toMatchObject({
      rowsInserted: 1,
      rejects: 1,
    });
    const second = await two.loader.begin(unit, logs);
    await stageAll(second, [
      {
        columns: [...PLAIN, ['brought', 'text', true]],
        rows: [
          ['/b', '2', 'x'],
          ['/c', '3', 'y'],
        ],
      },
    ]);
    expect(await second.publish(publishRequest())).toMatchObject({ rowsInserted: 2 });
    expect(await database.query('SELECT url, brought FROM imgix.cdn_logs ORDER BY url')).toEqual([
      { url: '/b', brought: 'x' },
      { url: '/c', brought: 'y' },
    ]);
  });

  test('upserts, fails, abandons, and clears away what another login left', async () => {
    const unit = unitOf(CREDITS, '2026-11-20');
    const columns = [
      ['source_id', 'text'],
      ['total_credits', 'numeric'],
    ] as const;
    const load = await one.loader.begin(unit, CREDITS);
    await stageAll(load, [{ columns, rows: [['a', '1.5']] }]);
    await load.publish(publishRequest());
    const left = await one.loader.begin(unitOf(CREDITS, '2026-11-19'), CREDITS);
    await stageAll(left, [{ columns, rows: [['b', '1']] }]);
    const swept = await two.sweepStaging(new Date(Date.now() + 10 * 86_400_000));
    expect(swept).toBeDefined();
    expect(
      await database.query(
        `SELECT FROM pg_tables WHERE schemaname = 'staging' AND tablename LIKE 'load\\_%'`,
      ),
    ).toEqual([]);
  });

  test('makes the table of a described report, which a reader may read', async () => {
    const load = await one.loader.begin(unitOf(DESCRIBED), DESCRIBED);
    await stageAll(load, [
      {
        columns: [
          ['something', 'text'],
          ['hits', 'bigint'],
        ],
        rows: [['a', '1']],
      },
    ]);
    expect(await load.publish(publishRequest())).toMatchObject({ rowsInserted: 1 });
    expect(await as(READER, 'SELECT * FROM akamai.hits_by_something')).toBe('done');
  });

  test('keeps alerts, a rate budget, and the ledger of what is expected, late and lost', async () => {
    const unit = unitOf(LOGS, '2026-11-18');
    const expected = { ...unit, dueAt: NOW, expiresAt: new Date(NOW.getTime() + 86_400_000) };
    await one.ledger.recordExpected([expected], NOW);
    await one.ledger.recordLate([{ ...expected, unit, reason: 'No.' }], NOW);
    await one.ledger.recordLost(unit, 'Gone.');
    await one.alerts.refresh(NOW, { lostSoonDays: 7 });
    expect((await two.alerts.claim(NOW))?.opened.length).toBeGreaterThan(0);
    const place = await one.rateBudget.take(
      { key: 'k', requests: 1, perMs: 1000 },
      { lane: 'live', maxPauseMs: 1000, signal: undefined },
    );
    await place.release();
    expect(await two.questions.gaps()).not.toEqual([]);
  });

  test.each([
    ['change what was migrated', `UPDATE ledger.migrations SET checksum = ''`],
    ['forget a unit', 'DELETE FROM ledger.units'],
    ['forget a load', 'DELETE FROM ledger.loads'],
    ['forget a finding', 'DELETE FROM ledger.findings'],
    ['empty the ledger', 'TRUNCATE ledger.units CASCADE'],
    ['drop a table of the ledger', 'DROP TABLE ledger.rejects'],
    ['change a table of the ledger', 'ALTER TABLE ledger.units ADD COLUMN x text'],
    ['replace a view', 'CREATE OR REPLACE VIEW ledger.gaps AS SELECT 1'],
    ['drop a view', 'DROP VIEW ledger.coverage'],
    ['make a table in the ledger', 'CREATE TABLE ledger.x (a text)'],
    ['make a view where people look', 'CREATE VIEW imgix.x AS SELECT 1'],
    ['make a table where people look', 'CREATE TABLE akamai.x (a text)'],
    ['make a function where people look', `CREATE FUNCTION imgix.x() RETURNS int LANGUAGE sql AS 'SELECT 1'`],
    ['move a table of its own to where people look', 'ALTER TABLE staging.parts SET SCHEMA imgix'],
    ['give a table the name of another one', 'ALTER TABLE imgix.mild_errors RENAME TO x'],
    [
      'have a table made in the ledger',
      `SELECT ledger.make_report_table('ledger', 'x', '{a}', '{text}', '{a}')`,
    ],
    [
      'have a table made of a type of its own',
      `SELECT ledger.make_report_table('imgix', 'x', '{a}', '{"text DEFAULT current_user"}', '{a}')`,
    ],
    ['replace the function that makes tables', 'ALTER FUNCTION ledger.make_report_table RENAME TO x'],
    ['make a schema', 'CREATE SCHEMA x'],
    ['make a table elsewhere', 'CREATE TABLE public.x (a text)'],
    ['make a role', 'CREATE ROLE x'],
    [
      'become the owner',
      `DO $$ BEGIN EXECUTE (SELECT format('SET ROLE %I', rolname) FROM pg_roles WHERE rolsuper LIMIT 1); END $$`,
    ],
    ['read passwords', 'SELECT rolpassword FROM pg_authid'],
    ['read a file of the server', `SELECT pg_read_file('postgresql.conf')`],
    ['run a program on the server', `COPY ledger.units TO PROGRAM 'cat'`],
    [
      'make a function for others to fall for',
      `CREATE FUNCTION ledger.f() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    ],
  ])('may not %s', async (_what, sql) => {
    expect(await as(LOADERS[0], sql)).toMatch(/^(42501|0A000|2BP01)$/);
    expect(await as(READER, sql)).toMatch(/^(42501|0A000|2BP01)$/);
  });
});

test('what a loader drops of the data it can put nothing else in place of', async () => {
  const other = await createTestDatabase();
  const attempt = (sql: string) => as(LOADERS[0], sql, other.connectionString);
  try {
    // docs/security.md says so: the tables are its own, and views on them go with them
    expect(await attempt('DROP TABLE imgix.source_analytics CASCADE')).toBe('done');
    expect(
      await attempt(`UPDATE ledger.units SET state = 'lost'; UPDATE ledger.loads SET rows_inserted = 0`),
    ).toBe('done');
    const planted = `SELECT set_config('role', 'none', false) AS day`;
    expect(await attempt(`CREATE VIEW imgix.source_analytics_daily AS ${planted}`)).toBe('42501');
    expect(await attempt(`CREATE VIEW staging.x AS ${planted}; ALTER VIEW staging.x SET SCHEMA imgix`)).toBe(
      '42501',
    );
  } finally {
    await other.drop();
  }
});

describe('a member of edgeledger_reader', () => {
  test.each([
    'SELECT * FROM imgix.cdn_logs',
    'SELECT * FROM akamai.endpoint_usage_by_time',
    'SELECT * FROM ledger.units',
    'SELECT * FROM ledger.rejects',
    'SELECT * FROM ledger.alerts',
    'SELECT * FROM ledger.coverage',
  ])('may %s', async (sql) => {
    expect(await as(READER, sql)).toBe('done');
  });

  test.each([
    `INSERT INTO ledger.findings (account, dataset, report_key, kind, message) VALUES ('a', 'b', 'c', 'd', 'e')`,
    `UPDATE ledger.units SET state = 'loaded'`,
    'DELETE FROM imgix.cdn_logs',
    'TRUNCATE imgix.mild_errors',
    'SELECT * FROM staging.parts',
    'SELECT * FROM partitions.cdn_logs_20261120',
    'CREATE TABLE imgix.x (a text)',
    'ALTER TABLE imgix.cdn_logs ADD COLUMN x text',
    'SET ROLE edgeledger_loader',
    `SELECT staging.take_rate_place('k', 1, 1)`,
    'SELECT lo_create(0)',
    'SELECT lo_creat(-1)',
    `SELECT lo_from_bytea(0, 'x')`,
    `SELECT lo_put(1, 0, 'x')`,
  ])('may not %s', async (sql) => {
    expect(await as(READER, sql)).toBe('42501');
  });
});

test('an owner who is no superuser migrates, assigns the roles, and a loader loads into what it made', async () => {
  const empty = await createTestDatabase({ empty: true });
  await database.query(`CREATE ROLE ${OWNER} LOGIN CREATEROLE PASSWORD '${PASSWORD}'`);
  await database.query(`GRANT edgeledger_loader, edgeledger_reader TO ${OWNER} WITH ADMIN OPTION`);
  await database.query(`ALTER DATABASE ${empty.name} OWNER TO ${OWNER}`);
  try {
    const owner = await createWarehouse({ connectionString: urlOf(OWNER, empty.connectionString) });
    await owner.migrate();
    expect(await owner.assignRoles()).toEqual({ kind: 'assigned' });
    const loader = await createWarehouse({ connectionString: urlOf(LOADERS[0], empty.connectionString) });
    const load = await loader.loader.begin(unitOf(LOGS), { ...LOGS, strategy: 'partition' });
    await stageAll(load, [{ columns: PLAIN, rows: [['/a', '1']] }]);
    expect(await load.publish(publishRequest())).toMatchObject({ rowsInserted: 1 });
    const answer = await owner.questions.query('SELECT count(*)::int FROM imgix.cdn_logs');
    expect(answer.rows).toEqual([[1]]);
    await (await loader.loader.begin(unitOf(DESCRIBED), DESCRIBED)).abandon();
    expect(
      await owner.questions.query(
        `SELECT tableowner, has_schema_privilege('edgeledger_loader', 'akamai', 'CREATE'),
           has_table_privilege('edgeledger_reader', 'akamai.hits_by_something', 'SELECT')
         FROM pg_tables WHERE tablename = 'hits_by_something'`,
      ),
    ).toMatchObject({ rows: [['edgeledger_loader', false, true]] });
    await loader.close();
    await owner.close();
  } finally {
    await empty.drop();
    await database.query(`DROP ROLE ${OWNER}`);
  }
});

test('a user who may not make roles migrates all the same', async () => {
  const empty = await createTestDatabase({ empty: true });
  const plain = `plain_${suffix}`;
  await database.query(`CREATE ROLE ${plain} LOGIN PASSWORD '${PASSWORD}'`);
  await database.query(`ALTER DATABASE ${empty.name} OWNER TO ${plain}`);
  try {
    const warehouse = await createWarehouse({ connectionString: urlOf(plain, empty.connectionString) });
    await warehouse.migrate();
    expect(await warehouse.assignRoles()).toMatchObject({ kind: 'skipped' });
    await expect(warehouse.assertMigrated()).resolves.toBeUndefined();
    await warehouse.close();
  } finally {
    await empty.drop();
    await database.query(`DROP ROLE ${plain}`);
  }
});
