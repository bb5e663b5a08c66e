import { createDocumentedDatabase, type DocumentedDatabase, trySql } from '@edgeledger/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWarehouse } from '../src/index.ts';
import { CREDITS, LOGS, publishRequest, stageAll, unitOf } from './sample-reports.ts';

/* docs/security.md, "Roles": its statements make what it says, and all works with it. */

let database: DocumentedDatabase;

beforeAll(async () => {
  database = await createDocumentedDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

test('the owner migrates and assigns the roles, the loader loads, the reader asks', async () => {
  const owner = await createWarehouse({ connectionString: database.ownerUrl });
  await owner.migrate();
  expect(await owner.assignRoles()).toEqual({ kind: 'assigned' });
  const loader = await createWarehouse({ connectionString: database.loaderUrl });
  const load = await loader.loader.begin(unitOf(LOGS), { ...LOGS, strategy: 'partition' });
  await stageAll(load, [
    {
      columns: [
        ['url', 'text'],
        ['brought', 'text', true],
      ],
      rows: [['/a', 'x']],
    },
  ]);
  expect(await load.publish(publishRequest())).toMatchObject({ rowsInserted: 1 });
  const upsert = await loader.loader.begin(unitOf(CREDITS), CREDITS);
  await stageAll(upsert, [{ columns: [['source_id', 'text']], rows: [['a']] }]);
  expect(await upsert.publish(publishRequest())).toMatchObject({ rowsInserted: 1 });
  const reader = await createWarehouse({ connectionString: database.readerUrl });
  for (const { questions } of [owner, loader, reader]) {
    expect((await questions.ask('SELECT url, brought FROM imgix.cdn_logs')).rows).toEqual([['/a', 'x']]);
  }
  for (const warehouse of [owner, loader, reader]) await warehouse.close();
});

const FUNCTION = `() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'`;

describe('neither a loader nor a reader may', () => {
  test.each([
    ['make a function', `CREATE FUNCTION staging.x${FUNCTION}`],
    ['make a function of a session', `CREATE FUNCTION pg_temp.x${FUNCTION}`],
    ['make a procedure', `CREATE PROCEDURE partitions.x() LANGUAGE plpgsql AS 'BEGIN END'`],
    ['run a block', 'DO $$ BEGIN END $$'],
    ['make anything in public', 'CREATE TABLE public.x (a text)'],
  ])('%s', async (_what, sql) => {
    expect(await trySql(database.loaderUrl, sql)).toBe('42501');
    expect(await trySql(database.readerUrl, sql)).toBe('42501');
  });
});

test.each([
  'SELECT lo_create(0)',
  'SELECT lo_creat(-1)',
  `SELECT lo_from_bytea(0, 'x')`,
  'CREATE TEMPORARY TABLE x (a text)',
  `SELECT pg_advisory_lock(hashtextextended('edgeledger.migrate', 0))`,
  'SELECT pg_try_advisory_xact_lock_shared(1, 2)',
])('a reader may not %s', async (sql) => {
  expect(await trySql(database.readerUrl, sql)).toBe('42501');
});
