import { UNIT_STATES } from '@edgeledger/core';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COUNT_LIMIT, createWarehouse, REJECTS_A_PAGE, type Warehouse } from '../src/index.ts';

let database: TestDatabase;
let warehouse: Warehouse;
beforeEach(async () => {
  database = await createTestDatabase();
  database.keepOnFailure();
  warehouse = await createWarehouse({ connectionString: database.connectionString });
});
afterEach(async () => {
  await warehouse.close();
  await database.drop();
});

interface UnitValues {
  readonly day: string;
  readonly state?: string;
  readonly account?: string;
  readonly dataset?: string;
  readonly key?: string;
  readonly expires?: string;
}

async function insertUnit(values: UnitValues): Promise<string> {
  const { day, state = 'loaded', account = 'default', dataset = 'imgix.cdn_logs', expires } = values;
  const key = values.key ?? `${dataset.split('.')[1]}_${day.replaceAll('-', '')}`;
  const [row] = await database.query<{ unit_id: string }>(
    `INSERT INTO ledger.units (account, dataset, report_key, period_start, period_end, state, rows, rejects, expires_at)
     VALUES ($1, $2, $3, $4::date::timestamp AT TIME ZONE 'UTC', ($4::date + 1)::timestamp AT TIME ZONE 'UTC', $5, 10, 1, $6)
     RETURNING unit_id`,
    [account, dataset, key, day, state, expires ?? null],
  );
  return row?.unit_id ?? '';
}

/** Five years of eight datasets, and an hourly stream of Akamai: about 58,000 units. */
async function insertYears(): Promise<void> {
  await database.query(
    `INSERT INTO ledger.units (account, dataset, report_key, period_start, period_end, state, rows, rejects)
     SELECT 'default', 'imgix.report_' || n, 'report_' || n || to_char(day, '_YYYYMMDD'), day, day + interval '1 day', 'loaded', 1000, 0
     FROM generate_series(1, 8) AS n, generate_series(timestamptz '2022-01-01 00:00Z', '2026-11-20 00:00Z', '1 day') AS day
     UNION ALL
     SELECT 'default', 'akamai.hourly', 'hourly' || to_char(at, '_YYYYMMDD"T"HH24MI'), at, at + interval '1 hour', 'loaded', 12, 0
     FROM generate_series(timestamptz '2022-01-01 00:00Z', '2026-11-20 23:00Z', '1 hour') AS at`,
  );
  await database.query('ANALYZE ledger.units');
}

describe('what the pages ask of the ledger', () => {
  it('has an answer before anything was planned', async () => {
    const { browse } = warehouse;
    expect(await browse.series()).toEqual([]);
    expect(await browse.calendar({ from: '2026-11-01', to: '2026-11-20' })).toEqual([]);
    expect(await browse.states()).toEqual([]);
    expect(await browse.search({ limit: 10, offset: 0 })).toEqual({ units: [], total: 0 });
    expect(await browse.unit({ account: 'a', dataset: 'b.c', reportKey: 'd' })).toBeUndefined();
    expect(await browse.failedUnits({ limit: 10 })).toEqual([]);
    expect(await browse.schemaChanges(10)).toEqual([]);
  });

  it('says of each day what ledger.coverage says, and when the first of what is open is lost', async () => {
    let day = 10;
    for (const state of UNIT_STATES) {
      day += 1;
      await insertUnit({ day: `2026-11-${day}`, state, expires: '2026-12-01T00:00:00Z' });
      await insertUnit({ day: `2026-11-${day}`, state: 'loaded', key: `second_202611${day}` });
    }
    await insertUnit({ day: '2026-11-11', account: 'other' });
    const cells = await warehouse.browse.calendar({ from: '2026-11-11', to: '2026-11-30' });
    const coverage = await warehouse.questions.coverage({ from: '2026-11-11', to: '2026-11-30' });
    expect(cells.map(({ day: on, state, rows }) => [on, state, rows])).toEqual(
      coverage.map((row) => [row.day, row.state, row.rows]),
    );
    expect(cells.filter(({ expiresAt }) => expiresAt !== null).map(({ state }) => state)).toEqual(
      UNIT_STATES.filter((state) => !['loaded', 'held', 'lost'].includes(state)),
    );
    expect(
      await warehouse.browse.calendar({ account: 'other', from: '2026-11-01', to: '2026-11-30' }),
    ).toHaveLength(1);
    expect(await warehouse.browse.calendar({ from: '2026-11-12', to: '2026-11-12' })).toHaveLength(1);
  });

  it('finds by part of a key, day, state, dataset and account, and pages', async () => {
    for (const day of ['2026-11-18', '2026-11-19', '2026-11-20']) await insertUnit({ day });
    await insertUnit({ day: '2026-11-20', state: 'failed', dataset: 'akamai.api_usage', account: 'b' });
    await insertUnit({ day: '2026-11-17', state: 'lost', key: 'odd%_key\\"<b>' });
    const find = async (search: object) =>
      (await warehouse.browse.search({ limit: 10, offset: 0, ...search })).units.map(
        (unit) => unit.reportKey,
      );
    expect(await find({ text: 'LOGS_2026' })).toEqual([
      'cdn_logs_20261120',
      'cdn_logs_20261119',
      'cdn_logs_20261118',
    ]);
    expect(await find({ text: '%_' })).toEqual(['odd%_key\\"<b>']);
    expect(await find({ text: '\\"<b>' })).toEqual(['odd%_key\\"<b>']);
    expect(await find({ day: '2026-11-20' })).toEqual(['api_usage_20261120', 'cdn_logs_20261120']);
    expect(await find({ states: ['failed', 'lost'] })).toHaveLength(2);
    expect(await find({ dataset: 'akamai.api_usage', account: 'b' })).toEqual(['api_usage_20261120']);
    expect(await find({ order: 'urgent' })).toMatchObject({ 0: 'api_usage_20261120', 4: 'odd%_key\\"<b>' });
    expect(await find({ limit: 2, offset: 3 })).toEqual(['cdn_logs_20261118', 'odd%_key\\"<b>']);
    expect((await warehouse.browse.search({ limit: 1, offset: 0 })).total).toBe(5);
  });

  it('gives failed units, those that are lost first at the front, of one account if asked', async () => {
    await insertUnit({ day: '2026-11-18', state: 'failed', expires: '2026-12-09T00:00:00Z' });
    await insertUnit({ day: '2026-11-19', state: 'failed', expires: '2026-12-01T00:00:00Z' });
    await insertUnit({ day: '2026-11-20', state: 'failed', account: 'b' });
    await insertUnit({ day: '2026-11-17', state: 'waiting' });
    const keys = async (filter: object) =>
      (await warehouse.browse.failedUnits({ limit: 10, ...filter })).map(({ reportKey }) => reportKey);
    expect(await keys({})).toEqual(['cdn_logs_20261119', 'cdn_logs_20261118', 'cdn_logs_20261120']);
    expect(await keys({ account: 'b', dataset: 'imgix.cdn_logs' })).toEqual(['cdn_logs_20261120']);
    expect(await keys({ limit: 1 })).toHaveLength(1);
  });

  it('bounds everything of one unit, however much there is', async () => {
    const unitId = await insertUnit({ day: '2026-11-20' });
    await database.query(
      `INSERT INTO ledger.loads (unit_id, outcome, parts)
       SELECT $1, 'published', (SELECT jsonb_agg(jsonb_build_object('part', p, 'name', 'n' || p, 'rows', 1, 'rejects', 0, 'bytes', 2, 'sha256', 'ab'))
         FROM generate_series(1, 300) AS p)
       FROM generate_series(1, 60)`,
      [unitId],
    );
    await database.query(
      `INSERT INTO ledger.rejects (load_id, account, dataset, report_key, part, line, code, message, raw)
       SELECT min(load_id), 'default', 'imgix.cdn_logs', 'cdn_logs_20261120', 1, line, 'type-mismatch', 'm', repeat('<script>', 1000)
       FROM ledger.loads, generate_series(2, 4001) AS line GROUP BY line`,
    );
    const key = { account: 'default', dataset: 'imgix.cdn_logs', reportKey: 'cdn_logs_20261120' };
    const found = await warehouse.browse.unit(key);
    expect(found).toMatchObject({ loadCount: 60, partCount: 300, rejectCount: 4000 });
    expect([found?.loads.length, found?.parts.length, found?.rejects.length]).toEqual([
      50,
      200,
      REJECTS_A_PAGE,
    ]);
    expect([found?.rejects[0]?.raw.length, found?.rejects[0]?.rawLength]).toEqual([2000, 8000]);
    const later = await warehouse.browse.unit(key, { rejectsFrom: 3_990 });
    expect(later?.rejects.map(({ line }) => line)).toEqual(
      Array.from({ length: 10 }, (_, index) => `${3992 + index}`),
    );
  });

  it('answers within a page’s time on five years of units', async () => {
    await insertYears();
    const { browse, questions } = warehouse;
    const timed = async (work: () => Promise<unknown>): Promise<number> => {
      const began = performance.now();
      await work();
      return performance.now() - began;
    };
    const took = {
      calendar: await timed(() => browse.calendar({ from: '2025-11-21', to: '2026-11-20' })),
      series: await timed(() => browse.series()),
      states: await timed(() => browse.states()),
      search: await timed(() => browse.search({ text: 'report_3', limit: 50, offset: 5_000 })),
      freshness: await timed(() => questions.freshness()),
    };
    // a page asks several of these at once; the limit leaves room for a busy machine
    for (const [question, ms] of Object.entries(took))
      expect([question, ms < 2_000]).toEqual([question, true]);
    const { total } = await browse.search({ limit: 1, offset: 0 });
    expect(total).toBe(COUNT_LIMIT);
  });
});

describe('the audit trail', () => {
  it('keeps who asked for what, and its outcome once', async () => {
    const { actions } = warehouse;
    const unit = { account: 'a', dataset: 'imgix.cdn_logs', reportKey: 'k' };
    const first = await actions.begin({ person: 'ed', kind: 'reload', ...unit });
    const second = await actions.begin({ person: 'vi', kind: 'backfill', details: { from: '2026-11-01' } });
    await actions.finish(first, 'done', 'Handed over.');
    await actions.finish(first, 'failed', 'too late');
    expect(await actions.find(first)).toMatchObject({
      person: 'ed',
      outcome: 'done',
      message: 'Handed over.',
    });
    expect(await actions.find('999')).toBeUndefined();
    expect((await actions.list({ limit: 10 })).map(({ action_id, outcome }) => [action_id, outcome])).toEqual(
      [
        [second, 'requested'],
        [first, 'done'],
      ],
    );
    expect(await actions.list({ limit: 10, before: second })).toHaveLength(1);
    expect(await actions.list({ limit: 10, unit })).toMatchObject([{ action_id: first }]);
    expect((await actions.find(second))?.details).toEqual({ from: '2026-11-01' });
  });
});
