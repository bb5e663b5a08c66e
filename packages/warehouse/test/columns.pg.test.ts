import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWarehouse, type Warehouse } from '../src/index.ts';
import { LOGS, partOf, publishRequest, stageAll, unitOf } from './sample-reports.ts';

let database: TestDatabase;
let warehouse: Warehouse;

beforeAll(async () => {
  database = await createTestDatabase();
  warehouse = await createWarehouse({ connectionString: database.connectionString });
});
afterAll(async () => {
  await warehouse.close();
  await database.drop();
});

const NASTY = [
  'select',
  'x"; DROP TABLE imgix.cdn_logs; --',
  "it's",
  'back\\slash',
  'a b',
  'Ünïcode',
  '%s %I',
  '$1',
  'xmin',
  'incoming',
  `very_long_${'x'.repeat(80)}_one`,
  `very_long_${'x'.repeat(80)}_two`,
];

describe('a column that nobody knew', () => {
  it('is added to the table, described, and recorded once', async () => {
    const parts = [
      {
        columns: [
          ['url', 'text'],
          ['edge_pop', 'text', true],
          ['video_credits', 'numeric', true],
        ] as const,
        rows: [['/a', 'AMS', '1.5']],
      },
      {
        columns: [
          ['edge_pop', 'text', true],
          ['url', 'text'],
        ] as const,
        rows: [['FRA', '/b']],
      },
    ];
    for (const day of ['2026-11-01', '2026-11-02']) {
      const load = await stageAll(await warehouse.loader.begin(unitOf(LOGS, day), LOGS), parts);
      await load.publish(publishRequest());
    }
    expect(
      await database.query(
        'SELECT url, edge_pop, video_credits FROM imgix.cdn_logs WHERE report_key = $1 ORDER BY part',
        ['cdn_logs_20261102'],
      ),
    ).toEqual([
      { url: '/a', edge_pop: 'AMS', video_credits: '1.5' },
      { url: '/b', edge_pop: 'FRA', video_credits: null },
    ]);
    expect(await warehouse.questions.schemaChanges()).toMatchObject([
      {
        dataset: 'imgix.cdn_logs',
        column_name: 'edge_pop',
        header: 'edge_pop',
        action: 'added',
        type: 'text',
        report_key: 'cdn_logs_20261101',
      },
      { column_name: 'video_credits', type: 'numeric' },
    ]);
    const [comment] = await database.query<{ text: string }>(
      `SELECT col_description(attrelid, attnum) AS text FROM pg_attribute
       WHERE attrelid = 'imgix.cdn_logs'::regclass AND attname = 'edge_pop'`,
    );
    expect(comment?.text).toContain('header "edge_pop" of cdn_logs_20261101');
  });

  it('may have any name', async () => {
    const unit = unitOf(LOGS, '2026-11-03');
    const columns = NASTY.map((name) => [name, 'text', true] as const);
    const load = await stageAll(await warehouse.loader.begin(unit, LOGS), [{ columns, rows: [NASTY] }]);
    await load.publish(publishRequest());
    const rows = await database.query('SELECT * FROM imgix.cdn_logs WHERE report_key = $1', [unit.reportKey]);
    const values = Object.entries(rows[0] ?? {}).filter(([, value]) => NASTY.includes(String(value)));
    expect(values.map(([, value]) => value).sort()).toEqual([...NASTY].sort());
    expect(values.filter(([name, value]) => name === value)).toHaveLength(NASTY.length - 3);
  });

  it('is added once when several workers meet it at once', async () => {
    const columns = [['met_by_many', 'text', true]] as const;
    const loads = await Promise.all(
      [4, 5, 6, 7].map((day) => warehouse.loader.begin(unitOf(LOGS, `2026-11-0${day}`), LOGS)),
    );
    await Promise.all(loads.map((load) => load.stagePart(0, 'a', partOf({ columns, rows: [['x']] }))));
    const changes = await warehouse.questions.schemaChanges();
    expect(changes.filter((change) => change.column_name === 'met_by_many')).toHaveLength(1);
    for (const load of loads) await load.abandon();
  });

  it('stops the load when it would take the place of another', async () => {
    const load = await warehouse.loader.begin(unitOf(LOGS, '2026-11-08'), LOGS);
    for (const columns of [
      [['load_id', 'text', true]],
      [
        ['a', 'text', true],
        ['a', 'text', true],
      ],
    ] as const) {
      await expect(load.stagePart(0, 'a', partOf({ columns }))).rejects.toMatchObject({
        code: 'file.malformed',
      });
    }
    await load.abandon();
  });

  it('says that a dataset without a table needs a migration', async () => {
    const dataset = { ...LOGS, name: 'imgix.no_such_table' };
    const load = await warehouse.loader.begin(unitOf(dataset, '2026-11-09'), dataset);
    await expect(load.stagePart(0, 'a', partOf({ columns: [] }))).rejects.toMatchObject({
      code: 'warehouse.not-migrated',
    });
  });
});
