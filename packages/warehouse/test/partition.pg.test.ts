import { type ParsedPart, TransientError, type UnitRef } from '@edgeledger/core';
import { withClient } from '@edgeledger/testkit';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createWarehouse } from '../src/index.ts';
import { LOG_COLUMNS, openLoading } from './loading.ts';
import { LOGS, NOW, partOf, publishRequest, stageAll, type Values } from './sample-reports.ts';
import { tuplesOf } from './tuples.ts';

const loading = await openLoading();
const { database, warehouse, unit, load, rowsOf, stagingTables } = loading;
beforeEach(loading.startTest);
afterAll(loading.close);

const urls = async (target: UnitRef): Promise<unknown[]> => (await rowsOf(target)).map((row) => row.url);
const one = (url: string): readonly { columns: typeof LOG_COLUMNS; rows: readonly Values[] }[] => [
  { columns: LOG_COLUMNS, rows: [[url, '1']] },
];

interface PartitionRow {
  readonly name: string;
  readonly file: number;
  readonly checks: number;
}

/** The partitions of the unit's day, by account. */
async function partitionsOf(target: UnitRef): Promise<PartitionRow[]> {
  const day = `partitions.cdn_logs_${target.period.start.toISOString().slice(0, 10).replaceAll('-', '')}`;
  return await database.query<PartitionRow>(
    `SELECT c.oid::regclass::text AS name, c.relfilenode::int AS file,
       (SELECT count(*)::int FROM pg_constraint WHERE conrelid = c.oid AND contype = 'c') AS checks
     FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = to_regclass($1) ORDER BY pg_get_expr(relpartbound, c.oid)`,
    [day],
  );
}

describe('a partitioned dataset', () => {
  it('ends with the error of a part that broke before its first tuples', async () => {
    const begun = await warehouse.loader.begin(unit(LOGS), LOGS);
    const error = new TransientError('source.checksum-mismatch', 'It was damaged.');
    const broken: ParsedPart = {
      ...tuplesOf([]),
      // biome-ignore lint/correctness/useYield: it breaks before it could give anything
      copy: async function* () {
        throw error;
      },
    };
    // a promise that nobody hears would end the process; the test run fails on one
    await expect(begun.stagePart(0, 'a', broken)).rejects.toBe(error);
    await begun.fail(error, NOW);
    expect(await stagingTables()).toBe(0);
  });

  it('has one partition for each day and account, and queries of a day read that alone', async () => {
    const target = unit(LOGS);
    await load(target, LOGS, one('/a'));
    await load({ ...target, account: "it's \\ other" }, LOGS, one('/b'));
    const partitions = await partitionsOf(target);
    expect(partitions.map(({ checks }) => checks)).toEqual([0, 0]);
    const plan = await database.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT * FROM imgix.cdn_logs WHERE account = 'default' AND period_start = '${target.period.start.toISOString()}'`,
    );
    const text = plan.map((row) => row['QUERY PLAN']).join('\n');
    const mentioned = [...text.matchAll(/cdn_logs_\d{8}_load_\d+/g)].map(([name]) => `partitions.${name}`);
    expect([...new Set(mentioned)].filter((name) => !name.endsWith('_pkey'))).toEqual([partitions[0]?.name]);
  });

  it('can be attached without being read, because a check says of every row that it belongs there', async () => {
    const begun = await warehouse.loader.begin(unit(LOGS), LOGS);
    await begun.stagePart(1, 'a', tuplesOf([['/a', 1]]));
    const { start, end } = begun.unit.period;
    const attach = (before: string): Promise<readonly string[]> =>
      withClient(database.connectionString, async (client) => {
        const told: string[] = [];
        client.on('notice', ({ message }) => told.push(message ?? ''));
        await client.query(`BEGIN; ${before}; SET LOCAL client_min_messages = debug1`);
        await client.query('CREATE TABLE partitions.tried (LIKE imgix.cdn_logs) PARTITION BY LIST (account)');
        await client.query(
          `ALTER TABLE imgix.cdn_logs ATTACH PARTITION partitions.tried FOR VALUES FROM ('${start.toISOString()}') TO ('${end.toISOString()}')`,
        );
        await client.query(
          `ALTER TABLE partitions.tried ATTACH PARTITION staging.load_${begun.loadId}_leaf FOR VALUES IN ('default')`,
        );
        await client.query('ROLLBACK');
        return told.filter((message) => /_leaf.*is implied by existing constraints/.test(message));
      });
    expect(await attach('')).toHaveLength(1);
    const drop = `ALTER TABLE staging.load_${begun.loadId}_leaf DROP CONSTRAINT edgeledger_belongs`;
    expect(await attach(drop)).toEqual([]);
    await begun.fail(new TransientError('load.superseded', 'Only tried.'), NOW);
  });

  it.each([
    [4, 'when all of them are there'],
    [5, 'as they come'],
  ])('has its key, with %i parts, %s', async (partCount, _when) => {
    const begun = await warehouse.loader.begin(unit(LOGS), LOGS, { partCount });
    const keysOf = async (relation: string) =>
      await database.query<{ key: string }>(
        `SELECT pg_get_constraintdef(oid) AS key FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'p'`,
        [relation],
      );
    // one part by who began it, the others by somebody else
    await begun.stagePart(1, 'a', tuplesOf([['/1', 1]]));
    const resumed = await warehouse.loader.resume(begun.loadId, LOGS, { partCount });
    for (let partNo = 2; partNo <= partCount; partNo += 1)
      await resumed.stagePart(partNo, `part ${partNo}`, tuplesOf([[`/${partNo}`, partNo]]));
    // again, as after a cut download: its rows are replaced
    await resumed.stagePart(3, 'c', tuplesOf([['/again', 3]]));
    expect(await keysOf(`staging.load_${begun.loadId}_leaf`)).toHaveLength(partCount < 5 ? 0 : 1);
    await resumed.publish(publishRequest());
    const [partition] = await partitionsOf(begun.unit);
    expect(await keysOf(partition?.name ?? '')).toEqual(await keysOf('imgix.cdn_logs'));
    expect(await urls(begun.unit)).toEqual(['/1', '/2', '/again', '/4', '/5'].slice(0, partCount));
  });

  it('is left alone by autovacuum while its parts come, and vacuumed like any other table after that', async () => {
    const begun = await warehouse.loader.begin(unit(LOGS), LOGS);
    const optionsOf = async () => {
      const found = await database.query<{ options: readonly string[] | null }>(
        `SELECT reloptions AS options FROM pg_class WHERE relkind = 'r' AND relname ~ ('load_' || $1 || '(_leaf)?$')`,
        [begun.loadId],
      );
      return found.map(({ options }) => options);
    };
    await begun.stagePart(1, 'a', tuplesOf([['/a', 1]]));
    expect(await optionsOf()).toEqual([['autovacuum_enabled=false']]);
    await begun.publish(publishRequest());
    expect(await optionsOf()).toEqual([null]);
  });

  it('swaps one unit and leaves the partition of another account as it is', async () => {
    const target = unit(LOGS);
    const other = { ...target, account: 'other' };
    await load(other, LOGS, one('/other'));
    await load(target, LOGS, one('/old'));
    const [, before] = await partitionsOf(target);
    expect(await load(target, LOGS, one('/new'))).toMatchObject({ rowsInserted: 1, rowsDeleted: 1 });
    const [, after] = await partitionsOf(target);
    expect(after).toEqual(before);
    expect([await urls(target), await partitionsOf(target)]).toMatchObject([
      ['/new', '/other'],
      [{}, {}],
    ]);
  });

  it('touches nothing when a report is the same', async () => {
    const target = unit(LOGS);
    await load(target, LOGS, one('/same'));
    const before = await partitionsOf(target);
    expect((await load(target, LOGS, one('/same'))).outcome).toBe('unchanged');
    expect(await partitionsOf(target)).toEqual(before);
    expect(await stagingTables()).toBe(0);
  });

  it('keeps two report keys of one account and day, whichever is loaded again', async () => {
    const target = unit(LOGS);
    const imported = { ...target, reportKey: `imported_${target.reportKey}` };
    await load(target, LOGS, one('/vendor'));
    await load(imported, LOGS, one('/imported'));
    await load(target, LOGS, one('/vendor again'));
    expect([await urls(target), await urls(imported)]).toEqual([['/vendor again'], ['/imported']]);
    await load(target, LOGS, [{ columns: LOG_COLUMNS }]);
    expect([await urls(target), await urls(imported)]).toEqual([[], ['/imported']]);
    await load(imported, LOGS, [{ columns: LOG_COLUMNS }]);
    expect(await partitionsOf(target)).toEqual([]);
  });
});

describe('parts as tuples', () => {
  it('go into one table by several workers, and a part that comes again replaces itself alone', async () => {
    const target = unit(LOGS);
    const begun = await warehouse.loader.begin(target, LOGS);
    await using other = await createWarehouse({ connectionString: database.connectionString });
    const resumed = await other.loader.resume(begun.loadId, LOGS);
    await Promise.all([
      begun.stagePart(
        1,
        'a',
        tuplesOf([
          ['/a', 1],
          ['/b', 2],
        ]),
      ),
      resumed.stagePart(2, 'b', tuplesOf([['/c', 3]])),
    ]);
    await begun.stagePart(2, 'b', tuplesOf([['/d', 4]]));
    await begun.stagePart(3, 'c', partOf({ columns: LOG_COLUMNS, rows: [['/as a row', '5']] }));
    await begun.stagePart(4, 'd', tuplesOf([['/taken back', 4]]));
    await begun.unstagePart(4);
    expect(await stagingTables()).toBe(2);
    expect((await begun.publish(publishRequest())).rowsInserted).toBe(4);
    expect(await rowsOf(target)).toMatchObject([
      { account: 'default', part: 1, row_no: '1', url: '/a', bytes: '1', load_id: begun.loadId },
      { part: 1, row_no: '2', url: '/b' },
      { part: 2, row_no: '1', url: '/d', period_start: target.period.start, period_end: target.period.end },
      { part: 3, row_no: '1', url: '/as a row' },
    ]);
    expect(await stagingTables()).toBe(0);
  });

  it('leave nothing when Postgres refuses them', async () => {
    const begun = await warehouse.loader.begin(unit(LOGS), LOGS);
    const broken = tuplesOf([['/a', 1]]);
    const cut: ParsedPart = {
      ...broken,
      copy: async function* (layout) {
        for await (const batch of broken.copy?.(layout) ?? [])
          yield { ...batch, tuples: batch.tuples.subarray(0, -1) };
      },
    };
    await expect(begun.stagePart(1, 'a', cut)).rejects.toMatchObject({ code: 'file.malformed' });
    expect(await begun.stagedParts()).toEqual([]);
    await begun.stagePart(1, 'a', tuplesOf([['/a', 1]]));
    expect((await begun.publish(publishRequest())).rowsInserted).toBe(1);
  });

  it('are published with a column that came while they were staged', async () => {
    const target = unit(LOGS);
    const begun = await warehouse.loader.begin(target, LOGS);
    await begun.stagePart(1, 'a', tuplesOf([['/a', 1]]));
    await database.query('ALTER TABLE imgix.cdn_logs ADD COLUMN came_meanwhile text');
    await begun.publish(publishRequest());
    expect(await rowsOf(target)).toMatchObject([{ url: '/a', came_meanwhile: null }]);
  });

  it('are swept away when nobody touched their load for a day', async () => {
    const begun = await warehouse.loader.begin(unit(LOGS), LOGS);
    await begun.stagePart(1, 'a', tuplesOf([['/a', 1]]));
    await database.query('CREATE TABLE staging.load_999999_leaf (a int)');
    expect(await stagingTables()).toBe(2);
    await warehouse.sweepStaging(new Date(Date.now() + 25 * 3_600_000));
    expect(await stagingTables()).toBe(0);
  });
});

it('a swap waits for a query of that day, and comes as soon as it is over', async () => {
  const target = unit(LOGS);
  await load(target, LOGS, one('/old'));
  await database.query('BEGIN');
  await database.query('SELECT FROM imgix.cdn_logs WHERE period_start = $1', [target.period.start]);
  const begun = await stageAll(await warehouse.loader.begin(target, LOGS), one('/new'));
  const published = begun.publish(publishRequest());
  for (;;) {
    const [waiting] = await database.query<{ count: number }>(
      'SELECT count(*)::int FROM pg_locks WHERE NOT granted',
    );
    if (waiting?.count === 1) break;
  }
  expect(await urls(target)).toEqual(['/old']);
  await database.query('COMMIT');
  expect((await published).outcome).toBe('published');
  expect(await urls(target)).toEqual(['/new']);
});

describe('prune', () => {
  const prune = (before: Date, dryRun = false) =>
    warehouse.prune({ dataset: LOGS, account: 'default', before, now: NOW, dryRun });

  it('drops the partitions of old days, says which, and keeps the units in the ledger', async () => {
    await prune(new Date('2030-01-01'));
    const [old, young] = [
      unit(LOGS),
      {
        ...unit(LOGS),
        reportKey: 'cdn_logs_20260228',
        period: { start: new Date('2026-02-28'), end: new Date('2026-03-01') },
      },
    ];
    const other = { ...old, account: 'other' };
    for (const target of [old, young, other]) await load(target, LOGS, one(`/${target.account}`));
    const limit = new Date('2026-02-28');
    const day = old.period.start.toISOString().slice(0, 10);
    const expected = [
      { dataset: 'imgix.cdn_logs', account: 'default', day, reportKeys: [old.reportKey], rows: 1 },
    ];
    expect(await prune(limit, true)).toEqual(expected);
    expect(await partitionsOf(old)).toHaveLength(2);
    expect(await prune(limit)).toEqual(expected);
    expect(await prune(limit)).toEqual([]);
    expect([await urls(old), await urls(young)]).toEqual([['/other'], ['/default']]);
    expect(await warehouse.ledger.findUnit(old)).toMatchObject({
      state: 'loaded',
      rows: 1,
      settledAt: NOW,
      nextCheckAt: null,
    });
    const [noted] = await database.query(
      `SELECT pruned_at FROM ledger.units WHERE report_key = $1 AND account = 'default'`,
      [old.reportKey],
    );
    expect(noted).toEqual({ pruned_at: NOW });
    await warehouse.prune({ dataset: LOGS, account: 'other', before: limit, now: NOW, dryRun: false });
    const days = await database.query(
      `SELECT FROM pg_class WHERE relname = 'cdn_logs_${day.replaceAll('-', '')}'`,
    );
    expect(days).toEqual([]);
  });

  it('lets a pruned unit be loaded again on purpose', async () => {
    const target = unit(LOGS);
    await load(target, LOGS, one('/a'));
    await prune(new Date('2030-01-01'));
    expect((await load(target, LOGS, one('/a'))).outcome).toBe('published');
    expect(await urls(target)).toEqual(['/a']);
  });
});
