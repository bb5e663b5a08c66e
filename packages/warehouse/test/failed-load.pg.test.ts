import {
  ContractError,
  type EdgeledgerError,
  TRIES_IN_A_ROW,
  TransientError,
  type UnitRef,
} from '@edgeledger/core';
import { until } from '@edgeledger/testkit';
import pg from 'pg';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { CREDIT_COLUMNS, LOG_COLUMNS, openLoading } from './loading.ts';
import { CREDITS, LOGS, NOW, partOf, publishRequest, rejectOf, stageAll } from './sample-reports.ts';
import { tuplesOf } from './tuples.ts';

const loading = await openLoading();
const { database, warehouse, unit, load, rowsOf, stagingTables } = loading;
beforeEach(loading.startTest);
afterAll(loading.close);

describe('a load that does not succeed', () => {
  it('takes a connection that Postgres ended outside of a transaction for an outage', async () => {
    const begun = await warehouse.loader.begin(unit(LOGS), LOGS);
    const holder = new pg.Client({ connectionString: database.connectionString });
    await holder.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE ledger.units IN ACCESS EXCLUSIVE MODE');
      const looked = begun.findVisiblePart(0).catch((error: unknown) => error);
      await until('the look waits for the lock, and its connection is ended', async () => {
        const ended = await holder.query(
          `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'ledger.units'::regclass AND NOT granted`,
        );
        return ended.rowCount === 1;
      });
      expect(await looked).toMatchObject({ name: 'TransientError', code: 'warehouse.unavailable' });
    } finally {
      await holder.end();
    }
  });

  it('leaves rows and state of a loaded unit, and records why', async () => {
    const target = unit(LOGS);
    await load(target, LOGS, [{ columns: LOG_COLUMNS, rows: [['/good', '1']], rejects: [rejectOf(2)] }]);
    const before = await rowsOf(target);
    const begun = await warehouse.loader.begin(target, LOGS);
    await begun.stagePart(
      0,
      'a',
      partOf({ columns: LOG_COLUMNS, rows: [['/bad', '1']], rejects: [rejectOf(8)] }),
    );
    await begun.fail(new TransientError('source.truncated', 'It was cut.'), NOW);
    expect(await rowsOf(target)).toEqual(before);
    expect(await warehouse.ledger.findUnit(target)).toMatchObject({
      state: 'loaded',
      errorCode: 'source.truncated',
      errorMessage: 'It was cut.',
      nextCheckAt: new Date(NOW.getTime() + 5 * 60_000),
    });
    const answer = await warehouse.questions.unit(target);
    expect(answer?.rejects.map((reject) => reject.line)).toEqual(['2', '8']);
    expect(answer?.loads[0]).toMatchObject({ outcome: 'failed', rejects: '1', finished_at: NOW });
    await load(target, LOGS, [{ columns: LOG_COLUMNS, rows: [['/next', '1']] }]);
    expect((await warehouse.questions.unit(target))?.rejects).toEqual([]);
    expect((await warehouse.ledger.findUnit(target))?.errorCode).toBeNull();
  });

  it('keeps the rejects of a part that broke in its middle', async () => {
    const target = unit(LOGS);
    const begun = await warehouse.loader.begin(target, LOGS);
    const error = new TransientError('source.truncated', 'It was cut.');
    const broken = partOf({
      columns: LOG_COLUMNS,
      rows: [
        ['/a', '1'],
        ['/b', '1'],
      ],
      rejects: [rejectOf(3)],
      breaksWith: error,
    });
    await expect(begun.stagePart(0, 'a', broken)).rejects.toBe(error);
    expect(await begun.stagedParts()).toEqual([]);
    await begun.fail(error, NOW);
    expect(await warehouse.ledger.findUnit(target)).toMatchObject({
      state: 'failed',
      attempts: 1,
      errorCode: 'source.truncated',
    });
    expect((await warehouse.questions.unit(target))?.rejects).toHaveLength(1);
    expect(await stagingTables()).toBe(0);
  });

  /** Minutes that the unit rests after each of so many failures. */
  async function failRepeatedly(target: UnitRef, error: EdgeledgerError, times: number): Promise<number[]> {
    const rests: number[] = [];
    for (let attempt = 0; attempt < times; attempt += 1) {
      const begun = await warehouse.loader.begin(target, LOGS);
      await begun.fail(error, NOW);
      const found = await warehouse.ledger.findUnit(target);
      rests.push(((found?.nextCheckAt?.getTime() ?? 0) - NOW.getTime()) / 60_000);
    }
    return rests;
  }

  it('rests longer after each round of tries that a vendor was away for, up to an hour', async () => {
    const error = new TransientError('source.unavailable', 'The vendor is away.');
    const rests = await failRepeatedly(unit(LOGS), error, 5 * TRIES_IN_A_ROW);
    expect(rests.filter((_, index) => index % TRIES_IN_A_ROW === 0)).toEqual([5, 10, 20, 40, 60]);
    expect(rests.slice(0, TRIES_IN_A_ROW)).toEqual(Array(TRIES_IN_A_ROW).fill(5));
  });

  it('waits longer after each failure that lasts, and starts to count anew after a success', async () => {
    const target = unit(LOGS);
    const error = new ContractError('file.column-missing', 'No column url.');
    expect(await failRepeatedly(target, error, 9)).toEqual([5, 10, 20, 40, 80, 160, 320, 360, 360]);
    await load(target, LOGS, [{ columns: LOG_COLUMNS }]);
    expect((await warehouse.ledger.findUnit(target))?.attempts).toBe(10);
    await load(target, LOGS, [{ columns: LOG_COLUMNS }]);
    expect((await warehouse.ledger.findUnit(target))?.attempts).toBe(1);
  });

  it('counts for nothing when it is abandoned', async () => {
    const target = unit(LOGS);
    await warehouse.ledger.recordWaiting(target, NOW, 'not there yet');
    const begun = await warehouse.loader.begin(target, LOGS);
    await begun.stagePart(0, 'a', partOf({ columns: LOG_COLUMNS, rows: [['/a', '1']] }));
    await begun.abandon();
    expect(await warehouse.ledger.findUnit(target)).toMatchObject({ state: 'waiting', attempts: 0 });
    expect(await stagingTables()).toBe(0);
    await expect(begun.publish(publishRequest())).rejects.toMatchObject({ code: 'load.superseded' });
    await expect(begun.stagePart(0, 'a', partOf({ columns: LOG_COLUMNS }))).rejects.toMatchObject({
      code: 'load.superseded',
    });
  });

  it('publishes nothing when a crash of Postgres emptied the staged rows', async () => {
    for (const [dataset, columns, row] of [
      [LOGS, LOG_COLUMNS, ['/a', '1']],
      [CREDITS, CREDIT_COLUMNS, ['s', 'S', '1']],
    ] as const) {
      const target = unit(dataset);
      const begun = await stageAll(await warehouse.loader.begin(target, dataset), [{ columns, rows: [row] }]);
      await database.query(`TRUNCATE staging.load_${begun.loadId}_part_0`);
      await expect(begun.publish(publishRequest())).rejects.toMatchObject({ code: 'load.staging-lost' });
      expect(await rowsOf(target)).toEqual([]);
      await begun.abandon();
    }
  });

  it('says which value a column could not take', async () => {
    const target = unit(LOGS);
    const begun = await warehouse.loader.begin(target, LOGS);
    // a column of another type in the report than in the table is cast when published
    await begun.stagePart(0, 'a', partOf({ columns: [['bytes', 'text']], rows: [['12'], ['many']] }));
    await expect(begun.publish(publishRequest())).rejects.toMatchObject({ code: 'file.malformed' });
    await expect(begun.publish(publishRequest())).rejects.toThrow(/many/);
    await begun.stagePart(0, 'a', partOf({ columns: [['bytes', 'text']], rows: [['12']] }));
    await begun.publish(publishRequest());
    expect(await rowsOf(target)).toMatchObject([{ bytes: '12' }]);
  });

  it('says what Postgres said when it ended the session in the middle of a COPY', async () => {
    const begun = await warehouse.loader.begin(unit(LOGS), LOGS);
    const part = tuplesOf([['/a', 1]]);
    const copying = `FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY %'`;
    const staged = begun.stagePart(1, 'a', {
      ...part,
      copy: async function* (layout) {
        yield* part.copy?.(layout) ?? [];
        await database.query(`SELECT pg_terminate_backend(pid) ${copying}`);
        await expect.poll(() => database.query(`SELECT pid ${copying}`)).toEqual([]);
        yield* part.copy?.(layout) ?? [];
      },
    });
    await expect(staged).rejects.toMatchObject({
      code: 'warehouse.unavailable',
      message: expect.stringContaining('terminating connection'),
    });
    await begun.abandon();
  });
});
