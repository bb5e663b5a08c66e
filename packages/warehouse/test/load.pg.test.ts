import type { UnitRef } from '@edgeledger/core';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createWarehouse } from '../src/index.ts';
import { LOG_COLUMNS, openLoading } from './loading.ts';
import { type ColumnSpec, LOGS, NOW, partOf, publishRequest, rejectOf, stageAll } from './sample-reports.ts';

const loading = await openLoading();
const { database, warehouse, unit, load, rowsOf, stagingTables } = loading;
beforeEach(loading.startTest);
afterAll(loading.close);

describe('a load', () => {
  it('is invisible until it is published and complete afterwards', async () => {
    const target = unit(LOGS);
    const begun = await warehouse.loader.begin(target, LOGS);
    await begun.stagePart(0, 'a.csv', partOf({ columns: LOG_COLUMNS, rows: [['/a', '1']] }));
    await begun.stagePart(
      1,
      'b.csv',
      partOf({ columns: LOG_COLUMNS, rows: [['/b', null]], rejects: [rejectOf(3)] }),
    );
    expect(await rowsOf(target)).toEqual([]);
    expect((await warehouse.ledger.findUnit(target))?.state).toBe('loading');

    const result = await begun.publish(publishRequest());

    expect(result).toEqual({
      outcome: 'published',
      rowsInserted: 2,
      rowsUpdated: 0,
      rowsUnchanged: 0,
      rowsDeleted: 0,
      rejects: 1,
      bytes: 200,
      settled: false,
    });
    expect(await rowsOf(target)).toMatchObject([
      {
        account: 'default',
        part: 0,
        row_no: '1',
        url: '/a',
        bytes: '1',
        load_id: begun.loadId,
        period_start: target.period.start,
        period_end: target.period.end,
      },
      { part: 1, row_no: '1', url: '/b', bytes: null },
    ]);
    expect(await warehouse.ledger.findUnit(target)).toMatchObject({
      state: 'loaded',
      parts: 2,
      rows: 2,
      rejects: 1,
      bytes: 200,
      attempts: 1,
      revision: 'r1',
      loadId: begun.loadId,
      loadedAt: NOW,
      availableAt: NOW,
      settledAt: null,
      errorCode: null,
    });
    const answer = await warehouse.questions.unit(target);
    expect(answer?.loads).toMatchObject([
      {
        outcome: 'published',
        rows_inserted: '2',
        rejects: '1',
        version: '0.0.0-test',
        parts: [
          { part: 0, name: 'a.csv', rows: 1 },
          { part: 1, name: 'b.csv', rejects: 1 },
        ],
      },
    ]);
    expect(answer?.rejects).toMatchObject([
      { part: 1, line: '3', column_name: 'bytes', code: 'type-mismatch', raw: 'a,b' },
    ]);
    expect(await stagingTables()).toBe(0);
  });

  it('keeps every character of a text, and tells blank from NULL', async () => {
    const target = unit(LOGS);
    const texts = [
      'tab\there',
      'back\\slash',
      '\\N',
      '\\.',
      'line\nfeed',
      'cr\r\n',
      '',
      null,
      'žluťoučký 🦊 \u2028',
      'quo\'te "x"',
      'NULL',
      ' ',
    ];
    await load(target, LOGS, [{ columns: [['url', 'text']], rows: texts.map((text) => [text]) }]);
    expect((await rowsOf(target)).map((row) => row.url)).toEqual(texts);
  });

  it('keeps the places of rows where records between them were rejected', async () => {
    const target = unit(LOGS);
    await load(target, LOGS, [
      {
        columns: LOG_COLUMNS,
        fullRows: [
          { rowNo: 2, values: ['/a', '1'] },
          { rowNo: 5, values: ['/b', '2'] },
        ],
      },
    ]);
    expect((await rowsOf(target)).map((row) => row.row_no)).toEqual(['2', '5']);
  });

  it('can be continued by another process and lists what is staged in part order', async () => {
    const target = unit(LOGS);
    const begun = await warehouse.loader.begin(target, LOGS);
    await using other = await createWarehouse({ connectionString: database.connectionString });
    const resumed = await other.loader.resume(begun.loadId, LOGS);
    expect(resumed.unit).toEqual(target);
    const seen: number[] = [];
    await resumed.stagePart(1, 'b.csv', partOf({ columns: LOG_COLUMNS, rows: [['/b', '2']] }), (delta) =>
      seen.push(delta.rows),
    );
    await begun.stagePart(0, 'a.csv', partOf({ columns: LOG_COLUMNS, rows: [['/a', '1']] }));
    expect(
      (await begun.stagedParts()).map((part) => [part.partNo, part.name, part.rows, part.header]),
    ).toEqual([
      [0, 'a.csv', 1, ['url', 'bytes']],
      [1, 'b.csv', 1, ['url', 'bytes']],
    ]);
    expect(seen.reduce((sum, rows) => sum + rows, 0)).toBe(1);
    await begun.publish(publishRequest());
    expect((await rowsOf(target)).map((row) => row.url)).toEqual(['/a', '/b']);
  });

  it('forgets what a part staged before when the part is staged again, and when it is taken back', async () => {
    const target = unit(LOGS);
    const begun = await warehouse.loader.begin(target, LOGS);
    await begun.stagePart(
      0,
      'a.csv',
      partOf({ columns: LOG_COLUMNS, rows: [['/old', '1']], rejects: [rejectOf(9)] }),
    );
    await begun.stagePart(
      0,
      'a.csv',
      partOf({ columns: LOG_COLUMNS, rows: [['/new', '1']], rejects: [rejectOf(4)] }),
    );
    await begun.stagePart(
      1,
      'b.csv',
      partOf({ columns: LOG_COLUMNS, rows: [['/cut', '1']], rejects: [rejectOf(7)] }),
    );
    await begun.unstagePart(1);
    await begun.publish(publishRequest());
    expect((await rowsOf(target)).map((row) => row.url)).toEqual(['/new']);
    expect((await warehouse.questions.unit(target))?.rejects.map((reject) => reject.line)).toEqual(['4']);
  });

  it('stages one part twice at once without mixing the two', async () => {
    const target = unit(LOGS);
    const begun = await warehouse.loader.begin(target, LOGS);
    const rows = Array.from({ length: 5_000 }, (_, index) => [`/${index}`, '1']);
    await Promise.all([
      begun.stagePart(0, 'a.csv', partOf({ columns: LOG_COLUMNS, rows })),
      begun.stagePart(0, 'a.csv', partOf({ columns: LOG_COLUMNS, rows })),
    ]);
    expect((await begun.publish(publishRequest())).rowsInserted).toBe(5_000);
  });

  it('has the same fingerprint whatever the order of the header, and another one for other content', async () => {
    const target = unit(LOGS);
    const begun = await warehouse.loader.begin(target, LOGS);
    const [url, bytes] = LOG_COLUMNS as [ColumnSpec, ColumnSpec];
    const receipts = [
      await begun.stagePart(0, 'a', partOf({ columns: [url, bytes], rows: [['/a', '1']] })),
      await begun.stagePart(1, 'b', partOf({ columns: [bytes, url], rows: [['1', '/a']] })),
      await begun.stagePart(2, 'c', partOf({ columns: [url, bytes], rows: [[null, '1']] })),
      await begun.stagePart(3, 'd', partOf({ columns: [url, bytes], rows: [['\\N', '1']] })),
    ];
    const prints = receipts.map((receipt) => receipt.fingerprint);
    expect(prints[0]).toBe(prints[1]);
    expect(new Set(prints).size).toBe(3);
    await begun.abandon();
  });
});

describe('rejects and findings', () => {
  it('are bounded in number but counted in full, and may hold any byte', async () => {
    const target = unit(LOGS);
    const rejects = Array.from({ length: 10_050 }, (_, index) => rejectOf(index + 2, 'x\0\ud800\\"{}'));
    await load(target, LOGS, [{ columns: LOG_COLUMNS, rows: [['/a', '1']], rejects }]);
    expect((await warehouse.ledger.findUnit(target))?.rejects).toBe(10_050);
    const [stored] = await database.query<{ count: string; raw: string }>(
      'SELECT count(*), min(raw) AS raw FROM ledger.rejects WHERE account = $1 AND dataset = $2 AND report_key = $3',
      [target.account, target.dataset, target.reportKey],
    );
    expect(stored).toEqual({ count: '10000', raw: 'x␀\ufffd\\"{}' });
  });

  it('are not repeated, and are resolved when they no longer occur', async () => {
    const target = unit(LOGS);
    const finding = { kind: 'sum-mismatch', message: 'differs by 1', details: { by: 1 } } as const;
    const publish = async (findings: readonly (typeof finding)[]) =>
      await (await stageAll(await warehouse.loader.begin(target, LOGS), [{ columns: LOG_COLUMNS }])).publish(
        publishRequest({ findings }),
      );
    await publish([finding, finding]);
    await publish([finding]);
    expect((await warehouse.questions.unit(target))?.findings).toMatchObject([
      { kind: 'sum-mismatch', details: { by: 1 }, resolved_at: null },
    ]);
    await publish([]);
    expect((await warehouse.questions.unit(target))?.findings).toMatchObject([{ resolved_at: NOW }]);
    await publish([finding]);
    expect(await warehouse.questions.openFindings()).toMatchObject([{ report_key: target.reportKey }]);
  });

  it('tell once what the vendor says of a report, whichever units bring it, also at the same time', async () => {
    const say = { kind: 'report-changed', message: 'limit is 1', details: { report: 'a-report' } } as const;
    const stage = async (target: UnitRef) =>
      await stageAll(await warehouse.loader.begin(target, LOGS), [{ columns: LOG_COLUMNS }]);
    const said = () =>
      database.query("SELECT report_key, resolved_at FROM ledger.findings WHERE kind = 'report-changed'");
    const targets = [unit(LOGS), ...['b', 'c', 'd'].map((key) => ({ ...unit(LOGS), reportKey: key }))];
    const loads = await Promise.all(targets.map(stage));
    await Promise.all(loads.map((one) => one.publish(publishRequest({ findings: [say] }))));
    const [first, ...others] = await said();
    expect(others).toEqual([]);
    const carrier = targets.find((one) => one.reportKey === first?.report_key) ?? unit(LOGS);
    await (await stage(carrier)).publish(publishRequest({ findings: [] }));
    expect(await said()).toEqual([{ report_key: carrier.reportKey, resolved_at: NOW }]);
  });
});
