import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { CREDIT_COLUMNS, LOG_COLUMNS, openLoading } from './loading.ts';
import {
  CREDITS,
  companionColumns,
  LOGS,
  NOW,
  type PartSpec,
  publishRequest,
  rejectOf,
  SUMMARIES,
  stageAll,
  USAGE,
} from './sample-reports.ts';

const loading = await openLoading();
const { database, warehouse, unit, load, rowsOf } = loading;
beforeEach(loading.startTest);
afterAll(loading.close);

describe('replace', () => {
  it('swaps all rows, also for a report that comes back without any', async () => {
    const target = unit(LOGS);
    await load(target, LOGS, [
      {
        columns: LOG_COLUMNS,
        rows: [
          ['/a', '1'],
          ['/b', '2'],
        ],
      },
    ]);
    const shrunk = await load(target, LOGS, [{ columns: LOG_COLUMNS, rows: [['/c', '3']] }]);
    expect(shrunk).toMatchObject({ outcome: 'published', rowsInserted: 1, rowsDeleted: 2 });
    expect((await rowsOf(target)).map((row) => row.url)).toEqual(['/c']);
    const empty = await load(target, LOGS, [{ columns: LOG_COLUMNS }]);
    expect(empty).toMatchObject({ outcome: 'published', rowsInserted: 0, rowsDeleted: 1 });
    expect(await warehouse.ledger.findUnit(target)).toMatchObject({ state: 'loaded', rows: 0 });
    expect(await rowsOf(target)).toEqual([]);
  });

  it('writes no data row when the content is the same, and keeps load and time of the rows', async () => {
    const target = unit(LOGS);
    const parts = [{ columns: LOG_COLUMNS, rows: [['/a', '1']], rejects: [rejectOf(7)] }];
    await load(target, LOGS, parts);
    const before = await rowsOf(target);
    const [reject] = (await warehouse.questions.unit(target))?.rejects ?? [];
    const begun = await warehouse.loader.begin(target, LOGS);
    await stageAll(begun, parts);
    const later = new Date(NOW.getTime() + 60_000);
    const result = await begun.publish(
      publishRequest({ now: later, revision: 'r2', isSettled: (unchanged) => unchanged }),
    );
    expect(result).toMatchObject({ outcome: 'unchanged', rowsInserted: 0, rowsUnchanged: 1, settled: true });
    expect(await rowsOf(target)).toEqual(before);
    expect((await warehouse.questions.unit(target))?.rejects).toEqual([reject]);
    expect(await warehouse.ledger.findUnit(target)).toMatchObject({
      state: 'loaded',
      rows: 1,
      loadedAt: NOW,
      loadId: before[0]?.load_id,
      revision: 'r2',
      settledAt: later,
    });
  });

  it('brings back rows that somebody deleted by hand', async () => {
    const target = unit(LOGS);
    const parts = [
      {
        columns: LOG_COLUMNS,
        rows: [
          ['/a', '1'],
          ['/b', '1'],
        ],
      },
    ];
    await load(target, LOGS, parts);
    await database.query(`DELETE FROM imgix.cdn_logs WHERE report_key = $1 AND url = '/b'`, [
      target.reportKey,
    ]);
    expect((await load(target, LOGS, parts)).outcome).toBe('published');
    expect(await rowsOf(target)).toHaveLength(2);
  });

  it('leaves other units and other accounts alone', async () => {
    const target = unit(LOGS);
    const other = { ...target, account: 'other' };
    await load(other, LOGS, [{ columns: LOG_COLUMNS, rows: [['/other', '1']] }]);
    await load(target, LOGS, [{ columns: LOG_COLUMNS, rows: [['/a', '1']] }]);
    await load(target, LOGS, [{ columns: LOG_COLUMNS }]);
    expect((await rowsOf(target)).map((row) => row.url)).toEqual(['/other']);
  });
});

describe('upsert', () => {
  it('writes only rows that differ, and deletes vanished ones', async () => {
    const target = unit(CREDITS);
    await load(target, CREDITS, [
      {
        columns: CREDIT_COLUMNS,
        rows: [
          ['s1', 'One', '1.5'],
          ['s2', 'Two', '2'],
          ['s3', null, '3'],
        ],
      },
    ]);
    const before = new Map((await rowsOf(target)).map((row) => [row.source_id, row]));
    const result = await load(target, CREDITS, [
      {
        columns: CREDIT_COLUMNS,
        rows: [
          ['s4', 'Four', '4'],
          ['s2', 'Two', '2.5'],
          ['s1', 'One', '1.5'],
        ],
      },
    ]);
    expect(result).toMatchObject({
      outcome: 'published',
      rowsInserted: 1,
      rowsUpdated: 1,
      rowsUnchanged: 1,
      rowsDeleted: 1,
    });
    const after = new Map((await rowsOf(target)).map((row) => [row.source_id, row]));
    expect([...after.keys()].sort()).toEqual(['s1', 's2', 's4']);
    expect(after.get('s1')).toEqual(before.get('s1'));
    expect(after.get('s2')?.total_credits).toBe('2.5');
    expect(after.get('s2')?.load_id).not.toBe(before.get('s2')?.load_id);
  });

  it('is unchanged when only the order of the rows differs', async () => {
    const target = unit(CREDITS);
    await load(target, CREDITS, [
      {
        columns: CREDIT_COLUMNS,
        rows: [
          ['s1', 'One', '1'],
          ['s2', 'Two', '2'],
        ],
      },
    ]);
    const before = await rowsOf(target);
    const result = await load(target, CREDITS, [
      {
        columns: CREDIT_COLUMNS,
        rows: [
          ['s2', 'Two', '2'],
          ['s1', 'One', '1'],
        ],
      },
    ]);
    expect(result).toMatchObject({ outcome: 'unchanged', rowsUnchanged: 2 });
    expect(await rowsOf(target)).toEqual(before);
  });

  it('takes the last of duplicates, counts it once, and keeps a blank key blank', async () => {
    const target = unit(CREDITS);
    const result = await load(target, CREDITS, [
      {
        columns: CREDIT_COLUMNS,
        rows: [
          ['s1', 'first', '1'],
          [null, 'deleted', '7'],
          ['s1', 'second', '2'],
        ],
      },
      {
        columns: CREDIT_COLUMNS,
        rows: [
          ['s2', 'x', '1'],
          ['s1', 'third', '3'],
        ],
      },
    ]);
    expect(result.rowsInserted).toBe(3);
    expect((await rowsOf(target)).map((row) => [row.source_id, row.source_name]).sort()).toEqual([
      ['', 'deleted'],
      ['s1', 'third'],
      ['s2', 'x'],
    ]);
    expect((await warehouse.ledger.findUnit(target))?.rows).toBe(3);
    expect((await warehouse.questions.unit(target))?.findings).toMatchObject([
      { kind: 'duplicate', details: { records: 5, rows: 3 }, resolved_at: null },
    ]);
  });

  it('clears a column that the report no longer has', async () => {
    const target = unit(CREDITS);
    await load(target, CREDITS, [{ columns: CREDIT_COLUMNS, rows: [['s1', 'One', '1']] }]);
    await load(target, CREDITS, [
      {
        columns: [
          ['source_id', 'text'],
          ['total_credits', 'numeric'],
        ],
        rows: [['s1', '1']],
      },
    ]);
    expect(await rowsOf(target)).toMatchObject([{ source_id: 's1', source_name: null, total_credits: '1' }]);
  });

  it('gives interval rows their own period and companions their own table', async () => {
    const target = unit(USAGE);
    const at = (minute: number) => new Date(target.period.start.getTime() + minute * 60_000).toISOString();
    const spec: PartSpec = {
      columns: [['edge_hits', 'bigint']],
      fullRows: [0, 5].map((minute, index) => ({
        rowNo: index + 1,
        period: { start: at(minute), end: at(minute + 5) },
        values: [String(minute)],
      })),
    };
    const companions = [
      {
        dataset: SUMMARIES,
        columns: companionColumns(),
        rows: [{ rowNo: 1, values: ['edgeHitsTotal', '5', '{"a": "\\\\"}'] }],
      },
    ];
    const publish = async () =>
      await (await stageAll(await warehouse.loader.begin(target, USAGE), [spec])).publish(
        publishRequest({ companions }),
      );
    await publish();
    expect(await rowsOf(target)).toMatchObject([
      { object_id: '', edge_hits: '0', period_start: new Date(at(0)), period_end: new Date(at(5)) },
      { object_id: '', edge_hits: '5', period_start: new Date(at(5)), period_end: new Date(at(10)) },
    ]);
    const summaries = async () =>
      await database.query('SELECT xmin::text, * FROM akamai.report_summaries WHERE report_key = $1', [
        target.reportKey,
      ]);
    const first = await summaries();
    expect(first).toMatchObject([
      {
        metric: 'edgeHitsTotal',
        value: '5',
        details: { a: '\\' },
        period_start: target.period.start,
        period_end: target.period.end,
      },
    ]);
    expect((await publish()).outcome).toBe('unchanged');
    expect(await summaries()).toEqual(first);
  });
});
